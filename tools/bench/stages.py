"""How encoding and decoding divide into stages, as the tools themselves report with --stats."""
import os
import re
import tempfile

from PIL import Image

from . import pictures, process, store

COLUMNS = ['codec', 'quality', 'picture', 'side', 'stage', 'seconds']
START = '16x16, whole process'
STAGES = ['conversion', 'analysis', 'entropy net', 'coding', 'synthesis']


def parse(output):
    """{stage: seconds} from what --stats prints; 'time' is the whole."""
    found = {}
    for line in output.splitlines():
        match = re.match(r'\s*(time|%s)\s+([0-9.]+) s\b' % '|'.join(STAGES), line)
        if match and match.group(1) not in found:
            found[match.group(1)] = float(match.group(2))
    return found


def measure(picture, codecs, quality, repeat):
    """Rows of COLUMNS: the mean of `repeat` runs on one thread, codecs taking turns."""
    sums, starts = {}, {}
    with tempfile.TemporaryDirectory(prefix='ainnbench-') as folder:
        source = pictures.prepare(picture, folder)
        coded, decoded = os.path.join(folder, 'coded.ainn'), os.path.join(folder, 'decoded.ppm')
        for _ in range(repeat):
            for codec in codecs:
                values = dict(ppm=source.ppm, png=source.png, file=coded, out=decoded, q=quality, threads=1)
                for side, template in (('encode', codec.encode), ('decode', codec.decode)):
                    output = process.run(codec.command(template, **values) + ['--stats'], env=codec.env).output
                    taken = parse(output)
                    if 'time' not in taken:
                        raise process.ProgramError('%s --stats printed no times:\n%s' % (template[0], output))
                    for stage, seconds in taken.items():
                        key = (codec.name, side, stage)
                        sums[key] = sums.get(key, 0.0) + seconds / repeat
        tiny = os.path.join(folder, 'tiny.ppm')
        Image.fromarray(source.pixels[:16, :16]).save(tiny)
        for _ in range(4 * repeat):
            for codec in codecs:
                values = dict(ppm=tiny, png=tiny, file=coded, out=decoded, q=quality, threads=1)
                for side, template in (('encode', codec.encode), ('decode', codec.decode)):
                    starts.setdefault((codec.name, side, START), []).append(process.run(codec.command(template, **values), env=codec.env).wall)
    sums.update({key: process.median(walls) for key, walls in starts.items()})
    return [{'codec': c, 'quality': store.setting_text(quality), 'picture': source.name, 'side': side, 'stage': stage, 'seconds': '%.5f' % seconds}
            for (c, side, stage), seconds in sums.items()]


def table(rows):
    """Lines of text: milliseconds and share of each stage."""
    lines = ['%-16s %-7s %10s' % ('codec', 'side', 'ms') + ''.join('%20s' % s for s in STAGES) + '%28s' % START]
    for codec in dict.fromkeys(r['codec'] for r in rows):
        for side in ('encode', 'decode'):
            own = {r['stage']: float(r['seconds']) for r in rows if r['codec'] == codec and r['side'] == side}
            whole = max(own.get('time', 0), 1e-9)
            lines.append('%-16s %-7s %10.1f' % (codec, side, whole * 1000)
                         + ''.join('%13.1f (%3.0f%%)' % (own.get(s, 0) * 1000, 100 * own.get(s, 0) / whole) for s in STAGES)
                         + '%25.1f ms' % (own.get(START, 0) * 1000))
    return '\n'.join(lines)


def text(picture, codecs, folder=None, repeat=5, quality=50):
    """Measures, keeps the rows in FOLDER/stages.csv where a folder is given, and returns the table."""
    rows = measure(picture, codecs, quality, repeat)
    if folder:
        os.makedirs(folder, exist_ok=True)
        store.write(os.path.join(folder, 'stages.csv'), COLUMNS, rows)
    return table(rows)
