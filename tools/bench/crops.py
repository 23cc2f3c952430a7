"""A sheet of crops: what each codec makes of one picture at the same number of bytes."""
import math
import os
import tempfile

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import metrics, pictures, process, tables

CLOSE_ENOUGH = 0.01      # relative difference in bytes at which the search ends
LARGEST_MISS = 0.12      # codecs that come no nearer are shown with their true size in red
ZOOM = 2
PART = 192               # pixels along a side of the part that is shown
MARGIN = 8
CAPTION = 38


def search(codec, source, target, folder, threads=1):
    """The setting whose file is nearest to `target` bytes: bisection, as more quality never makes a smaller file but by a
    few bytes. Returns (setting, bytes, decoded pixels)."""
    low, high, step = codec.search
    best = None

    def attempt(setting):
        nonlocal best
        coded, decoded, _, _ = codec.round_trip(source, setting, folder, threads)
        size = os.path.getsize(coded)
        if best is None or abs(size - target) < abs(best[1] - target):
            best = (setting, size, metrics.load(decoded))
        return size

    for _ in range(24):
        # Ratios and distances span orders of magnitude: half way in the logarithm.
        middle = math.sqrt(low * high) if codec.name in ('jpeg2000', 'jxl') else (low + high) / 2
        middle = round(middle / step) * step if step else round(middle, 4)
        size = attempt(middle)
        if abs(size - target) <= CLOSE_ENOUGH * target:
            break
        if size < target:
            finished, low = middle == low, middle
        else:
            finished, high = middle == high, middle
        if finished or abs(high - low) <= max(step, 0.002 * abs(high)):
            break
    if step:
        for end in (low, high):
            attempt(end)
    return best


def busiest(pixels, width, height):
    """Corner of the part with the most going on: the strongest gradients, a multiple of 16 so that block edges show."""
    grey = pixels.mean(axis=2)
    strength = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    sums = np.pad(np.sqrt(strength).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    best, corner = -1.0, (0, 0)
    for y in range(0, max(sums.shape[0] - height, 1), 16):
        for x in range(0, max(sums.shape[1] - width, 1), 16):
            bottom, right = min(y + height, sums.shape[0] - 1), min(x + width, sums.shape[1] - 1)
            total = sums[bottom, right] - sums[y, right] - sums[bottom, x] + sums[y, x]
            if total > best:
                best, corner = total, (x, y)
    return corner


def _font(size, bold=False):
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(os.path.join(matplotlib.get_data_path(), 'fonts', 'ttf', name), size)


def draw(tiles, crop, path):
    """tiles: (title, caption, miss, pixels). Writes the sheet: crops enlarged without smoothing, captions below."""
    x, y, width, height = crop
    columns = min((4, 3, 5), key=lambda n: -len(tiles) % n)    # the fewest empty places
    rows = -(-len(tiles) // columns)
    cell = (width * ZOOM + MARGIN, height * ZOOM + CAPTION + MARGIN)
    sheet = Image.new('RGB', (columns * cell[0] + MARGIN, rows * cell[1] + MARGIN), 'white')
    pen = ImageDraw.Draw(sheet)
    for index, (title, caption, miss, pixels) in enumerate(tiles):
        left, top = MARGIN + index % columns * cell[0], MARGIN + index // columns * cell[1]
        part = Image.fromarray(np.ascontiguousarray(pixels[y:y + height, x:x + width]))
        sheet.paste(part.resize((part.width * ZOOM, part.height * ZOOM), Image.NEAREST), (left, top))
        pen.text((left, top + height * ZOOM + 3), title, fill='#c1121f' if title.startswith('libainn') else 'black', font=_font(14, True))
        pen.text((left, top + height * ZOOM + 21), caption, fill='#c00000' if miss else '#444444', font=_font(12))
    sheet.save(path + '.part', format='PNG', optimize=True)
    os.replace(path + '.part', path)


def _path(folder, name, bpp):
    return os.path.join(folder, 'crops-%s-%g.png' % (name, bpp))


def exists(folder, picture, bpp):
    """Whether make() has made this sheet before."""
    return os.path.exists(_path(folder, pictures.name_of(picture), bpp))


def make(folder, picture, codecs, bpp, crop=None, threads=1, say=print):
    """Writes crops-NAME-BPP.png into `folder` for one picture. Returns a line for each codec."""
    lines = []
    with tempfile.TemporaryDirectory(prefix='ainnbench-') as work:
        source = pictures.prepare(picture, work)
        target = bpp * source.count / 8
        height, width = source.pixels.shape[:2]
        if crop is None:
            size = (min(PART, width), min(PART, height))
            crop = busiest(source.pixels, *size) + size
        tiles = [('Original', '%d x %d, part of %s' % (width, height, source.name), False, source.pixels)]
        for codec in codecs:
            try:
                setting, size, decoded = search(codec, source, target, work, threads)
            except process.ProgramError as error:
                say('%s is left out: %s' % (codec.name, error))
                continue
            quality = metrics.psnr(source.pixels, decoded)
            miss = abs(size - target) > LARGEST_MISS * target
            tiles.append((tables.title_of(codec.name), '%d bytes, %.3f bpp, %.2f dB' % (size, size * 8 / source.count, quality), miss, decoded))
            lines.append('%-14s setting %-10g %7d bytes (%+.1f %%)  %.2f dB  MS-SSIM %s'
                         % (codec.name, setting, size, (size / target - 1) * 100, quality, _similarity(source.pixels, decoded)))
        path = _path(folder, source.name, bpp)
        draw(tiles, [int(v) for v in crop], path)
    return lines + ['wrote ' + path]


def _similarity(a, b):
    value = metrics.msssim(a, b)
    return '-' if value is None else '%.4f' % value
