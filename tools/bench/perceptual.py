"""Butteraugli and SSIMULACRA beside PSNR and MS-SSIM, by the programs of libjxl: how models compare by measures that they were not trained for."""
import math
import os
import re
import shutil
import tempfile

from . import bdrate, pictures, process, store
from .progress import Progress

COLUMNS = ['codec', 'setting', 'picture', 'bpp', 'butteraugli', 'ssimulacra']
PACKAGE = 'libjxl-devtools'
# Title, program, and where its output has the distance.
MEASURES = {
    'butteraugli': ('Butteraugli, 3-norm', 'butteraugli_main', re.compile(r'3-norm: ([0-9]+\.[0-9]+)')),
    'ssimulacra': ('SSIMULACRA', 'ssimulacra_main', re.compile(r'([0-9]+\.[0-9]{8})'))}


def available():
    """Names of the measures whose program is there."""
    return [name for name, (_, program, _) in MEASURES.items() if shutil.which(program)]


def distance(name, original, decoded):
    """How far apart two picture files are."""
    _, program, pattern = MEASURES[name]
    output = process.run([program, original, decoded]).output
    found = pattern.search(output)
    if not found:
        raise process.ProgramError('%s: no distance in its output\n%s' % (program, output.strip()[-500:]))
    return float(found.group(1))


def run(paths, codecs, table, threads=1, say=print):
    """Fills `table` with a row for each codec, setting and picture."""
    measures = available()
    if not measures:
        raise SystemExit('ainnbench: --perceptual needs butteraugli_main or ssimulacra_main (Debian: %s)' % PACKAGE)
    every = [(p, [(c, s) for c in codecs for s in c.settings if not table.has(c.name, store.setting_text(s), pictures.name_of(p))]) for p in paths]
    progress = Progress(sum(len(missing) for _, missing in every))
    failed = set()
    for path, missing in every:
        with tempfile.TemporaryDirectory(prefix='ainnbench-') as folder:
            source = pictures.prepare(path, folder)
            for codec, setting in missing:
                progress.step('%s %s %s' % (source.name, codec.name, store.setting_text(setting)))
                if codec.name in failed:
                    continue
                try:
                    coded, decoded, _, _ = codec.round_trip(source, setting, folder, threads)
                except process.ProgramError as error:
                    failed.add(codec.name)
                    say('%s is left out from here on: %s' % (codec.name, error))
                    continue
                row = {'codec': codec.name, 'setting': store.setting_text(setting), 'picture': source.name, 'bpp': os.path.getsize(coded) * 8 / source.count}
                table.add({**row, **{m: distance(m, source.png, decoded) if m in measures else None for m in MEASURES}})
    progress.end()


def _curves(rows, measure):
    """{codec: Curve} of means over the pictures that all codecs have; distances in dB, so that more is better."""
    rows = [r for r in rows if r[measure]]
    names = list(dict.fromkeys(r['codec'] for r in rows))
    common = set.intersection(*({r['picture'] for r in rows if r['codec'] == n} for n in names)) if names else set()
    curves = {}
    for name in names:
        settings = {}
        for r in rows:
            if r['codec'] == name and r['picture'] in common:
                settings.setdefault(r['setting'], []).append(r)
        points = []
        for own in settings.values():
            if len(own) == len(common):
                mean = sum(float(r[measure]) for r in own) / len(own)
                points.append((sum(float(r['bpp']) for r in own) / len(own), -10 * math.log10(max(mean, 1e-9))))
        curves[name] = bdrate.Curve(points)
    return curves


def bd_rates(rows, span):
    """{measure: {(anchor, test): result of bd_rate()}} for every libainn model against every other codec."""
    result = {}
    for measure in MEASURES:
        curves = _curves(rows, measure)
        result[measure] = {(a, t): bdrate.bd_rate(curves[a], curves[t], rates=tuple(span))
                           for t in curves if t.startswith('ainn-') for a in curves if a != t}
    return result


def text(rows, span):
    """The BD-rates as text."""
    lines = []
    for measure, pairs in bd_rates(rows, span).items():
        tests, anchors = (list(dict.fromkeys(key[i] for key in pairs)) for i in (1, 0))
        lines += ['BD-rate in percent by %s (negative: the row needs fewer bits than the column)' % MEASURES[measure][0],
                  ' ' * 22 + ''.join('%12s' % a[:11] for a in anchors)]
        for t in tests:
            cells = [pairs.get((a, t)) for a in anchors]
            lines.append(t.ljust(22) + ''.join('%12s' % ('' if c is None else '%+.1f' % c[0]) for c in cells))
    return '\n'.join(lines)
