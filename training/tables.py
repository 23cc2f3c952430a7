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
        common = found.sum(0) / max(found.sum(), 1e-30)
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


def prior_tables(prior, limit):
    """A table a channel from a mixture of logistics, within -limit .. limit, and the likeliest value of each."""
    mean = prior.mean.detach().double()[0, :, :, 0, 0]
    inverse = torch.exp(-prior.log_scale.detach().double().clamp(-5, 5))[0, :, :, 0, 0]
    weight = torch.softmax(prior.weight.detach().double(), 2)[0, :, :, 0, 0]
    v = torch.arange(-limit, limit + 1, dtype=torch.float64)
    tables, middle = [], []
    for c in range(len(mean)):
        def cdf(x):
            return (weight[c][:, None] * torch.sigmoid((x[None] - mean[c][:, None]) * inverse[c][:, None])).sum(0)
        p = (cdf(v + .5) - cdf(v - .5)).numpy()
        below, above = cdf(v - .5).numpy(), 1 - cdf(v + .5).numpy()
        first = int(np.searchsorted(below, TAIL, 'right')) - 1
        last = int(np.argmax(above <= TAIL)) if (above <= TAIL).any() else len(v) - 1
        first = min(max(first, 0), last - 1)
        tables.append((first - limit, frequencies(np.append(p[first:last + 1], below[first] + above[last]))))
        middle.append(int(np.argmax(p)) - limit)
    return tables, np.array(middle, np.int32)


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
