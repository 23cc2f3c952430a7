"""Makes the conformance vectors of this folder anew, which is needed only when the format or the models change.

  python3 tests/vectors/make.py --tools FOLDER_WITH_AINNENC --pictures training-pictures.tar [NAME ...]

Inputs are crops of training pictures. SHA256SUMS holds the sums of what `ainndec NAME.ainn -o NAME.ppm` (or .pgm, .pam)
writes; of a sequence, of each frame as NAME-0.ppm, NAME-1.ppm, ... Needs NumPy and Pillow.
"""
import argparse
import hashlib
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', '..', 'training'))
from data import decode, files  # noqa: E402

# name: (model, width, height, channels, depth, frames, options)
VECTORS = {
    'fast-1x1': ('fast', 1, 1, 3, 8, 1, '-q 50'),
    'fast-17x33-q0': ('fast', 17, 33, 3, 8, 1, '-q 0'),
    'fast-17x33-q100': ('fast', 17, 33, 3, 8, 1, '-q 100'),
    'fast-64x64-q50': ('fast', 64, 64, 3, 8, 1, '-q 50'),
    'fast-200x120-q50': ('fast', 200, 120, 3, 8, 1, '-q 50'),
    'fast-64x64-q98.77': ('fast', 64, 64, 3, 8, 1, '-q 98.77'),
    'fast-300x260-two-states': ('fast', 300, 260, 3, 8, 1, '-q 10'),
    'fast-1050x20-two-groups': ('fast', 1050, 20, 3, 8, 1, '-q 10'),
    'fast-noise-q100': ('fast', 48, 48, 3, 8, 1, '-q 100 --effort 1'),
    'fast-grey': ('fast', 64, 40, 1, 8, 1, '-q 60'),
    'fast-grey-16-bits': ('fast', 33, 17, 1, 16, 1, '-q 90'),
    'fast-10-bits': ('fast', 50, 30, 3, 10, 1, '-q 80'),
    'fast-16-bits': ('fast', 50, 30, 3, 16, 1, '-q 100'),
    'fast-alpha': ('fast', 48, 32, 4, 8, 1, '-q 50'),
    'fast-alpha-lossy-16-bits': ('fast', 20, 24, 4, 16, 1, '-q 50 --alpha-quality 30'),
    'fast-grey-alpha': ('fast', 31, 29, 2, 8, 1, '-q 50'),
    'fast-orientation': ('fast', 40, 24, 3, 8, 1, '-q 50 --orientation 6'),
    'fast-sequence': ('fast', 48, 48, 3, 8, 3, '-q 40 --fps 25'),
    'standard-17x33-q100': ('standard', 17, 33, 3, 8, 1, '-q 100'),
    'standard-64x64-q50': ('standard', 64, 64, 3, 8, 1, '-q 50'),
    'standard-200x120-q0': ('standard', 200, 120, 3, 8, 1, '-q 0'),
    'fast-detail': ('fast', 88, 70, 3, 8, 1, '-q 85'),
    'fast-detail-q20': ('fast', 88, 70, 3, 8, 1, '-q 20 --effort 9'),
    'fast-detail-grey': ('fast', 70, 40, 1, 8, 1, '-q 70'),
    'fast-detail-alpha-16-bits': ('fast', 50, 35, 4, 16, 1, '-q 100'),
    'fast-detail-two-groups': ('fast', 1060, 20, 3, 10, 1, '-q 60'),
    'standard-detail': ('standard', 64, 64, 3, 8, 1, '-q 60'),
    'fast-msssim-200x120-q50': ('fast-msssim', 200, 120, 3, 8, 1, '-q 50'),
    'standard-msssim-64x64-q50': ('standard-msssim', 64, 64, 3, 8, 1, '-q 50'),
}


def write_pnm(path, samples, depth):
    h, w, c = samples.shape
    top = (1 << depth) - 1
    header = f'P{5 if c == 1 else 6}\n{w} {h}\n{top}\n'
    if c in (2, 4):
        header = f'P7\nWIDTH {w}\nHEIGHT {h}\nDEPTH {c}\nMAXVAL {top}\nTUPLTYPE {"GRAYSCALE_ALPHA" if c == 2 else "RGB_ALPHA"}\nENDHDR\n'
    with open(path, 'wb') as f:
        f.write(header.encode() + samples.astype('u1' if depth == 8 else '>u2').tobytes())


def draw(samples, top):
    """Strokes of a few colours over the left half, noise over a quarter: what a detail layer is for."""
    height, width, channels = samples.shape
    y, x = np.mgrid[:height, :width // 2]
    ink = (((x * 7 // 3) ^ (y * 5 // 2)) % 9 < 3) & (y // 7 % 2 == 1)
    paper = np.array([.97, .94, .8, 1])[:channels] * top
    samples[:, :width // 2] = np.where(ink[..., None], np.array([.1, .2, .6, 1])[:channels] * top, paper)
    samples[:height // 2, width // 2:width * 3 // 4] = np.random.default_rng(2).integers(0, top + 1, (height // 2, width * 3 // 4 - width // 2, channels))
    return samples


def samples_of(picture, width, height, channels, depth, shift):
    """The crop with the strongest edges, finer than 8 bits where asked for, with a soft round alpha. No picture: noise."""
    top = (1 << depth) - 1
    if picture is None:
        return np.random.default_rng(1).integers(0, 2, (height, width, channels)) * top
    edges = np.abs(np.diff(picture[:, :, 1].astype(int), axis=1))
    places = [(y, x) for y in range(0, picture.shape[0] - height, 20) for x in range(0, max(1, picture.shape[1] - width - 12), 20)]
    y, x = max(places, key=lambda at: edges[at[0]:at[0] + height, at[1]:at[1] + width].mean())
    x += 5 * shift
    crop = picture[y:y + height, x:x + width].astype(np.float64) / 255
    if crop.shape[1] < width:
        crop = np.tile(crop, (1, 3, 1))[:, :width]
    crop = crop[:, :, 1:2] if channels < 3 else crop
    if channels in (2, 4):
        v, u = np.mgrid[:height, :width]
        r = np.hypot((v + .5) / height - .5, (u + .5) / width - .5)
        crop = np.concatenate([crop, np.clip(1.5 - 3 * r, 0, 1)[:, :, None]], 2)
    if depth > 8:
        crop = (crop + np.roll(crop, 1, 1)) / 2
    return np.rint(crop * top).astype(np.int64)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--tools', required=True)
    p.add_argument('--pictures', required=True)
    p.add_argument('--models', default=os.path.join(HERE, '..', '..', 'models'))
    p.add_argument('names', nargs='*', help='only these; the others and their sums stay')
    a = p.parse_args()
    pictures = [x for x, _ in zip(map(decode, files([a.pictures])), range(40)) if min(x.shape[:2]) > 330]
    with open(os.path.join(HERE, 'SHA256SUMS')) as f:
        old = f.readlines() if a.names else []
    sums = []
    for i, (name, (model, w, h, channels, depth, count, options)) in enumerate(VECTORS.items()):
        if a.names and name not in a.names:
            continue
        out = os.path.join(HERE, name + '.ainn')
        with tempfile.TemporaryDirectory() as work:
            inputs = []
            for frame in range(count):
                inputs.append(os.path.join(work, f'in{frame}.pam'))
                samples = samples_of(None if 'noise' in name else pictures[i % len(pictures)], w, h, channels, depth, frame)
                write_pnm(inputs[-1], draw(samples, (1 << depth) - 1) if 'detail' in name else samples, depth)
            model_file = os.path.join(a.models, model + '.ainnmodel')
            subprocess.run([os.path.join(a.tools, 'ainnenc'), *inputs, '-o', out, '-m', model_file, '--quiet', *options.split()], check=True)
            ending = 'pam' if channels in (2, 4) else 'pgm' if channels == 1 else 'ppm'
            for frame in range(count):
                decoded = f'{name}-{frame}.{ending}' if count > 1 else f'{name}.{ending}'
                path = os.path.join(work, decoded)
                choice = ['--frame', str(frame)] if count > 1 else []
                subprocess.run([os.path.join(a.tools, 'ainndec'), out, '-o', path, '-m', model_file, '--quiet', *choice], check=True)
                with open(path, 'rb') as f:
                    sums.append(f'{hashlib.sha256(f.read()).hexdigest()}  {decoded}\n')
        print(name, os.path.getsize(out), 'bytes')
    with open(os.path.join(HERE, 'SHA256SUMS'), 'w') as f:
        made = {line.split()[1] for line in sums}
        f.writelines([line for line in old if line.split()[1] not in made] + sums)


if __name__ == '__main__':
    main()
