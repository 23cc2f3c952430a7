"""How time and memory grow with the picture: from a photograph of half a megapixel to a hundred and more."""
import os
import tempfile

import numpy as np
from PIL import Image

from . import pictures, process, store
from .progress import Progress

MEGAPIXELS = [0.4, 1.6, 6, 12, 25, 50, 100, 200, 400, 600]
QUALITY = 50
FEW_RUNS_FROM = 20     # megapixels
CELL = 16              # pixels of a side that one latent stands for


def build(paths, megapixels, path):
    """Writes a PPM of about that many megapixels, 3:2, as a mosaic of the pictures, band by band. Returns (width, height), multiples of CELL: what
    padding costs a picture of other sides is not what is asked here."""
    width = CELL * round((megapixels * 1e6 * 1.5) ** 0.5 / CELL)
    height = CELL * round(megapixels * 1e6 / width / CELL)
    tile = (768, 512)
    with open(path, 'wb') as file:
        file.write(b'P6\n%d %d\n255\n' % (width, height))
        for row in range(-(-height // tile[1])):
            band = []
            for column in range(-(-width // tile[0])):
                with Image.open(paths[(row * 7 + column) % len(paths)]) as picture:
                    band.append(np.asarray(picture.convert('RGB').resize(tile) if picture.size != tile else picture.convert('RGB')))
            whole = np.concatenate(band, axis=1)[:height - row * tile[1], :width]
            file.write(np.ascontiguousarray(whole).tobytes())
    return width, height


def run(folder, paths, codecs, largest=100, repeat=5, thread_counts=(1, 2)):
    """Fills FOLDER/scale.csv and returns it as text. Large pictures are run fewer times."""
    table = store.Table(os.path.join(folder, 'scale.csv'), store.SCALE_COLUMNS, ['codec', 'megapixels', 'threads', 'repeat'])
    sizes = [m for m in MEGAPIXELS if m <= largest]
    counts = {m: repeat if m < FEW_RUNS_FROM else max(1, repeat // 2) for m in sizes}
    progress = Progress(sum(counts.values()) * len(codecs) * len(thread_counts))
    for megapixels in sizes:
        keys = [(c, t, n) for n in range(1, counts[megapixels] + 1) for c in codecs for t in thread_counts]
        missing = [k for k in keys if not table.has(k[0].name, '%g' % megapixels, k[1], k[2])]
        progress.step('%g megapixels' % megapixels, len(keys) - len(missing))
        if not missing:
            continue
        with tempfile.TemporaryDirectory(prefix='ainnbench-') as work:
            source, coded, decoded = (os.path.join(work, name) for name in ('source.ppm', 'coded.ainn', 'decoded.ppm'))
            width, height = build(paths, megapixels, source)
            for codec, threads, number in missing:
                values = dict(ppm=source, png=source, file=coded, out=decoded, q=QUALITY, threads=threads)
                encoder = process.run_with_memory(codec.command(codec.encode, **values), env=codec.env)
                decoder = process.run_with_memory(codec.command(codec.decode, **values), env=codec.env)
                table.add({'codec': codec.name, 'setting': QUALITY, 'megapixels': '%g' % megapixels, 'width': width, 'height': height,
                           'threads': threads, 'repeat': number, 'bytes': os.path.getsize(coded), 'enc_s': encoder[0], 'dec_s': decoder[0],
                           'enc_cpu_s': encoder[1], 'dec_cpu_s': decoder[1], 'enc_peak_kb': encoder[2], 'dec_peak_kb': decoder[2]})
                progress.step('%g megapixels, %s, %d threads' % (megapixels, codec.name, threads))
    progress.end()
    return text(table.rows)


def summary(rows):
    """[{codec, megapixels, threads, pixels, medians of the times, largest peaks}] in order."""
    groups = {}
    for row in rows:
        groups.setdefault((row['codec'], float(row['megapixels']), int(row['threads'])), []).append(row)
    result = []
    for (codec, megapixels, threads), own in sorted(groups.items()):
        entry = {'codec': codec, 'megapixels': megapixels, 'threads': threads, 'pixels': int(own[0]['width']) * int(own[0]['height'])}
        for column in ('enc_s', 'dec_s', 'enc_cpu_s', 'dec_cpu_s'):
            entry[column] = process.median([float(r[column]) for r in own])
        for column in ('enc_peak_kb', 'dec_peak_kb'):
            entry[column] = max(int(r[column]) for r in own)
        result.append(entry)
    return result


def text(rows):
    """Lines of text: milliseconds a megapixel, gain from threads, peak memory."""
    entries = summary(rows)
    single = {(e['codec'], e['megapixels']): e for e in entries if e['threads'] == 1}
    lines = ['%-14s %6s %3s %12s %12s %8s %8s %12s %12s' % ('codec', 'MP', 'j', 'enc ms/MP', 'dec ms/MP', 'enc x', 'dec x', 'enc MiB', 'dec MiB')]
    for e in entries:
        one = single.get((e['codec'], e['megapixels']), e)
        million = e['pixels'] / 1e6
        lines.append('%-14s %6g %3d %12.1f %12.1f %8.2f %8.2f %12.1f %12.1f' % (
            e['codec'], e['megapixels'], e['threads'], e['enc_s'] * 1000 / million, e['dec_s'] * 1000 / million,
            one['enc_s'] / e['enc_s'], one['dec_s'] / e['dec_s'], e['enc_peak_kb'] / 1024, e['dec_peak_kb'] / 1024))
    return '\n'.join(lines)
