"""Plots as PNG and SVG: rate and distortion, times."""
import os

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

from . import tables  # noqa: E402
from .codecs import EFFORT  # noqa: E402

# Colours that people who see few colours can tell apart; libainn's models have the strongest.
AINN_COLORS = ['#c1121f', '#7b1fa2', '#e76f00', '#5d4037']
EFFORT_DASHES = {'6': (0, (6, 1.5)), '7': (0, (3.5, 1.5)), '8': (0, (2, 1.5)), '9': (0, (1, 1))}    # the more, the shorter
PEER_COLORS = {'jpeg': '#8c8c8c', 'webp': '#2a9d5b', 'jpeg2000': '#b8860b', 'jxl': '#00a6c7', 'x265': '#1f4e9c', 'avif': '#d16ba5'}
PUBLISHED_DRAWN = ['vtm', 'bpg', 'bmshj2018-hyperprior-mse', 'elic2022-mse', 'InvCompress']
PUBLISHED_DASHES = ['--', ':', '-.', (0, (6, 1, 1, 1, 1, 1)), (0, (1, 2))]
OTHER_COLORS = ['#556b2f', '#708090', '#9467bd', '#17806d']

plt.rcParams.update({
    'font.size': 10, 'axes.spines.top': False, 'axes.spines.right': False, 'axes.grid': True, 'grid.color': '#e3e3e3', 'axes.axisbelow': True,
    'svg.hashsalt': 'ainnbench', 'svg.fonttype': 'none', 'figure.dpi': 110, 'savefig.bbox': 'tight'})


def _save(figure, folder, name):
    """Both files; without dates, so that the same numbers make the same bytes."""
    figure.savefig(os.path.join(folder, name + '.png'), metadata={'Software': None})
    figure.savefig(os.path.join(folder, name + '.svg'), metadata={'Date': None, 'Creator': None})
    plt.close(figure)


def _styles(names):
    """{codec: keyword arguments of a line}. A model has one colour; its curves at other efforts are thinner and dashed."""
    styles, others = {}, 0
    models = list(dict.fromkeys(EFFORT.sub('', n) for n in names if n.startswith('ainn-')))
    for name in names:
        if name.startswith('ainn-'):
            effort = EFFORT.search(name)
            styles[name] = dict(color=AINN_COLORS[models.index(EFFORT.sub('', name)) % len(AINN_COLORS)], zorder=5,
                                **(dict(linewidth=1.5, linestyle=EFFORT_DASHES.get(effort[1], '-.')) if effort else dict(linewidth=2.4, marker='o', markersize=4)))
        elif name.startswith(tables.PUBLISHED):
            known = name[len(tables.PUBLISHED):]
            index = PUBLISHED_DRAWN.index(known) if known in PUBLISHED_DRAWN else 0
            styles[name] = dict(color='#444444', linewidth=1.1, linestyle=PUBLISHED_DASHES[index])
        else:
            color = PEER_COLORS.get(name)
            if not color:
                color = OTHER_COLORS[others % len(OTHER_COLORS)]
                others += 1
            styles[name] = dict(color=color, linewidth=1.5, marker='.', markersize=5)
    return styles


def _drawn(curves):
    return [c for c in curves if c.measured or c.name[len(tables.PUBLISHED):] in PUBLISHED_DRAWN]


def rate_distortion(folder, curves, highest_rate=1.6):
    """rd-psnr and rd-msssim."""
    drawn = _drawn(curves)
    styles = _styles([c.name for c in drawn])
    measured = [c for c in drawn if c.measured]
    pictures = max((m['pictures'] for c in measured for m in c.means), default=0)
    for metric, label in (('psnr', 'RGB PSNR, dB'), ('msssim', 'RGB MS-SSIM, −10 log₁₀(1 − x)')):
        figure, axes = plt.subplots(figsize=(8.5, 5.6))
        seen = []
        for codec in drawn:
            curve = codec.curve(metric)
            if not len(curve):
                continue
            axes.plot(curve.rate, curve.quality, label=codec.title, **styles[codec.name])
            seen += [q for r, q in zip(curve.rate, curve.quality) if r <= highest_rate]
        if not seen:
            plt.close(figure)
            continue
        axes.set_xlim(0, highest_rate)
        axes.set_ylim(min(seen) - 0.3, max(seen) + 0.3)
        axes.set_xlabel('bits per pixel')
        axes.set_ylabel(label)
        axes.set_title('Mean of %d pictures' % pictures, loc='left', fontsize=10, color='#555555')
        axes.legend(loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False)
        _save(figure, folder, 'rd-' + metric)


def _milliseconds(axis):
    axis.set_major_formatter(FuncFormatter(lambda v, _: '%g' % v))


def times(folder, curves):
    """time-rate: processor time of encoding and decoding against rate, from the rate-distortion run."""
    measured = [c for c in curves if c.measured]
    styles = _styles([c.name for c in measured])
    figure, panels = plt.subplots(1, 2, figsize=(10.5, 4.6), sharex=True)
    for axes, column, title in zip(panels, ('enc_cpu_s', 'dec_cpu_s'), ('Encoding', 'Decoding')):
        for codec in measured:
            points = [(m['bpp'], m[column] * 1000) for m in codec.means if m[column] is not None]
            axes.plot([p[0] for p in points], [p[1] for p in points], label=codec.title, **styles[codec.name])
        axes.set_yscale('log')
        axes.set_xlim(0, 2)
        axes.set_title(title, loc='left')
        axes.set_xlabel('bits per pixel')
        _milliseconds(axes.yaxis)
    panels[0].set_ylabel('processor milliseconds a picture, whole process')
    panels[1].legend(loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False)
    _save(figure, folder, 'time-rate')


def timing_bars(folder, medians):
    """time-bars: medians of the timing run, encoding and decoding side by side."""
    names = sorted(medians, key=lambda n: medians[n]['enc_s'], reverse=True)
    styles = _styles(sorted(names, key=lambda n: not n.startswith('ainn-')))
    figure, panels = plt.subplots(1, 2, figsize=(10.5, 0.45 * len(names) + 1.3), sharey=True)
    for axes, column, title in zip(panels, ('enc_s', 'dec_s'), ('Encoding', 'Decoding')):
        values = [medians[n][column] * 1000 for n in names]
        axes.barh([tables.title_of(n) for n in names], values, color=[styles[n]['color'] for n in names], height=0.62)
        axes.set_xscale('log')
        axes.set_xlim(1, max(values) * 3)
        for row, value in enumerate(values):
            axes.text(value * 1.08, row, '%.0f ms' % value if value >= 10 else '%.1f ms' % value, va='center', fontsize=9)
        axes.set_title(title, loc='left')
        axes.set_xlabel('milliseconds a picture, whole process')
        axes.grid(axis='y', visible=False)
        _milliseconds(axes.xaxis)
    _save(figure, folder, 'time-bars')
