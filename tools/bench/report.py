"""Writes BENCHMARKS.md and the files that it shows, from the results of earlier runs."""
import os
import shutil

from . import callgrind, machine, measure, peak, perceptual, plots, scale, stages, store, tables

NOT_MEASURED = '–'


def _table(header, rows, left=1):
    """A Markdown table; the first `left` columns are aligned to the left."""
    lines = ['| ' + ' | '.join(header) + ' |', '|' + '|'.join('---' if i < left else '---:' for i in range(len(header))) + '|']
    return lines + ['| ' + ' | '.join(str(c) for c in row) + ' |' for row in rows]


def _percent(result):
    return NOT_MEASURED if result is None else '%+.1f' % result[0]


def _brief_section(folder, curves, span):
    """The main numbers in words."""
    peers = [c for c in curves if c.measured and not c.name.startswith('ainn-')]
    pairs, similar = tables.bd_pairs(curves, span), tables.bd_pairs(curves, tables.rates(span), 'msssim')
    timing = measure.timing_medians(store.read(os.path.join(folder, 'timing.csv')))
    lines = []
    for codec in curves:
        if not (codec.measured and codec.name.startswith('ainn-')):
            continue
        metric, rates = ('MS-SSIM', similar) if codec.name.endswith('-msssim') else ('PSNR', pairs)
        against = [(tables.title_of(p.name), rates.get((p.name, codec.name))) for p in peers]
        words = ', '.join('%s %s %%' % (title, _percent(result)) for title, result in against if result)
        line = '- **%s** at equal %s: bits against %s.' % (codec.title, metric, words) if words else '- **%s**.' % codec.title
        if codec.name in timing:
            line += ' A picture is encoded in %.0f ms and decoded in %.0f ms.' % (timing[codec.name]['enc_s'] * 1000, timing[codec.name]['dec_s'] * 1000)
        lines.append(line)
    return lines + [''] if lines else []


def _bd_section(curves, span):
    lines = ['## Bits for equal quality', '',
             'BD-rate in percent: how many more bits the codec of the row needs than the codec of the column at equal RGB PSNR (negative: fewer). '
             'Range: %s, as far as both curves reach. Rates are interpolated as logarithms over dB by PCHIP; curves are means over pictures of '
             'bits per pixel and of dB at each setting.' % tables.range_text(span), '']
    measured = [c for c in curves if c.measured]
    pairs = tables.bd_pairs(curves, span)
    lines += _table([''] + [c.title for c in measured], [[c.title] + [_percent(pairs.get((a.name, c.name))) if a is not c else ''
                                                                     for a in measured] for c in measured])
    ours = [c for c in measured if c.name.startswith('ainn-')]
    if not ours:
        return lines
    lines += ['', 'libainn against every codec, over the range above and over 28 to 36 dB, and in MS-SSIM (in dB, over the range above):', '']
    narrow = tables.bd_pairs(curves, [28, 36])
    similar = tables.bd_pairs(curves, tables.rates(span), 'msssim')
    header = ['against'] + [c.title + kind for c in ours for kind in (', PSNR', ', 28–36 dB', ', MS-SSIM')]
    rows = []
    for anchor in curves:
        cells = [_percent(which.get((anchor.name, c.name))) if anchor is not c else '' for c in ours for which in (pairs, narrow, similar)]
        rows.append([anchor.title] + cells)
    return lines + _table(header, rows)


def _pictures_section(rows, curves, span):
    """How much single pictures differ from the average."""
    ours = [c.name for c in curves if c.measured and c.name.startswith('ainn-')]
    peers = [c.name for c in curves if c.measured and not c.name.startswith('ainn-')]
    result = []
    for name in ours:
        mine = store.picture_curves(rows, name)
        for peer in peers:
            theirs = store.picture_curves(rows, peer)
            values = []
            for picture in sorted(set(mine) & set(theirs)):
                bd = tables.bdrate.bd_rate(theirs[picture], mine[picture], **tables.range_arguments(span))
                if bd:
                    values.append((bd[0], picture))
            if values:
                values.sort()
                result.append([tables.title_of(name), tables.title_of(peer), '%+.1f (%s)' % values[0],
                               '%+.1f' % measure.process.median([v[0] for v in values]), '%+.1f (%s)' % values[-1]])
    if not result:
        return []
    return ['', 'Picture by picture (BD-rate in percent over the same range):', ''] + _table(
        ['codec', 'against', 'best', 'median', 'worst'], result, left=2)


def _perceptual_section(folder, span, order=()):
    """BD-rates by measures that are neither PSNR nor MS-SSIM."""
    rows = store.read(os.path.join(folder, 'perceptual.csv'))
    if not rows:
        return []
    rates = perceptual.bd_rates(rows, tables.rates(span), order)
    names = list(dict.fromkeys(a for pairs in rates.values() for a, _ in pairs))
    ours = [n for n in names if n.startswith('ainn-')]
    anchors = [n for n in names if not n.startswith('ainn-')]
    measures = [m for m in perceptual.MEASURES if rates[m]]
    lines = ['## By other measures', '', 'No model of libainn was trained for Butteraugli (its 3-norm) or SSIMULACRA, both by the programs of libjxl, whose '
             'encoder is tuned by the former. BD-rate of libainn in percent as above, distances as logarithms, means over %d pictures.' % len({r['picture'] for r in rows}), '']
    return lines + _table(['against'] + ['%s, %s' % (tables.title_of(t), perceptual.MEASURES[m][0]) for t in ours for m in measures],
                          [[tables.title_of(a)] + [_percent(rates[m].get((a, t))) for t in ours for m in measures] for a in anchors]) + ['']


def _curve_section(curves, timed):
    rows = []
    for codec in curves:
        for m in codec.means if codec.measured else []:
            row = [codec.title, m['setting'], '%.0f' % m['bytes'], '%.3f' % m['bpp'], '%.2f' % m['psnr'],
                   '%.4f' % m['msssim'] if m['msssim'] is not None else NOT_MEASURED]
            rows.append(row + (['%.1f' % (m['enc_cpu_s'] * 1000), '%.1f' % (m['dec_cpu_s'] * 1000)] if timed else []))
    header = ['codec', 'setting', 'bytes', 'bpp', 'PSNR, dB', 'MS-SSIM'] + (['encode, CPU ms', 'decode, CPU ms'] if timed else [])
    return ['<details><summary>All settings</summary>', ''] + _table(header, rows) + ['', '</details>']


def _timing_section(folder, record):
    rows = store.read(os.path.join(folder, 'timing.csv'))
    if not rows:
        return []
    medians = measure.timing_medians(rows)
    any_entry = next(iter(medians.values()))
    load = record.get('timing', {}).get('load before')
    lines = ['## Time', '',
             'Whole processes, start-up and files included, uncompressed pixels in and out, threads: %s; milliseconds a picture, median of %d rounds, '
             'mean of %d pictures, all codecs taking turns in one run. Each codec at the setting whose PSNR is nearest to the same value.%s'
             % (record.get('timing', {}).get('threads', 1), min(m['repeat'] for m in medians.values()), any_entry['pictures'],
                ' Load of the machine before the run: %s.' % load if load is not None else ''), '']
    lines += _table(['codec', 'setting', 'encode', 'decode', 'encode, CPU', 'decode, CPU'],
                    [[tables.title_of(n), m['setting']] + ['%.1f' % (m[c] * 1000) for c in ('enc_s', 'dec_s', 'enc_cpu_s', 'dec_cpu_s')]
                     for n, m in medians.items()])
    ours = [n for n in medians if n.startswith('ainn-')]
    peers = [n for n in medians if not n.startswith('ainn-')]
    if ours and peers:
        lines += ['', 'Ratio of the times (libainn / peer; below 1: libainn is faster):', '']
        lines += _table(['against'] + [tables.title_of(o) + side for o in ours for side in (', encode', ', decode')],
                        [[tables.title_of(p)] + ['%.2f' % (medians[o][c] / medians[p][c]) for o in ours for c in ('enc_s', 'dec_s')] for p in peers])
    return lines + ['', '![Times](bench/time-bars.png)', '']


def _shares(folder, record):
    """Shares of the measured peak that whole runs reach, for each model whose multiply-accumulates are known."""
    top = peak.int16_peak(store.read(os.path.join(folder, 'peak.csv')))
    timing = measure.timing_medians(store.read(os.path.join(folder, 'timing.csv')))
    pixels = _pixels(folder)
    rows = []
    for name, entry in timing.items():
        macs = record.get('timing', {}).get('codecs', {}).get(name, {}).get('macs')
        if not (top and macs and pixels):
            continue
        encode, decode = macs['analysis'] + macs['entropy'], macs['synthesis'] + macs['entropy']
        rows.append([tables.title_of(name), '%.1f' % encode, '%.0f %%' % (100 * encode * 1e3 * pixels / (entry['enc_cpu_s'] * top[0] * 1e9)),
                     '%.1f' % decode, '%.0f %%' % (100 * decode * 1e3 * pixels / (entry['dec_cpu_s'] * top[0] * 1e9))])
    return rows


def _pixels(folder):
    """Mean number of pixels of the pictures, from bytes and rate."""
    rows = [r for r in store.read(os.path.join(folder, 'results.csv')) if float(r['bpp']) > 0]
    return sum(float(r['bytes']) * 8 / float(r['bpp']) for r in rows) / len(rows) if rows else None


def _inside_section(folder, record):
    lines = []
    rows = store.read(os.path.join(folder, 'peak.csv'))
    if rows:
        lines += ['## What the machine can do', '', 'One core, by `ainnbench --peak`: int16 multiply-accumulates with 32-bit sums from registers, and '
                  'reading.', ''] + _table(['', 'rate', 'unit'], [[r['what'], r['rate'], r['unit']] for r in rows])
        shares = _shares(folder, record)
        if shares:
            lines += ['', 'Share of the best of these rates (%s) that whole processes reach (processor time of the timing run, start-up and files included):'
                      % peak.int16_peak(rows)[1], '']
            lines += _table(['', 'encode, kMAC a pixel', 'share', 'decode, kMAC a pixel', 'share'], shares)
        lines += ['']
    rows = store.read(os.path.join(folder, 'stages.csv'))
    if rows:
        lines += ['## Stages', '', 'Milliseconds by `--stats` (one thread; %s at quality %s).' % (rows[0]['picture'], rows[0]['quality']), '',
                  '```', stages.table(rows), '```', '']
    rows = store.read(os.path.join(folder, 'callgrind.csv'))
    if rows:
        lines += ['Instructions a pixel under valgrind, which runs the AVX2 kernels (it has no AVX-512); the same on a busy machine as on a quiet one, '
                  'so that a later change can be judged (%s at quality %s).' % (rows[0]['picture'], rows[0]['quality']), '']
        for side in ('encode', 'decode'):
            names = list(dict.fromkeys(r['codec'] for r in rows))
            kept = {(r['codec'], r['name']): r['instructions_a_pixel'] for r in rows if r['side'] == side and r['kind'] == 'stage'}
            lines += _table([side] + [tables.title_of(n) for n in names],
                            [[stage] + [kept.get((n, stage), NOT_MEASURED) for n in names] for stage in dict.fromkeys(k[1] for k in kept)]) + ['']
        lines += ['<details><summary>Function by function</summary>', '', '```', callgrind.table(rows), '```', '', '</details>', '']
    rows = store.read(os.path.join(folder, 'scale.csv'))
    if rows:
        lines += ['## Size and threads', '', 'Mosaics of the pictures, quality %s, PPM in and out; milliseconds a megapixel, gain over one thread, and the '
                  'peak resident memory of the whole process (9 MiB is the least that is seen).' % rows[0]['setting'], '', '```', scale.text(rows), '```', '']
    return lines


def _how_section(record):
    lines = ['## How this was made', '']
    entry = record.get('results') or next(iter(record.values()), {})
    for key, value in entry.get('machine', {}).items():
        lines.append('- %s: %s' % (key, value))
    for part, one in record.items():
        processor = one.get('machine', {}).get('processor')
        elsewhere = '' if processor == entry.get('machine', {}).get('processor') else ' on %s' % processor
        lines.append('- %s: %s%s, load of the machine before it %s: %s' % (part, one.get('date', ''), elsewhere, one.get('load before', 'unknown'),
                                                                           ', '.join('`%s`' % c for c in one.get('commands', []))))
    lines += ['', '`make bench` repeats it. Source pictures are read and decoded pictures written uncompressed. Commands:', '', '```']
    for codec in entry.get('codecs', {}).values():
        lines.append('# %s%s' % (codec['title'], ': ' + codec['version'] if codec.get('version') else ''))
        lines += codec['commands']
    return lines + ['```', '']


def _notes(path):
    """What people wrote about the measurements."""
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return file.read().rstrip().split('\n') + ['']


def _sheets(folder):
    return sorted(f for f in os.listdir(folder) if f.startswith('crops-') and f.endswith('.png'))


def write(folder, docs, anchors=None, span=(0.15, 1.2)):
    """Makes DOCS/BENCHMARKS.md and DOCS/bench/ from the results in a folder. Returns the path of the former."""
    rows = store.read(os.path.join(folder, 'results.csv'))
    if not rows:
        raise SystemExit('ainnbench: %s has no results.csv' % folder)
    record = machine.read_record(folder)
    order = list(record.get('results', {}).get('codecs', {}))
    curves = tables.collect(rows, anchors, order)
    bench = os.path.join(docs, 'bench')
    os.makedirs(bench, exist_ok=True)
    tables.write_summary(bench, curves)
    tables.write_bd(bench, curves, span)
    plots.rate_distortion(bench, curves)
    results = record.get('results', {})
    named = set(results.get('codecs', {})) or {r['codec'] for r in rows}
    # Times are compared only where all codecs took turns in one run; one that the run's record does not name was measured elsewhere.
    timed = len(results.get('commands', [])) < 2 and {r['codec'] for r in rows} <= named
    if timed:
        plots.times(bench, curves)
    timing = measure.timing_medians(store.read(os.path.join(folder, 'timing.csv')))
    if timing:
        plots.timing_bars(bench, timing)
    for name in _sheets(folder) + [f for f in ('results.csv', 'timing.csv', 'perceptual.csv', 'stages.csv', 'callgrind.csv', 'peak.csv', 'scale.csv', 'run.json')
                                   if os.path.exists(os.path.join(folder, f))]:
        shutil.copyfile(os.path.join(folder, name), os.path.join(bench, name))
    pictures = len({r['picture'] for r in rows})
    lines = ['# Benchmarks', '', 'Written by `ainnbench --report`: every number comes from the tables in `bench/`. Pictures: %d. %s'
             % (pictures, 'Published curves are averages over the 24 Kodak pictures as others measured them; the comparison with them holds only for '
                'these pictures.' if anchors else ''), '']
    lines += _brief_section(folder, curves, span)
    lines += ['![Rate and distortion, PSNR](bench/rd-psnr.png)', '', '![Rate and distortion, MS-SSIM](bench/rd-msssim.png)', '']
    lines += _bd_section(curves, span) + _pictures_section(rows, curves, span) + [''] + _curve_section(curves, timed) + ['']
    lines += _perceptual_section(folder, span, order)
    sheets = _sheets(folder)
    if sheets:
        lines += ['## What it looks like', '', 'All codecs at the same number of bytes, enlarged twice.', '']
        for sheet in sheets:
            lines += ['![%s](bench/%s)' % (sheet[:-4], sheet), '']
    lines += _timing_section(folder, record)
    if timed:
        lines += ['![Time against rate](bench/time-rate.png)', '']
    lines += _inside_section(folder, record) + _notes(os.path.join(bench, 'speed.md')) + _how_section(record)
    path = os.path.join(docs, 'BENCHMARKS.md')
    with open(path + '.part', 'w') as file:
        file.write('\n'.join(lines).rstrip() + '\n')
    os.replace(path + '.part', path)
    return path
