"""The command line of ainnbench."""
import argparse
import os
import shlex
import shutil
import signal
import sys

from . import codecs as codec_list
from . import machine, measure, pictures, process, store

EPILOG = '''What is measured: time and processor time of whole processes on uncompressed input and output; bits per pixel of the file;
RGB PSNR and MS-SSIM of the decoded picture. OUT gets results.csv, summary.csv, bdrate.csv, run.json and plots. A run that was
interrupted goes on when the same command is given again.'''


SHEET_RATES = (0.15, 0.4)    # bits a pixel of the crop sheets of --everything


def _numbers(text):
    try:
        return [codec_list.parse_number(part) for part in text.split(',') if part]
    except ValueError:
        raise argparse.ArgumentTypeError('%s: numbers separated by commas are expected' % text)


def _range(text):
    values = _numbers(text)
    if len(values) != 2 or not values[0] < values[1]:
        raise argparse.ArgumentTypeError('%s: LO,HI is expected' % text)
    return values


def _settings(text):
    name, _, values = text.partition('=')
    if not values:
        raise argparse.ArgumentTypeError('%s: CODEC=VALUE,VALUE,... is expected' % text)
    return name, _numbers(values)


def _parser():
    p = argparse.ArgumentParser(prog='ainnbench', description='Measures libainn and other image codecs side by side.', epilog=EPILOG,
                                usage='ainnbench FOLDER -o OUT [options]\n       ainnbench --peak | --stages PICTURE | --callgrind PICTURE\n'
                                      '       ainnbench FOLDER -o OUT --everything DOCS\n       ainnbench --report OUT DOCS')
    p.add_argument('folder', nargs='?', metavar='FOLDER', help='a folder of pictures, or one picture')
    p.add_argument('-o', '--out', metavar='OUT', help='folder for the results')
    p.add_argument('-V', '--version', action='version', version='ainnbench 0.1.0')
    what = p.add_argument_group('what is compared')
    what.add_argument('--codecs', metavar='LIST', type=lambda t: t.split(','),
                      help='from %s, ainn-MODEL, ainn-MODEL-eEFFORT, ainn:FILE.ainnmodel; default: all, with the embedded models'
                           % ', '.join(c.name for c in codec_list.PEERS))
    what.add_argument('--qualities', metavar='LIST', type=_numbers, help="libainn's qualities, default %s" % ','.join(map(str, codec_list.AINN_QUALITIES)))
    what.add_argument('--settings', metavar='CODEC=LIST', type=_settings, action='append', default=[], help="another codec's settings; may be repeated")
    what.add_argument('--all', action='store_true', help='every picture of the folder, not only a few')
    what.add_argument('--pictures', metavar='N', type=int, default=6, help='that many pictures, evenly spread (default 6)')
    what.add_argument('--redo', metavar='LIST', type=lambda t: t.split(','), default=[], help='forget earlier rows of these codecs')
    what.add_argument('--tools', metavar='DIR', help='where ainnenc and ainndec are (default: here, beside the build, in PATH)')
    how = p.add_argument_group('how')
    how.add_argument('--repeat', metavar='N', type=int, help='runs of each measurement, of which the median counts (default 1; --timing, --scale: 5)')
    how.add_argument('--threads', metavar='N', type=int, default=1, help='threads for each codec that takes the number (default 1)')
    how.add_argument('--range', metavar='LO,HI', type=_range, default=[0.15, 1.2],
                     help='range of the BD-rates: bpp of the tested codec (default 0.15,1.2), or dB when LO is above 10')
    how.add_argument('--anchors', metavar='CSV', help='published curves (codec, bpp, psnr, ms-ssim) to draw in and to compare with')
    how.add_argument('--no-plots', action='store_true', help='numbers only')
    more = p.add_argument_group('other measurements')
    more.add_argument('--sheet', metavar='PICTURE', help='makes crops-PICTURE.png: all codecs at the same number of bytes')
    more.add_argument('--sheet-bpp', metavar='BPP', type=float, default=0.25, help='bits a pixel of the sheet (default 0.25)')
    more.add_argument('--crop', metavar='X,Y,W,H', type=_numbers, help='part that the sheet shows (default: the busiest 192x192)')
    more.add_argument('--timing', action='store_true', help='repeated timings at one setting each, that of nearest PSNR in OUT/results.csv')
    more.add_argument('--at', metavar='DB', type=float, default=34.0, help='PSNR at which --timing compares (default 34)')
    more.add_argument('--perceptual', action='store_true', help='Butteraugli and SSIMULACRA of a few pictures (needs the programs of libjxl)')
    more.add_argument('--scale', action='store_true', help='time and memory of libainn from 0.4 megapixels up, with 1 and 2 threads')
    more.add_argument('--largest', metavar='MP', type=float, default=100.0, help='largest picture of --scale, in megapixels (default 100)')
    more.add_argument('--peak', action='store_true', help="this core's rate of int16 multiply-accumulates and memory bandwidth")
    more.add_argument('--stages', metavar='PICTURE', help='how the time divides among the stages of libainn')
    more.add_argument('--callgrind', metavar='PICTURE', help='instructions a pixel of the stages of libainn (needs valgrind)')
    more.add_argument('--everything', metavar='DOCS', help='all of the above one after the other, then the report')
    more.add_argument('--report', nargs=2, metavar=('OUT', 'DOCS'), help='writes DOCS/BENCHMARKS.md and DOCS/bench/ from the results in OUT')
    return p


def _say(text):
    print('ainnbench: ' + text, file=sys.stderr)


def _codecs(options, ours_only=False):
    names = options.codecs
    if ours_only:
        names = [n for n in names or ['ainn-' + m for m in codec_list.AINN_MODELS] if n.startswith('ainn')]
    chosen = codec_list.select(names, options.tools, options.qualities, dict(options.settings), _say)
    if not chosen:
        raise SystemExit('ainnbench: no codec is left to measure')
    return chosen


def _record(options, part, chosen):
    machine.record(options.out, part, chosen, options.command, options.threads)


def _paths(options):
    if not options.folder:
        raise SystemExit('ainnbench: a folder of pictures is needed (ainnbench --help)')
    paths = pictures.find(options.folder)
    return paths if options.all else pictures.spread(paths, options.pictures)


def _compare(options):
    """The main job: measure, then tables and plots."""
    from . import tables
    chosen = _codecs(options)
    paths = _paths(options)
    table = store.Table(os.path.join(options.out, 'results.csv'), store.COLUMNS, ['codec', 'setting', 'picture'])
    if options.redo:
        table.drop(options.redo)
    _record(options, 'results', chosen)
    measure.rate_distortion(paths, chosen, table, options.threads, options.repeat or 1, _say)
    curves = tables.collect(table.rows, options.anchors, [c.name for c in chosen])
    tables.write_summary(options.out, curves)
    tables.write_bd(options.out, curves, options.range)
    print(tables.bd_text(curves, options.range))
    if not options.no_plots:
        from . import plots
        plots.rate_distortion(options.out, curves)
        plots.times(options.out, curves)


def _timing(options):
    chosen = _codecs(options)
    rows = store.read(os.path.join(options.out, 'results.csv'))
    settings = measure.nearest_settings(chosen, rows, options.at)
    if not settings:
        raise SystemExit('ainnbench: --timing needs %s/results.csv: measure first' % options.out)
    table = store.Table(os.path.join(options.out, 'timing.csv'), store.TIMING_COLUMNS, ['codec', 'setting', 'picture', 'repeat'])
    if options.redo:
        table.drop(options.redo)
    _record(options, 'timing', chosen)
    measure.timing(_paths(options), chosen, settings, table, options.threads, options.repeat or 5)
    from . import tables
    print(tables.timing_text(measure.timing_medians(table.rows)))
    if not options.no_plots:
        from . import plots
        plots.timing_bars(options.out, measure.timing_medians(table.rows))


def _perceptual(options):
    from . import perceptual, tables
    chosen = _codecs(options)
    table = store.Table(os.path.join(options.out, 'perceptual.csv'), perceptual.COLUMNS, ['codec', 'setting', 'picture'])
    if options.redo:
        table.drop(options.redo)
    _record(options, 'perceptual', chosen)
    perceptual.run(_paths(options), chosen, table, options.threads, _say)
    print(perceptual.text(table.rows, tables.rates(options.range)))


def _sheet(options):
    from . import crops
    for picture in crops.make(options.out, options.sheet, _codecs(options), options.sheet_bpp, options.crop, options.threads, _say):
        print(picture)


def _scale(options):
    from . import scale
    chosen = _codecs(options, ours_only=True)
    _record(options, 'scale', chosen)
    print(scale.run(options.out, _paths(options), chosen, options.largest, options.repeat or 5))


def _inside(options):
    """--stages and --callgrind."""
    from . import callgrind, stages
    chosen = _codecs(options, ours_only=True)
    if options.stages:
        print(stages.text(options.stages, chosen, options.out, options.repeat or 5))
    else:
        print(callgrind.text(options.callgrind, chosen, options.out))
    if options.out:
        _record(options, 'stages' if options.stages else 'callgrind', chosen)


def _peak(options):
    from . import peak
    print(peak.text(options.tools, options.out))
    if options.out:
        _record(options, 'peak', [])


def _report(options):
    from . import report
    print('wrote ' + report.write(options.report[0], options.report[1], options.anchors, options.range))


def _everything(options):
    """What `make bench` runs. Each part that is there already is kept, so that an interrupted run goes on."""
    from . import crops, perceptual
    _compare(options)
    _timing(options)
    if perceptual.available():
        _perceptual(options)
    else:
        _say('no Butteraugli and no SSIMULACRA: their programs were not found (Debian: %s)' % perceptual.PACKAGE)
    shown = pictures.spread(_paths(options), len(SHEET_RATES))
    for picture, rate in zip(shown, SHEET_RATES):
        if not crops.exists(options.out, picture, rate):
            options.sheet, options.sheet_bpp = picture, rate
            _sheet(options)
    _peak(options)
    options.stages, options.callgrind = shown[0], None
    _inside(options)
    if shutil.which('valgrind'):
        options.stages, options.callgrind = None, shown[0]
        _inside(options)
    else:
        _say('instructions are not counted: valgrind not found (Debian: valgrind)')
    _scale(options)
    options.report = (options.out, options.everything)
    _report(options)


def _run(options):
    if options.report:
        return _report(options)
    if options.peak:
        return _peak(options)
    if options.stages or options.callgrind:
        return _inside(options)
    if not options.out:
        raise SystemExit('ainnbench: -o OUT is needed (ainnbench --help)')
    os.makedirs(options.out, exist_ok=True)
    if options.everything:
        return _everything(options)
    if options.scale:
        return _scale(options)
    if options.timing:
        return _timing(options)
    if options.perceptual:
        return _perceptual(options)
    if options.sheet:
        return _sheet(options)
    return _compare(options)


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    # Reports are read elsewhere: of this machine's folders only the last name is kept.
    options.command = 'ainnbench ' + ' '.join(shlex.quote(os.path.basename(a.rstrip('/')) if os.path.isabs(a) else a) for a in arguments)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's background jobs would not hear it
    try:
        _run(options)
    except KeyboardInterrupt:
        print('\nainnbench: interrupted; the same command goes on from here', file=sys.stderr)
        return 130
    except (OSError, process.ProgramError) as error:
        print('ainnbench: %s' % error, file=sys.stderr)
        return 1
    return 0
