"""What one core can do at most, measured by ainnpeak."""
import csv
import io
import os

from . import codecs as codec_list
from . import process, store

COLUMNS = ['what', 'rate', 'unit']


def measure(tools=None, repeat=3):
    """[{what, rate, unit}]: the best of a few runs, since other programs only ever slow it down."""
    path, env = codec_list.find_tool('ainnpeak', tools)
    if not path:
        raise SystemExit('ainnbench: ainnpeak was not found (make ainnpeak, or give --tools DIR)')
    best = {}
    for _ in range(repeat):
        for row in csv.DictReader(io.StringIO(process.run([path], env=env).output)):
            if row['what'] not in best or float(row['rate']) > float(best[row['what']]['rate']):
                best[row['what']] = row
    return list(best.values())


def table(rows):
    return '\n'.join('%-14s %8.1f %s' % (r['what'], float(r['rate']), r['unit']) for r in rows)


def int16_peak(rows):
    """(G multiply-accumulates a second, name) of the best instruction set; None if none was measured."""
    return max(((float(r['rate']), r['what']) for r in rows if 'multiply' in r['unit']), default=None)


def text(tools=None, folder=None):
    """Measures, keeps FOLDER/peak.csv where a folder is given, and returns the table."""
    rows = measure(tools)
    if folder:
        os.makedirs(folder, exist_ok=True)
        store.write(os.path.join(folder, 'peak.csv'), COLUMNS, rows)
    return table(rows)
