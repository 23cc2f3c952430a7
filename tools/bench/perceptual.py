"""Butteraugli and SSIMULACRA beside PSNR and MS-SSIM, by the programs of libjxl: how models compare by measures that they were not trained for."""
import os
import re
import shutil
import tempfile

from . import measure, pictures, process, store, tables
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
    work = measure.missing(paths, codecs, table)
    progress = Progress(sum(len(lacking) for _, lacking in work))
    failed = set()
    for path, lacking in work:
        with tempfile.TemporaryDirectory(prefix='ainnbench-') as folder:
            source = pictures.prepare(path, folder)
            for codec, setting in lacking:
                progress.step('%s %s %s' % (source.name, codec.name, store.setting_text(setting)))
                done = None if codec.name in failed else measure.round_trip(codec, source, setting, folder, threads, failed, say)
                if not done:
                    continue
                coded, decoded = done[:2]
                row = {'codec': codec.name, 'setting': store.setting_text(setting), 'picture': source.name, 'bpp': os.path.getsize(coded) * 8 / source.count}
                table.add({**row, **{m: distance(m, source.png, decoded) if m in measures else None for m in MEASURES}})
    progress.end()


def curves(rows, name, order=()):
    """What tables.collect() makes of the rows that have this measure."""
    return tables.collect([r for r in rows if r[name]], order=order)


def bd_rates(rows, span, order=()):
    """{measure: {(anchor, test): result of bd_rate()}}"""
    return {name: tables.bd_pairs(curves(rows, name, order), span, name) for name in MEASURES}


def text(rows, span):
    """The BD-rates of libainn's models as text."""
    parts = []
    for name, (title, _, _) in MEASURES.items():
        every = curves(rows, name)
        parts.append(tables.bd_text(every, span, name, title, [c for c in every if c.name.startswith('ainn-')]))
    return '\n'.join(parts)
