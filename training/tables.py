"""The tables of a model file: CDFs, scale indices and the piecewise linear functions (format-spec/model.md)."""
import math

import numpy as np
import torch

TOTAL = 65536
SCALES = 64
MIN_SCALE = 0.11
TAIL = 2.0 ** -17            # mass on either side beyond a table's end
SEGMENTS, STEP = 64, 256


def frequencies(p):
    """Integers of at least 1 that add up to 65536, as near to proportional to p as rounding allows."""
    p = np.asarray(p, np.float64)
    f = np.maximum(np.rint(p / p.sum() * TOTAL), 1).astype(np.int64)
    while f.sum() != TOTAL:
        step = 1 if f.sum() < TOTAL else -1
        candidates = np.where(f + step >= 1, p * np.log((f + step) / f) if step > 0 else p * np.log(np.maximum(f + step, .5) / f), -np.inf)
        best = np.argsort(-candidates, kind='stable')[:max(1, min(abs(TOTAL - f.sum()), len(f) // 8))]
        f[best] += step
    return f


def pack(tables):
    """[(offset, frequencies with the escape last)] to the four arrays of a model file."""
    cums, start, n = [], [], 0
    for _, f in tables:
        cums.append(np.concatenate([[0], np.cumsum(f)[:-1]]).astype(np.uint16))
        start.append(n)
        n += len(f)
    return {'offset': np.array([t[0] for t in tables], np.int32), 'count': np.array([len(t[1]) for t in tables], np.int32),
            'start': np.array(start, np.int32), 'cum': np.concatenate(cums)}


def gauss_scales(top):
    return np.exp(np.linspace(math.log(MIN_SCALE), math.log(top), SCALES))


def gauss(sigma, reach):
    """Probabilities of -reach .. reach where a Gaussian is rounded."""
    return np.array([math.erfc((abs(k) - .5) / sigma / 2 ** .5) - math.erfc((abs(k) + .5) / sigma / 2 ** .5) for k in range(-reach, reach + 1)]) / 2


WIDTHS = 2.0 ** (np.arange(-4, 7) / 3)     # of the Gaussians of a mixture, in scales
PLAIN = np.tile(WIDTHS == 1, (SCALES, 1)) * 1.     # shares of mixtures that are plain Gaussians
NEIGHBOURLY = 400                          # so many symbols count as much as what all scales have in common


def mixtures(counts, scales, rounds=60):
    """What residuals are really like: for each scale the shares of Gaussians of several widths that make `counts` (scales x
    values -R .. R) likeliest.  A scale that has been seen rarely is like the others."""
    reach = counts.shape[1] // 2
    parts = np.array([[gauss(s * w, reach) for w in WIDTHS] for s in scales]) + 1e-30
    counts = (counts + counts[:, ::-1]) / 2
    shares, common = np.full((len(scales), len(WIDTHS)), 1 / len(WIDTHS)), np.full(len(WIDTHS), 1 / len(WIDTHS))
    for _ in range(rounds):
        each = shares[:, :, None] * parts
        found = (each * (counts / each.sum(1))[:, None, :]).sum(2)
        common = (found.sum(0) + 1e-9) / (found.sum() + 1e-9 * len(WIDTHS))
        shares = (found + NEIGHBOURLY * common) / (found.sum(1, keepdims=True) + NEIGHBOURLY)
    return shares


def residual_tables(scales, shares):
    """A table a scale from its mixture of Gaussians: values that are not too rare for a frequency of 1, and the escape."""
    tables = []
    for sigma, share in zip(scales, shares):
        def tail(reach):
            return sum(s * math.erfc((reach + .5) / (sigma * w) / 2 ** .5) for s, w in zip(share, WIDTHS))
        reach = 1
        while tail(reach) > 2 * TAIL and tail(reach) - tail(reach + 1) > 2 * TAIL:
            reach += 1
        p = sum(s * gauss(sigma * w, reach) for s, w in zip(share, WIDTHS))
        tables.append((-reach, frequencies(np.append(p, tail(reach)))))
    return tables


BANDS, CONTEXTS = 4, 7       # of the tables of hyperlatents: quality codes 512 apart; what lies to the left and above
LEARNT, SHARED = 4, 8        # symbols that the learnt prior, and what all contexts have in common, count as much as


def band_of(quality_code):
    return int(quality_code) >> 9


def contexts(z, middle):
    """Context of each hyperlatent of [channel, row, column] (format-spec/bitstream.md)."""
    m = np.broadcast_to(middle[:, None, None], z.shape)
    above, left = m.copy(), m.copy()
    above[:, 1:], left[:, :, 1:] = z[:, :-1], z[:, :, :-1]
    above[:, 0, 1:], left[:, 1:, 0] = z[:, 0, :-1], z[:, :-1, 0]
    return np.clip(left + above - 2 * m, -(CONTEXTS // 2), CONTEXTS // 2) + CONTEXTS // 2


def prior_tables(prior, limit, seen=()):
    """Tables [band][context][channel] of values within -limit .. limit, and the middle of each channel: the learnt mixture of
    logistics, and what was seen, as (quality code, [channel, row, column] of integers), over it."""
    mean = prior.mean.detach().double()[0, :, :, 0, 0]
    inverse = torch.exp(-prior.log_scale.detach().double().clamp(-5, 5))[0, :, :, 0, 0]
    weight = torch.softmax(prior.weight.detach().double(), 2)[0, :, :, 0, 0]
    v = torch.arange(-limit, limit + 1, dtype=torch.float64)
    def cdf(x):
        return (weight[:, :, None] * torch.sigmoid((x - mean[:, :, None]) * inverse[:, :, None])).sum(1).numpy()
    learnt = np.maximum(cdf(v + .5) - cdf(v - .5), 1e-12)
    learnt /= learnt.sum(1, keepdims=True)
    channels, size = learnt.shape
    values = sum((np.array([np.bincount(row.ravel() + limit, minlength=size) for row in z]) for _, z in seen), LEARNT * learnt)
    middle = values.argmax(1) - limit
    counts = np.zeros((BANDS, CONTEXTS, channels, size))
    for code, z in seen:
        at = (contexts(z, middle) * channels + np.arange(channels)[:, None, None]) * size + z + limit
        counts[band_of(code)] += np.bincount(at.ravel(), minlength=CONTEXTS * channels * size).reshape(counts[0].shape)
    tables = []
    for band in counts:
        shared = band.sum(0) + LEARNT * learnt
        shared /= shared.sum(1, keepdims=True)
        for context in band:
            p = context + SHARED * shared
            tables += [cut(row / row.sum(), limit) for row in p]
    return tables, middle.astype(np.int32)


def cut(p, limit):
    """The table of the probabilities of -limit .. limit, without the tails that are too rare."""
    below, above = np.cumsum(p), np.cumsum(p[::-1])[::-1]           # up to a value; from it on
    first = min(int(np.searchsorted(below, TAIL, 'right')), len(p) - 2)
    last = max(len(p) - 1 - int(np.searchsorted(above[::-1], TAIL, 'right')), first + 1)
    tail = (below[first - 1] if first else 0) + (above[last + 1] if last + 1 < len(p) else 0)
    return first - limit, frequencies(np.append(p[first:last + 1], tail))


def nearest_scale(sigma, scales):
    """Index of the scale; 0, which is not coded, for what is as good as certain."""
    index = np.clip(np.rint((np.log(sigma) - math.log(scales[0])) / (math.log(scales[1]) - math.log(scales[0]))), 1, SCALES - 1)
    return np.where(sigma <= MIN_SCALE, 0, index).astype(np.uint8)


def scale_index(scales, frac, centre):
    """Scale index of each of 4096 bins of the clamped scale input r, which stands for r / 2^frac + centre."""
    r = ((np.arange(4096) << 2) + 2 - 8192) / 2.0 ** frac + centre
    return nearest_scale(np.logaddexp(0, r) + 0.05, scales)


def segments(function, one):
    """Base and slope of 64 linear pieces of `function` over -8 .. 8, fitted by least squares."""
    table = np.zeros((2, SEGMENTS), np.int16)
    f = np.arange(STEP)
    for i in range(SEGMENTS):
        y = function((i * STEP + f - 8192) / 1024) * one
        slope, base = np.polyfit(f, y, 1)
        table[:, i] = [round(base), round(slope * 512)]
    return table


def scale_table():
    return segments(lambda x: np.exp(np.tanh(x / 2)) - 1, 2 ** 14)


def sigmoid_table():
    return segments(lambda x: 1 / (1 + np.exp(-x)), 2 ** 14)


def exp2_table():
    return np.array([round(2 ** (14 + i / 256)) for i in range(257)], np.uint16)
