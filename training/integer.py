"""The integer network of a model file, both directions, in PyTorch: measures integer against float before any C runs.

  python3 integer.py --model fast.ainnmodel --pictures kodak --qualities 0 30 70 100 [--config fast --weights weights.pt] [--every 1]

With --config and --weights the float network is measured beside it; with --tools FOLDER the files and pixels are those of
ainnenc and ainndec in place of the simulation (whose pixels they share).  Sums are float64, which holds every integer here
exactly (all are below 2^53).
"""
import argparse
import glob
import math
import os
import struct
import subprocess
import tempfile

import numpy as np
import torch
import torch.nn.functional as F

from evaluate import load_picture, load_weights, run_picture
from tables import CONTEXTS, band_of, contexts
from walk import Walk

BOUND, STREAM_BOUND = 8191, 16383
COLOUR = torch.tensor([[4730, 4730, 4730], [5793, 0, -5793], [3344, -6689, 3344]], dtype=torch.float64)
TYPES = ('<i2', '<i4', 'u1', '<u2')
LEAKY = ('.a', '.b', 'fdsm_d.l', 'fdsm_d.h', 'ha.0', 'ha.2', 'hs.0', 'hs.3', 'hs.6', 'red.0', 'red.1', 'red.2')


def read_model(data):
    tensors = {}
    for i in range(struct.unpack_from('<I', data, 20)[0]):
        name, kind, rank, _, *rest = struct.unpack_from('<40sBBH5I', data, 64 + 64 * i)
        a = np.frombuffer(data, TYPES[kind], math.prod(rest[:rank]), rest[4]).reshape(rest[:rank])
        tensors[name.rstrip(b'\0').decode()] = a
    return tensors


def p16(n):
    return -(-n // 16) * 16


def shift(x, n):
    return torch.floor((x + 2.0 ** (n - 1)) / 2.0 ** n)


def clamp(x, bound=BOUND):
    return x.clamp(-bound, bound)


def tensor(a):
    return torch.from_numpy(a.astype(np.float64))


class Integer:
    """The arithmetic of format-spec/arithmetic.md; tensors are float64 that hold integers."""
    def __init__(self, tensors):
        self.t, self.cache = tensors, {}
        c = [int(v) for v in tensors['config']]
        self.M, self.N, self.Z, self.y_frac, self.pixel_frac, self.z_max, self.z_frac, count = c[:8]
        self.levels, channels = [], 12
        for i in range(count):
            squeezes, couplings, hidden, keep, pdm, lapped = c[8 + 6 * i:14 + 6 * i]
            self.levels.append(dict(n_squeeze=squeezes, couplings=couplings, c=channels * 4 ** squeezes, keep=keep, pdm=pdm, lapped=bool(lapped)))
            channels = keep

    def layer(self, name):
        if name not in self.cache:
            w, b, s = tensor(self.t[name + '.w']), tensor(self.t[name + '.b']), tensor(self.t[name + '.s'])
            if w.ndim == 2:
                w = w.t().reshape(-1, 1, 3, 3)
            else:
                blocks, taps, pairs, _ = w.shape
                k = math.isqrt(taps)
                w = w.view(blocks, taps, pairs, 16, 2).permute(0, 3, 2, 4, 1).reshape(blocks * 16, pairs * 2, k, k)
            leaky = name.endswith(LEAKY) or name.startswith('ctx') and name[-1] in '13'
            self.cache[name] = w, b, s[None, :, None, None], leaky
        return self.cache[name]

    def quality_row(self, name, code):
        q = tensor(self.t[name])
        l = min(code >> 8, 6)
        f = code - 256 * l
        return torch.floor((q[l] * (256 - f) + q[l + 1] * f + 128) / 256)

    # Channels beyond the real ones are zero; they are left away between layers.
    SIZES = {'fdsm_d.l2': 12, 'fdsm_d.h2': 12, 'fine.c': 24, 'synthesise.c': 4}

    def conv(self, name, x, quality=None, add=None):
        w, b, s, leaky = self.layer(name)
        if name + '.q' in self.t:
            b = b + self.quality_row(name + '.q', quality)
        depthwise = w.shape[1] == 1
        if not depthwise and x.shape[1] < w.shape[1]:
            w = w[:, :x.shape[1]]
        k = w.shape[2]
        x = F.conv2d(x, w, b, 2 if k == 5 else 1, k // 2, groups=len(w) if depthwise else 1)
        if leaky:
            x = torch.where(x < 0, torch.floor(x / 8), x)
        x = torch.floor((x + 2.0 ** (s - 1)) / 2.0 ** s)[:, :self.SIZES.get(name)]
        wide = name.startswith('ctx') and name.endswith('.5')
        return clamp(x if add is None else x + add, 32767 if wide else BOUND if leaky else STREAM_BOUND)

    def site(self, name, x):
        return x

    def table(self, name, t):
        u = (clamp(t, 8191) + 8192).long()
        base, slope = tensor(self.t[name][0]), tensor(self.t[name][1])
        return base[u >> 8] + torch.floor(slope[u >> 8] * ((u & 255) << 7) / 65536)

    def couple(self, x, st, level, forward):
        s, t = st.chunk(2, 1)
        inverse = self.table('scale', -s)
        if not forward:
            v = clamp(x - t, STREAM_BOUND)
            return clamp(v + shift(v * inverse, 14), STREAM_BOUND)
        r = 16384 + self.table('scale', s)
        e = 2 ** 28 - r * (16384 + inverse)
        r = r + shift(r * torch.floor(e / 256), 20)
        return clamp(shift(x * r, 14) + t, STREAM_BOUND)

    def box_means(self, x):
        out = []
        for k, m in ((3, 29127), (5, 10486), (7, 5350)):
            p = F.pad(x, (k // 2,) * 4, mode='replicate').transpose(0, 1)
            total = F.conv2d(p, torch.ones(1, 1, k, k, dtype=torch.float64)).transpose(0, 1)
            out.append(torch.floor((total * m + 2 ** 17) / 2 ** 18))
        return out

    def subtract(self, x, mean):
        return x - mean

    def gain(self, x, name, code):
        e = self.quality_row(name, code).long()
        i, table = (e >> 8) & 255, tensor(self.t['exp2'])
        m = table[i] + torch.floor(((table[i + 1] - table[i]) * (e & 255) + 128) / 256)
        n = (14 - (e >> 16)).double()[None, :, None, None]
        v = x * m[None, :, None, None]
        v = torch.where(n > 0, torch.floor((v + torch.floor(2.0 ** (n - 1))) / 2.0 ** n), v * 2.0 ** -n)
        return clamp(v, 32767 if name == 'gain' else STREAM_BOUND)

    def mix(self, both, mask):
        """FDSM-S: components with 13 fractional bits."""
        low, high = both.chunk(2, 1)
        m = self.table('sigmoid', mask).repeat_interleave(3, 1)
        return clamp(shift(high * 16384 + m * (low - high), self.pixel_frac + 1), 131071)

    def components(self, samples, top):
        """Rotated components of samples 0 .. top, [1, 3, h, w]."""
        t = F.conv2d(2 * samples - top, COLOUR[:, :, None, None])
        m = top * 2 ** (10 - self.pixel_frac)
        return clamp(torch.floor((t + m) / (2 * m)))

    def samples(self, v, top):
        r = F.conv2d(v, COLOUR.t()[:, :, None, None])
        u = torch.floor((r + 2 ** 28 + 2 ** 12) / 2 ** 13).clamp(0, 65536)
        return torch.floor((u * top + 32768) / 65536)


class Codec:
    def __init__(self, data):
        self.t = read_model(data)
        self.m = Integer(self.t)
        self.walk = Walk(self.m, self.m.M, self.m.levels)

    def cost(self, kind, table, value):
        """Bits of values (int64 arrays) coded with the tables of `kind` with these indices."""
        t = self.t
        offset, count, start = (t[f'{kind}.{k}'].astype(np.int64)[table] for k in ('offset', 'count', 'start'))
        cum = t[kind + '.cum'].astype(np.int64)
        k = value - offset
        escape = (k < 0) | (k >= count - 1)
        k = np.where(escape, count - 1, k)
        low = cum[start + k]
        high = np.where(k + 1 < count, cum[np.minimum(start + k + 1, len(cum) - 1)], 65536)
        bits = 16 - np.log2(high - low)
        e = np.where(value < offset, offset - 1 - value, value - offset - count + 1)
        return bits + np.where(escape, 2 + 2 * np.floor(np.log2(np.maximum(e, 0) + 1)), 0)

    @torch.no_grad()
    def code_group(self, y, code):
        """(decoded latents, z, bits) of one group."""
        m, (h, w) = self.m, y.shape[2:]
        z = clamp(shift(self.walk.hyper_analysis(y), m.z_frac), m.z_max)
        values = z[0].numpy().astype(np.int64)
        context = contexts(values, self.t['prior.middle'].astype(np.int64))
        table = (band_of(code) * CONTEXTS + context) * m.Z + np.arange(m.Z)[:, None, None]
        bits = self.cost('prior', table, values).sum()
        features, yhat = self.walk.features(z, h, w), torch.zeros_like(y)
        index_table = torch.from_numpy(self.t['scale_index'].astype(np.int64))
        for s, mask in enumerate(self.walk.masks(h, w)):
            mu, r = self.walk.step(s, features, yhat)
            index = index_table[(clamp(r, 8191) + 8192).long() >> 2]
            v = shift(y.view(mu.shape) - mu, m.y_frac) * (index > 0)
            yhat = yhat + (clamp(mu + v * 2 ** m.y_frac, 32767) * mask).view(y.shape)
            coded = (mask & (index > 0)).numpy()
            bits += self.cost('gauss', index.numpy()[coded], v.numpy()[coded].astype(np.int64)).sum()
        return yhat, z, bits

    @torch.no_grad()
    def run(self, samples, quality, top=255):
        """(bits, rebuilt samples) of a [1, 3, h, w] picture at quality 0 .. 100."""
        h, w = samples.shape[2:]
        code = round(quality * 17.92)
        x = F.pad(self.m.components(samples.double(), top), (0, -w % 16, 0, -h % 16), mode='replicate')
        y = self.m.gain(self.walk.analysis(x), 'gain', code)
        yhat, bits = torch.zeros_like(y), 0
        for top_row in range(0, y.shape[2], 64):
            for left in range(0, y.shape[3], 64):
                group = (slice(None), slice(None), slice(top_row, top_row + 64), slice(left, left + 64))
                yhat[group], _, n = self.code_group(y[group], code)
                bits += n
        return bits, self.m.samples(self.walk.synthesis(yhat, code), top)[:, :, :h, :w]


def psnr(a, b, top=255):
    return -10 * math.log10(max(((a - b) / top).pow(2).mean().item(), 1e-10))


def run_tools(tools, model, path, quality):
    """(bits of the file, decoded samples) by ainnenc and ainndec."""
    with tempfile.TemporaryDirectory() as work:
        coded, decoded = os.path.join(work, 'a.ainn'), os.path.join(work, 'a.png')
        subprocess.run([os.path.join(tools, 'ainnenc'), path, '-o', coded, '-q', str(quality), '-m', model, '-e', '1', '--quiet'], check=True)
        subprocess.run([os.path.join(tools, 'ainndec'), coded, '-o', decoded, '-m', model, '--quiet'], check=True)
        return 8 * os.path.getsize(coded), torch.round(load_picture(decoded, 'cpu') * 255).double()


if __name__ == '__main__':
    p = argparse.ArgumentParser()
    p.add_argument('--model', required=True)
    p.add_argument('--pictures', required=True, help='folder of PNG pictures')
    p.add_argument('--qualities', type=float, nargs='+', default=[0, 30, 70, 100])
    p.add_argument('--every', type=int, default=1)
    p.add_argument('--config')
    p.add_argument('--weights')
    p.add_argument('--tools', help='folder of ainnenc and ainndec')
    a = p.parse_args()
    with open(a.model, 'rb') as f:
        codec = Codec(f.read())
    net = load_weights(a.config, a.weights) if a.weights else None
    for quality in a.qualities:
        rows = []
        for path in sorted(glob.glob(os.path.join(a.pictures, '*.png')))[::a.every]:
            x = load_picture(path, 'cpu')
            if a.tools:
                bits, rebuilt = run_tools(a.tools, a.model, path, quality)
            else:
                bits, rebuilt = codec.run(torch.round(x * 255), quality)
            pixels = x.shape[2] * x.shape[3]
            rows.append([bits / pixels, psnr(rebuilt, torch.round(x * 255).double())])
            if net is not None:
                float_bits, float_psnr, _ = run_picture(net, x, quality * 7 / 100)
                rows[-1] += [float_bits / pixels, float_psnr]
        mean = np.mean(rows, 0)
        line = f'quality {quality:g}, {len(rows)} pictures: {"files" if a.tools else "integer"} {mean[0]:.4f} bpp {mean[1]:.3f} dB'
        if net is not None:
            line += f', float {mean[2]:.4f} bpp {mean[3]:.3f} dB: {100 * (mean[0] / mean[2] - 1):+.2f} %, {mean[1] - mean[3]:+.3f} dB'
        print(line, flush=True)
