"""Bjontegaard's rate difference: how many more bits one codec needs than another at equal quality, on average over a range."""
import numpy as np
from scipy.interpolate import PchipInterpolator


class Curve:
    """A rate-distortion curve: quality against bits per pixel, both strictly rising."""

    def __init__(self, points):
        """points: (bpp, quality) in any order. Points that a better one with fewer bits makes useless are left out."""
        kept = []
        for rate, quality in sorted(points):
            if rate > 0 and (not kept or (quality > kept[-1][1] and rate > kept[-1][0])):
                kept.append((rate, quality))
        self.rate = np.array([p[0] for p in kept], float)
        self.quality = np.array([p[1] for p in kept], float)

    def __len__(self):
        return len(self.rate)

    def quality_at(self, rate):
        """Quality at a rate, held at the curve's ends."""
        log_rate = np.log(np.clip(rate, self.rate[0], self.rate[-1]))
        return float(PchipInterpolator(np.log(self.rate), self.quality)(log_rate))

    def rate_at(self, quality):
        """Bits per pixel at a quality, held at the curve's ends."""
        quality = np.clip(quality, self.quality[0], self.quality[-1])
        return float(np.exp(PchipInterpolator(self.quality, np.log(self.rate))(quality)))

    def mean_log_rate(self, low, high):
        """Mean of the logarithm of the rate over a range of quality inside the curve."""
        return float(PchipInterpolator(self.quality, np.log(self.rate)).integrate(low, high) / (high - low))


def overlap(anchor, test, rates=None, qualities=None):
    """The range of quality over which two curves are compared: where both exist, cut to `rates` (bpp, on the tested curve)
    or to `qualities`. None when nothing is left."""
    if len(anchor) < 2 or len(test) < 2:
        return None
    low = max(anchor.quality[0], test.quality[0])
    high = min(anchor.quality[-1], test.quality[-1])
    if rates:
        low, high = max(low, test.quality_at(rates[0])), min(high, test.quality_at(rates[1]))
    if qualities:
        low, high = max(low, qualities[0]), min(high, qualities[1])
    return (float(low), float(high)) if high > low else None


def bd_rate(anchor, test, rates=None, qualities=None):
    """(percent, low, high): the mean difference of the rate of `test` to that of `anchor` over qualities low to high.
    Negative: `test` needs fewer bits. None when the curves share no range."""
    span = overlap(anchor, test, rates, qualities)
    if span is None:
        return None
    difference = test.mean_log_rate(*span) - anchor.mean_log_rate(*span)
    return float((np.exp(difference) - 1) * 100), span[0], span[1]
