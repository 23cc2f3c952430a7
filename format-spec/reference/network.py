"""Model files (model.md) and the integer arithmetic of the networks (arithmetic.md), with NumPy.

Activations are arrays [rows][columns][channels] of float64 that hold integers. Every sum of products in this format
stays below 2^31 and float64 holds all integers up to 2^53, so matrix products in floating point are exact, in any order
of summation, and many times faster than NumPy's integer ones.
"""
import math
import struct

import numpy as np

BOUND = 8191           # after a LeakyReLU and into a table
STREAM = 16383         # elsewhere
WIDE = 32767
TYPES = ('<i2', '<i4', 'u1', '<u2')
COLOUR = np.array([[4730, 4730, 4730], [5793, 0, -5793], [3344, -6689, 3344]], np.int64)


class FormatError(Exception):
    """The data breaks the format."""


def crc32c(data, table=[]):
    if not table:
        for n in range(256):
            for _ in range(8):
                n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
            table.append(n)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def squeeze(x):
    h, w, c = x.shape
    return x.reshape(h // 2, 2, w // 2, 2, c).transpose(0, 2, 1, 3, 4).reshape(h // 2, w // 2, 4 * c)


def unsqueeze(x):
    h, w, c = x.shape
    return x.reshape(h, w, 2, 2, c // 4).transpose(0, 2, 1, 3, 4).reshape(2 * h, 2 * w, c // 4)


def clamp(x, bound=BOUND):
    return np.clip(x, -bound, bound)


def requantise(acc, leaky, shift):
    """LeakyReLU and rounding shift, on the exact sums."""
    acc = acc.astype(np.int64)
    if leaky:
        acc = np.where(acc < 0, acc >> 3, acc)
    shift = shift.astype(np.int64)
    return acc + (1 << shift - 1) >> shift


class Model:
    def __init__(self, data):
        magic, version, size, self.id, count = struct.unpack_from('<8sIIII', data)
        if magic != b'AINNMODL' or version != 3 or size != len(data):
            raise FormatError('not a model file of version 3, or cut short')
        if crc32c(data[64:]) != self.id:
            raise FormatError('the model file is damaged')
        self.tensors, self.dense_cache = {}, {}
        for i in range(count):
            name, kind, rank, _, d0, d1, d2, d3, offset = struct.unpack_from('<40sBBH5I', data, 64 + 64 * i)
            dims = (d0, d1, d2, d3)[:rank]
            values = np.frombuffer(data, TYPES[kind], math.prod(dims), offset).reshape(dims)
            self.tensors[name.rstrip(b'\0').decode()] = values.astype(np.int64)
        config = self.tensors['config'].tolist()
        self.M, self.N, self.Z, self.y_frac, self.pixel_frac, self.z_max, self.z_frac, levels = config[:8]
        self.levels = [dict(zip(('squeezes', 'couplings', 'hidden', 'keep', 'pdm', 'lapped'), config[8 + 6 * i:])) for i in range(levels)]

    def bias(self, name, code):
        """A layer's bias, its quality bias included where it has one."""
        bias = self.tensors[name + '.b']
        if name + '.q' in self.tensors:
            bias = bias + self.by_quality(name + '.q', code)
        return bias

    def by_quality(self, name, code):
        rows, l = self.tensors[name], min(code >> 8, 6)
        f = code - 256 * l
        return rows[l] * (256 - f) + rows[l + 1] * f + 128 >> 8

    def weights(self, name):
        """[tap][in][out] of a dense layer."""
        if name not in self.dense_cache:
            w = self.tensors[name + '.w']
            blocks, taps, pairs, _ = w.shape
            w = w.reshape(blocks, taps, pairs, 16, 2).transpose(1, 2, 4, 0, 3)
            self.dense_cache[name] = w.reshape(taps, 2 * pairs, 16 * blocks).astype(np.float64)
        return self.dense_cache[name]

    def dense(self, name, x, leaky=False, code=0, residual=0, bound=STREAM):
        """pointwise or conv3 (what a decoder needs)."""
        w = self.weights(name)
        radius = 0 if len(w) == 1 else 1
        h, width, channels = x.shape
        x = np.pad(x, ((radius, radius), (radius, radius), (0, w.shape[1] - channels)))
        acc = np.broadcast_to(self.bias(name, code).astype(np.float64), (h, width, w.shape[2])).copy()
        for tap in range(len(w)):
            dy, dx = divmod(tap, 2 * radius + 1)
            acc += x[dy:dy + h, dx:dx + width] @ w[tap]
        return clamp(residual + requantise(acc, leaky, self.tensors[name + '.s']), BOUND if leaky else bound).astype(np.float64)

    def depthwise(self, name, x):
        h, width, _ = x.shape
        x, w = np.pad(x, ((1, 1), (1, 1), (0, 0))), self.tensors[name + '.w']
        acc = self.tensors[name + '.b'] + sum(x[t // 3:t // 3 + h, t % 3:t % 3 + width] * w[t] for t in range(9))
        return clamp(requantise(acc, True, self.tensors[name + '.s'])).astype(np.float64)

    def bottleneck(self, name, x, code=0, residual=0):
        return self.dense(name + '.c', self.depthwise(name + '.b', self.dense(name + '.a', x, True, code)), residual=residual)

    def residual(self, name, x, code):
        return self.bottleneck(name, x, code, x)

    def table(self, name, t):
        """A function given as 64 segments."""
        base, slope = self.tensors[name]
        u = clamp(t).astype(np.int64) + 8192
        return base[u >> 8] + (slope[u >> 8] * ((u & 255) << 7) >> 16)

    def uncouple(self, name, x, other):
        """One half of an inverse coupling."""
        scale, shift = np.split(self.bottleneck(name, other), 2, axis=2)
        v = clamp(x - shift, STREAM).astype(np.int64)
        return clamp(v + (v * self.table('scale', -scale) + 8192 >> 14), STREAM).astype(np.float64)

    # ---- From latents to pixels ---------------------------------------------------------------------------

    def inverse_gain(self, yhat, code):
        e, exp2 = self.by_quality('inverse_gain', code), self.tensors['exp2']
        i, n = e >> 8 & 255, 14 - (e >> 16)
        m = exp2[i] + ((exp2[i + 1] - exp2[i]) * (e & 255) + 128 >> 8)
        down, up = np.clip(n, 1, 40), np.maximum(-n, 0)
        x = yhat.astype(np.int64) * m
        return clamp(np.where(n > 0, x + (1 << down - 1) >> down, x << up), STREAM).astype(np.float64)

    def lap_inverse(self, name, x):
        x = unsqueeze(x)
        x[1:-1, 1:-1] = unsqueeze(self.dense(name, squeeze(x[1:-1, 1:-1])))
        return squeeze(x)

    def level_inverse(self, n, streams, code):
        level, name = self.levels[n], f'level{n}'
        if name + '.up.0.w' in self.tensors:
            streams = [self.dense(f'{name}.up.{t}', self.residual(f'{name}.rec.{t}', streams[t], code)) for t in range(2)]
        a, b = streams
        for i in reversed(range(level['couplings'])):
            b = self.uncouple(f'{name}.coupling{i}.g', b, a)
            a = self.uncouple(f'{name}.coupling{i}.f', a, b)
        out = []
        for t, x in enumerate((a, b)):
            if level['pdm']:
                x = self.residual(f'{name}.pdm.{t}', x, code)
            x = self.dense(f'{name}.winv', x)
            if level['lapped']:
                x = self.lap_inverse(f'{name}.lap.winv', x)
            for _ in range(level['squeezes']):
                x = unsqueeze(x)
            out.append(x)
        return out

    def synthesis(self, yhat, code):
        """Decoded latents [rows][columns][M] to u [16 rows][16 columns][3] in 0 .. 65536."""
        x = self.inverse_gain(yhat, code)
        x = self.residual('cfrm.1', self.residual('cfrm.0', x, code), code)
        streams = [self.dense('low', x), self.dense('high', x)]
        for n in reversed(range(len(self.levels))):
            streams = self.level_inverse(n, streams, code)
        both = np.pad(np.concatenate(streams, 2), ((0, 0), (0, 0), (0, 8)))
        both = self.dense('fine.c', self.dense('fine.a', both, True, code), residual=both)
        mask = self.dense('synthesise.c', self.dense('synthesise.b', self.dense('synthesise.a', both, True), True))
        m = np.repeat(self.table('sigmoid', mask[:, :, :4]), 3, axis=2)
        low, high = both[:, :, :12].astype(np.int64), both[:, :, 12:24].astype(np.int64)
        v = clamp(((high << 14) + m * (low - high) + (1 << self.pixel_frac)) >> self.pixel_frac + 1, 131071)
        return np.clip((unsqueeze(v) @ COLOUR + (1 << 28) + (1 << 12)) >> 13, 0, 65536)

    # ---- Entropy networks of one group ----------------------------------------------------------------------

    def features(self, z, rows, columns):
        """Features of the group from z [.][.][Z], LeakyReLU included."""
        x = unsqueeze(self.dense('hs.0', clamp(z, self.z_max), True))
        x = unsqueeze(self.dense('hs.3', x, True))
        return self.dense('hs.6', x, True)[:rows, :columns]

    def context(self, s, features, yhat):
        """Means and scale indices of step s: [rows][columns][group][M / 4] each."""
        x = features
        if s:
            x = np.concatenate([features, self.dense(f'red.{s - 1}', yhat, True)], 2)
        x = self.dense(f'ctx.{s}.1', x, True)
        x = self.dense(f'ctx.{s}.5', self.dense(f'ctx.{s}.3', x, True), bound=WIDE).astype(np.int64)
        x = x.reshape(*x.shape[:2], 4, 2, self.M // 4)
        return x[:, :, :, 0], self.tensors['scale_index'][clamp(x[:, :, :, 1]) + 8192 >> 2]
