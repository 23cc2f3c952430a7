"""Tables of a run as text and CSV: averages, BD-rates between every pair, times."""
import os
from dataclasses import dataclass

from . import bdrate, codecs, store

PUBLISHED = 'published '
PUBLISHED_TITLES = {
    'vtm': 'VVC (VTM)', 'hm': 'HEVC (HM)', 'bpg': 'BPG 4:4:4', 'av1': 'AV1', 'jpeg': 'JPEG', 'jpeg2000': 'JPEG 2000', 'webp': 'WebP',
    'bmshj2018-hyperprior-mse': 'Ballé 2018 hyperprior', 'mbt2018-mean-mse': 'Minnen 2018 mean', 'mbt2018-mse': 'Minnen 2018',
    'cheng2020-anchor-mse': 'Cheng 2020', 'elic2022-mse': 'ELIC 2022'}


@dataclass
class CodecCurve:
    """One codec's averages, and how it is called in plots."""
    name: str
    title: str
    means: list
    measured: bool
    rows: list = None

    def curve(self, metric='psnr', pictures=None):
        """The bdrate.Curve of all pictures, or of some."""
        if pictures is None or not self.measured:
            return store.curve(self.means, metric)
        return store.curve(store.averages([r for r in self.rows if r['picture'] in pictures])[self.name], metric)

    @property
    def pictures(self):
        """Names of the pictures that were measured."""
        return {r['picture'] for r in self.rows or []}


def title_of(name):
    """A codec's long name."""
    if name.startswith('ainn-'):
        return 'libainn ' + name[5:]
    return next((c.title for c in codecs.PEERS if c.name == name), name)


def collect(rows, anchors=None, order=()):
    """All curves: libainn's first, then the peers in their usual order, then published ones."""
    means = store.averages(rows)
    usual = list(order) + [c.name for c in codecs.PEERS]
    plain = lambda n: codecs.EFFORT.sub('', n)               # a model's efforts follow it
    place = lambda n: usual.index(n) if n in usual else len(usual)
    names = sorted(means, key=lambda n: (not n.startswith('ainn-'), place(plain(n)), plain(n) != n, n))
    curves = [CodecCurve(n, title_of(n), means[n], True, [r for r in rows if r['codec'] == n]) for n in names if means[n]]
    if anchors:
        if not os.path.exists(anchors):
            raise SystemExit('ainnbench: %s does not exist' % anchors)
        curves += [CodecCurve(PUBLISHED + n, PUBLISHED_TITLES.get(n, n) + ', published', m, False) for n, m in store.published(anchors).items()]
    return curves


def range_arguments(span):
    """--range as keyword arguments of bd_rate(): bits per pixel, or dB when the numbers are that large."""
    return {'qualities': tuple(span)} if span[0] > 10 else {'rates': tuple(span)}


def range_text(span):
    return '%g to %g dB' % tuple(span) if span[0] > 10 else '%g to %g bpp of the tested codec' % tuple(span)


def rates(span):
    """A range in bits a pixel: MS-SSIM has none in dB of PSNR."""
    return span if span[0] < 10 else [0.15, 1.2]


def bd_pairs(curves, span, metric='psnr'):
    """{(anchor, test): (percent, low, high) or None} for every two curves, over the pictures that both have."""
    built = {}

    def curve(codec, pictures):
        key = (codec.name, pictures)
        if key not in built:
            built[key] = codec.curve(metric, pictures)
        return built[key]

    result = {}
    for a in curves:
        for t in curves:
            if a is not t:
                same = not (a.measured and t.measured) or a.pictures == t.pictures
                common = None if same else frozenset(a.pictures & t.pictures)
                known = same or common
                result[a.name, t.name] = bdrate.bd_rate(curve(a, common), curve(t, common), **range_arguments(span)) if known else None
    return result


def write_summary(folder, curves):
    """summary.csv: averages of every codec and setting that was measured."""
    columns = ['codec', 'setting', 'pictures'] + store.COLUMNS[3:]
    rows = [{c: '%.6g' % m[c] if isinstance(m[c], float) else m[c] for c in columns} for curve in curves if curve.measured for m in curve.means]
    store.write(os.path.join(folder, 'summary.csv'), columns, rows)


def write_bd(folder, curves, span):
    """bdrate.csv: every pair with something measured in it, in PSNR over the range and over 28 to 36 dB, and in MS-SSIM over the range where it is in bpp."""
    rows = []
    for kind, metric, over in (('psnr', 'psnr', span), ('psnr', 'psnr', [28, 36]), ('msssim', 'msssim', rates(span))):
        for (anchor, test), result in bd_pairs(curves, over, metric).items():
            if result and not (anchor.startswith(PUBLISHED) and test.startswith(PUBLISHED)):
                rows.append({'metric': kind, 'range': range_text(over), 'anchor': anchor, 'test': test, 'percent': '%.2f' % result[0],
                             'low_db': '%.2f' % result[1], 'high_db': '%.2f' % result[2]})
    store.write(os.path.join(folder, 'bdrate.csv'), ['metric', 'range', 'anchor', 'test', 'percent', 'low_db', 'high_db'], rows)


def bd_text(curves, span, metric='psnr', title='RGB PSNR', tests=None):
    """The BD-rates as text: a row for each tested codec, by default all, a column for each measured anchor."""
    pairs = bd_pairs(curves, span, metric)
    anchors = [c for c in curves if c.measured]
    width = max([len(c.name) for c in curves] + [10])
    lines = ['BD-rate in percent (%s, %s; negative: the row needs fewer bits than the column)' % (title, range_text(span)),
             ' ' * width + ''.join('%12s' % a.name[:11] for a in anchors)]
    for test in tests or curves:
        cells = [pairs.get((a.name, test.name)) for a in anchors]
        lines.append(test.name.ljust(width) + ''.join('%12s' % ('' if r is None else '%+.1f' % r[0]) for r in cells))
    return '\n'.join(lines)


def timing_text(medians):
    """Times of --timing as text."""
    lines = ['milliseconds a picture, whole process: median of %d rounds, mean over %d pictures'
             % (min(m['repeat'] for m in medians.values()), max(m['pictures'] for m in medians.values())),
             '%-16s %8s %10s %10s %12s %12s' % ('codec', 'setting', 'encode', 'decode', 'encode cpu', 'decode cpu')]
    for codec, m in medians.items():
        lines.append('%-16s %8s %10.1f %10.1f %12.1f %12.1f' % (codec, m['setting'], m['enc_s'] * 1000, m['dec_s'] * 1000,
                                                               m['enc_cpu_s'] * 1000, m['dec_cpu_s'] * 1000))
    return '\n'.join(lines)
