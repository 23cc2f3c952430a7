"""Pictures unlike photographs through ainnenc and ainndec, beside JPEG 4:4:4 of the same size.

  python3 unlike.py --tools BUILD/tools [--model fast] [--qualities 50 90]

Prints bytes and mean squared errors: nothing should come out worse than JPEG.
"""
import argparse
import io
import os
import random
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageFile

import synthetic

ImageFile.MAXBLOCK = 1 << 22      # or noise does not fit Pillow's buffer
SIZE = 256
SEED = 1001            # not one that training uses


def chequers(cell):
    y, x = np.mgrid[:SIZE, :SIZE]
    return np.repeat(((x // cell + y // cell) % 2 * 255)[..., None], 3, 2).astype(np.uint8)


def quilt():
    return np.array(synthetic.PRIMARIES, np.uint8).reshape(2, 4, 3).repeat(SIZE // 2, 0).repeat(SIZE // 4, 1)


def text():
    rng = random.Random(SEED)
    image = Image.new('RGB', (SIZE, SIZE), (255, 255, 255))
    synthetic.write(synthetic.ImageDraw.Draw(image), rng, (4, 4, SIZE, SIZE), (0, 0, 0))
    return np.asarray(image)


def pictures():
    noise = np.random.RandomState(SEED)
    found = {'flat colours': quilt(), 'black text': text(), 'chequers 8': chequers(8), 'chequers 2': chequers(2), 'chequers 1': chequers(1),
             'grey noise': noise.randint(0, 256, (SIZE, SIZE, 1)).repeat(3, 2).astype(np.uint8),
             'colour noise': noise.randint(0, 256, (SIZE, SIZE, 3)).astype(np.uint8),
             'soft noise': (128 + 20 * noise.randn(SIZE, SIZE, 1)).clip(0, 255).repeat(3, 2).astype(np.uint8)}
    for maker, _ in synthetic.KINDS:
        for i in range(2):
            found[f'{maker.__name__} {i}'] = np.asarray(maker(random.Random(SEED + i)))[:SIZE, :SIZE]
    return found


def jpeg(picture, size):
    """The best JPEG of at most that size, or the smallest there is: (bytes, decoded)."""
    low, high, best = 1, 100, None
    while low <= high:
        middle = (low + high) // 2
        file = io.BytesIO()
        Image.fromarray(picture).save(file, 'JPEG', quality=middle, subsampling=0, optimize=True)
        if len(file.getvalue()) <= size:
            best, low = file, middle + 1
        else:
            high = middle - 1
            best = best or (file if middle == 1 else None)
    return len(best.getvalue()), np.asarray(Image.open(best).convert('RGB'))


def error(a, b):
    return float(((a.astype(float) - b) ** 2).mean())


if __name__ == '__main__':
    p = argparse.ArgumentParser()
    p.add_argument('--tools', required=True, help='folder of ainnenc and ainndec')
    p.add_argument('--model', default='fast')
    p.add_argument('--qualities', type=float, nargs='+', default=[50, 90])
    a = p.parse_args()
    print(f'{"picture":14}' + ''.join(f'  q{q:<4g}{"bytes":>6} {"error":>8} {"JPEG":>8}' for q in a.qualities))
    worse = larger = 0
    with tempfile.TemporaryDirectory() as work:
        source, coded, decoded = (os.path.join(work, name) for name in ('a.png', 'a.ainn', 'b.png'))
        for name, picture in pictures().items():
            Image.fromarray(picture).save(source)
            line = f'{name:14}'
            for quality in a.qualities:
                subprocess.run([os.path.join(a.tools, 'ainnenc'), source, '-o', coded, '-q', str(quality), '-m', a.model, '--quiet'], check=True)
                subprocess.run([os.path.join(a.tools, 'ainndec'), coded, '-o', decoded, '--quiet'], check=True)
                size, mine = os.path.getsize(coded), error(picture, np.asarray(Image.open(decoded).convert('RGB')))
                least, other = jpeg(picture, size)
                if mine > error(picture, other):
                    worse, larger = worse + (least <= size), larger + (least > size)
                line += f'       {size:6} {mine:8.2f} {error(picture, other):8.2f}'
            print(line, flush=True)
    print(f'{worse} worse than JPEG, {larger} worse than the smallest JPEG, which is larger')
