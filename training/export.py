"""PyTorch weights to a model file (format-spec/model.md), integer and proven free of overflow.

  python3 export.py --config fast --weights weights.pt --shards 'train-*.tar' --out fast.ainnmodel

The float network runs over crops of training pictures and over synthetic extremes; the largest magnitude of every
channel of every site chooses that channel's scale, as fine as the bound allows.  Weights then take the largest scale per
output channel for which no sum can leave 32 bits.
"""
import argparse
import math
import random
import struct

import numpy as np
import torch

import synthetic
import tables
from codec import kmac
from data import Patches
from entropy import mix_weights
from evaluate import load_weights, run_picture
from network import QUALITIES
from rounding import FEW_INPUTS, MOST, Moments, is_narrow, largest_product, round_rows, round_together
from walk import Float, Walk, layer_weights, level_configs

BOUND, STREAM_BOUND, WIDE_BOUND = 8191, 16383, 32767     # after a LeakyReLU; elsewhere; of latents
MAX_FRAC = 13                  # of any site: finer is of no use
LEAST_R, MOST_R = -3.2, 252     # scale inputs below and above mean the least and the largest scale
# Room over the peaks of photographs, room over those of other pictures, and how many times the peak of photographs the latter may
# be. What flows through the transform needs room for every picture, hidden layers may cut off the rarest extremes, and what
# parts of the entropy model say of such pictures may be a little wrong.
ROOM = {'stream': (1.5, 1.3, 1000), 'hidden': (1.3, 1.3, 12), 'entropy': (1.4, .8, 1.6)}
LEAST_PSNR = 20                # of the float network on a synthetic picture that counts
HARD_POOL = 600                # crops from which the hardest are taken
MAX_SHIFT, MAX_WEIGHT, ACC_LIMIT = 30, 32767, 2 ** 31
TYPICAL, TYPICAL_SIZE = 200, 384    # random crops, of what files are mostly made of; large, so that borders count little
RESIDUALS = 2047               # of which the likelihoods are measured
CRC_POLYNOMIAL = 0x82F63B78


# ---- Calibration ------------------------------------------------------------------------------------------------

def gratings(size):
    """Stripes and chequers at full contrast, each of which puts all that it has into a few channels."""
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    for n in (1, 2, 3, 4, 8):
        for first, second in (((0, 0, 0), (1, 1, 1)),) + (((0, 1, 0), (1, 0, 1)), ((0, 0, 1), (1, 1, 0))) * (n < 3):
            for m in (x // n % 2, y // n % 2, (x // n + y // n) % 2):
                yield torch.where(m == 0, torch.tensor(first).view(3, 1, 1), torch.tensor(second).view(3, 1, 1))[None].float()


def extremes(size, drawn=24, seed=11):
    """Pictures unlike photographs: flat extremes, saturated colours, noise, edges as of text, gratings; and such as
    training draws.  (Those that the float network itself loses are left out later.)"""
    g = torch.Generator().manual_seed(5)
    flats = [(0, 0, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1)]
    quilt = torch.zeros(1, 3, size, size)
    for i, colour in enumerate(flats):
        y, x = divmod(i, 4)
        quilt[0, :, y * size // 2:(y + 1) * size // 2, x * size // 4:(x + 1) * size // 4] = torch.tensor(colour).float()[:, None, None]
    text = (torch.rand(1, 1, size // 4, size // 2, generator=g) < .25).float()
    text = 1 - torch.nn.functional.interpolate(text, size=(size, size)).repeat(1, 3, 1, 1)
    colours = torch.nn.functional.interpolate((torch.rand(1, 3, size // 8, size // 8, generator=g) < .5).float(), size=(size, size))
    noise = (.5 + .1 * torch.randn(1, 3, size, size, generator=g)).clamp(0, 1)
    grey = torch.rand(1, 1, size, size, generator=g).repeat(1, 3, 1, 1)
    made = [torch.zeros(1, 3, size, size), torch.ones(1, 3, size, size), quilt, text, colours, noise, grey, *gratings(size)]
    return made + [torch.from_numpy(x[:size, :size].copy()).permute(2, 0, 1)[None] / 255 for x in synthetic.pictures(drawn, seed)]


@torch.no_grad()
def calibrate(net, pictures, qualities, moments=None):
    """Peaks of every site, and those of y, z, and the scale inputs (`r`)."""
    arithmetic = Float(net)
    walk = Walk(arithmetic, net.transform.M, level_configs(net))
    for n, x in enumerate(pictures):
        arithmetic.moments = moments
        latent = walk.analysis(net.transform.rotate(x))
        for q in qualities:
            arithmetic.moments = moments if q == qualities[n % len(qualities)] else None       # one quality a picture is enough
            mix = mix_weights(torch.tensor([float(q)]))
            y = arithmetic.gain(latent, 'gain', mix)
            z = walk.hyper_analysis(y)
            arithmetic.site('z', z.abs().amax()[None, None, None, None])
            features, y_hat = walk.features(torch.round(z), *y.shape[2:]), torch.zeros_like(y)
            for s, mask in enumerate(walk.masks(*y.shape[2:])):
                mu, r = walk.step(s, features, y_hat)
                v = y.view(mu.shape) - mu
                y_hat += ((mu + torch.round(v)) * mask).view(y.shape)
                arithmetic.site('r', (r * mask).amax()[None, None, None, None])
            arithmetic.site('y', torch.maximum(y.abs().amax(), y_hat.abs().amax())[None, None, None, None])
            walk.synthesis(y_hat, mix)
    return {name: peak.double().numpy() for name, peak in arithmetic.peaks.items()}


@torch.no_grad()
def hyperlatents(net, latents, limit):
    """(quality code, [channel, row, column]) as they are coded, at every anchor quality."""
    for q in range(QUALITIES):
        gain = net.entropy.gains(mix_weights(torch.tensor([float(q)])))[0]
        for y in latents:
            yield 256 * q, torch.round(net.entropy.ha(y * gain))[0].clamp(-limit, limit).long().numpy()


@torch.no_grad()
def residual_counts(net, latents, scales):
    """How often each residual (-R .. R) is coded at each scale, every quality counting alike."""
    reach, total = RESIDUALS // 2, np.zeros((len(scales), RESIDUALS))
    for q in range(QUALITIES):
        counts, mix = np.zeros(total.size), mix_weights(torch.tensor([float(q)]))
        for y in latents:
            values, sigma = net.entropy.residuals(y, mix)
            index = tables.nearest_scale(sigma.double().numpy(), scales).astype(np.int64)
            counts += np.bincount((index * RESIDUALS + values.clamp(-reach, reach).long().numpy() + reach).ravel(), minlength=total.size)
        counts = counts.reshape(total.shape)
        total += counts / max(counts[1:].sum(), 1) * len(latents) * 1e4        # the lowest scale is not coded
    return total


def frac_of(peak, bound=BOUND):
    """The most fractional bits with which the peak stays in bounds; need not be whole."""
    return np.minimum(np.log2(bound / np.maximum(peak, 1e-9)), MAX_FRAC)


def whole(frac):
    return int(math.floor(frac))


# ---- Layers -----------------------------------------------------------------------------------------------------

def is_stream(site):
    return site in ('pixel', 'cfrm', 'latent') or site.endswith(('.state', '.down', '.rec'))


def room_of(site):
    entropy = site in ('y', 'z', 'r') or site.startswith(('ha.', 'hs.', 'red.', 'ctx.'))
    return ROOM['stream' if is_stream(site) else 'entropy' if entropy else 'hidden']


class Sites:
    """F of every channel at the input and the output of every layer."""
    def __init__(self, photographs, hard, levels, M, most_of_all):
        self.levels, self.M, self.frac = levels, M, {}
        peaks = {}
        for name in photographs:
            natural, other, most = room_of(name)
            peak = np.maximum(photographs[name] * natural, np.minimum(hard[name] * other, photographs[name] * min(most, most_of_all)))
            if name in ('hs.0', 'hs.3'):               # four positions of a channel
                peak = np.tile(peak.reshape(4, -1).max(0), 4)
            peaks[name], self.frac[name] = peak, frac_of(peak, STREAM_BOUND if is_stream(name) else BOUND)
        self.peaks = peaks
        self.pixel = min(whole(self.frac['pixel'][0]), 10)
        self.y, self.z = whole(frac_of(peaks['y'][0], WIDE_BOUND)), whole(self.frac['z'][0])
        low, high = LEAST_R, min(max(photographs['r'].item() * ROOM['entropy'][0], 16), MOST_R)
        self.r = whole(frac_of((high - low) / 2))
        self.r_centre = low + BOUND / 2 ** self.r
        self.r_top = min(2 * BOUND / 2 ** self.r + low, MOST_R)

    def state(self, n):
        return self.frac[f'level{n}.state']

    def kept(self, n, direction):
        """Where a level's channels go when fewer are kept than it has: `down` in analysis, `rec` in synthesis."""
        level = self.levels[n]
        return self.frac[f'level{n}.{direction}'] if level['keep'] < level['c'] else self.state(n)

    def source(self, n, direction):
        """The squeezed channels that a level's 1x1 takes (or its inverse makes)."""
        if n == 0:
            return np.full(self.levels[0]['c'], self.pixel)
        return np.tile(self.kept(n - 1, direction), 4 ** self.levels[n]['n_squeeze'])

    def of(self, name, channels):
        """(F of the input's channels, its bound, F of the output's channels)"""
        part, last = name.split('.'), len(self.levels) - 1
        pixels = np.full(channels, self.pixel)
        own = self.frac.get(name)
        y = np.full(self.M, self.y)
        if part[0] == 'fdsm_d':
            return (pixels, STREAM_BOUND, own) if part[1] in ('l', 'h') else (self.frac[name[:-1]], BOUND, np.full(12, self.pixel))
        if part[0].startswith('level'):
            n = int(part[0][5:])
            if part[1] == 'lap':
                return pixels, STREAM_BOUND, pixels
            if part[1] == 'w':
                return self.source(n, 'down'), STREAM_BOUND, self.state(n)
            if part[1] == 'winv':
                return self.state(n), STREAM_BOUND, self.source(n, 'rec')
            if part[1] == 'down':
                return self.state(n), STREAM_BOUND, self.frac[f'level{n}.down']
            if part[1] == 'up':
                return self.frac[f'level{n}.rec'], STREAM_BOUND, self.state(n)
            stream = self.frac[f'level{n}.rec'] if part[1] == 'rec' else self.state(n)
            scales = np.full(len(stream), 10)
            return self.bottleneck(name, stream, np.concatenate([scales, stream]) if part[1].startswith('coupling') else stream)
        if part[0] == 'cfrm':
            return self.bottleneck(name, self.frac['cfrm'], self.frac['cfrm'])
        if name == 'squeeze':
            return np.tile(self.kept(last, 'down'), 2), STREAM_BOUND, self.frac['latent']
        if name in ('low', 'high'):
            return self.frac['cfrm'], STREAM_BOUND, self.kept(last, 'rec')
        chains = {'fine.c': 'fine.a', 'synthesise.b': 'synthesise.a', 'synthesise.c': 'synthesise.b', 'ha.2': 'ha.0', 'ha.4': 'ha.2'}
        source = self.frac[chains[name]] if name in chains else pixels
        if name == 'fine.c':
            return source, BOUND, np.full(24, self.pixel)
        if name == 'synthesise.c':
            return source, BOUND, np.full(4, 10)
        if part[0] in ('fine', 'synthesise'):
            return source, BOUND if name in chains else STREAM_BOUND, own
        if name == 'ha.4':
            return source, BOUND, np.full(len(own), self.z)
        if name == 'ha.2':
            return source, BOUND, own
        if name == 'ha.0' or part[0] == 'red':
            return y, WIDE_BOUND, own
        if name == 'hs.0':
            return np.zeros(channels), self.z_max, own
        if part[0] == 'hs':
            before = self.frac['hs.0' if name == 'hs.3' else 'hs.3']
            return before[:len(before) // 4], BOUND, own
        step = int(part[1])
        if part[2] == '1':
            parts = [self.frac['hs.6']] + ([self.frac[f'red.{step - 1}']] if step else [])
            return np.concatenate(parts), BOUND, own
        if part[2] == '3':
            return self.frac[f'ctx.{step}.1'], BOUND, own
        quarter = self.M // 4
        return self.frac[f'ctx.{step}.3'], BOUND, np.tile(np.repeat([self.y, self.r], quarter), 4)

    def bottleneck(self, name, stream, out):
        stem = name[:-2]
        return {'a': (stream, STREAM_BOUND, self.frac.get(stem + '.a')), 'b': (self.frac[stem + '.a'], BOUND, self.frac[stem + '.b']),
                'c': (self.frac[stem + '.b'], BOUND, out)}[name[-1]]


def quantise(name, w, bias, quality_bias, frac_in, bound, frac_out, moments=None, free=False):
    """Integers (weights, bias, shifts, quality bias) of one layer, each output channel with the largest scale that cannot overflow
    or, given what `moments` the inputs have, for which weights fit eight bits; then the largest sum and F of the outputs, which
    may be less than asked for where it is `free`."""
    depthwise = w.shape[1] == 1 and len(w) == len(frac_in) and len(w) > 1
    in_rows = w.shape[2] == 3 and not depthwise and w.shape[1] <= FEW_INPUTS
    per_input = (frac_in[:, None] if depthwise else frac_in[None])[:, :, None, None]
    real = w * 2.0 ** -per_input                                          # what one unit of input is worth
    real, bias = real.reshape(len(w), -1), bias.astype(np.float64)
    extra = np.zeros(len(w)) if quality_bias is None else np.abs(quality_bias).max(0)
    worst = bound * np.abs(real).sum(1) + np.abs(bias) + extra
    shift = np.minimum(np.floor(np.log2(ACC_LIMIT / np.maximum(worst, 1e-30)) - frac_out) + 1, MAX_SHIFT)
    whole = None
    if moments is not None:
        finest = np.log2(MOST / np.maximum(np.abs(real).max(1), 1e-30))
        shift = np.minimum(shift - 1, (np.ceil if free else np.floor)(finest - frac_out))
        if free:                                       # the next layer takes the outputs as they are: a little coarser, but with all of the eight bits
            frac_out = np.minimum(frac_out, finest - shift)
        step = 2.0 ** -(shift + frac_out)
        whole, correction = round_together(real, step, moments.of(name, w.shape[1], 2.0 ** -frac_in))
        bias = bias + correction
    while True:
        factor = 2.0 ** (shift + frac_out)
        wi, bi = (round_rows if in_rows else np.rint)(real * factor[:, None]) if whole is None else whole, np.rint(bias * factor)
        qi = None if quality_bias is None else np.rint(quality_bias * factor)
        total = bound * np.abs(wi).sum(1) + np.abs(bi) + (0 if qi is None else np.abs(qi).max(0)) + 2.0 ** (shift - 1)
        over = (total >= ACC_LIMIT) | (np.abs(wi).max(1) > MAX_WEIGHT) | (in_rows and largest_product(wi) > MAX_WEIGHT)
        if not over.any():
            break
        if whole is not None:
            raise SystemExit(f'{name}: weights of eight bits are too much for output channel {over.argmax()}')
        shift = shift - over
    if shift.min() < 1:
        raise SystemExit(f'{name}: the scale of output channel {shift.argmin()} is too fine for its weights')
    return wi.reshape(w.shape).astype(np.int64), bi.astype(np.int64), shift.astype(np.int64), None if qi is None else qi.astype(np.int64), total.max(), frac_out


def p16(n):
    return -(-n // 16) * 16


def pad(a, axis, size, value=0):
    widths = [(0, 0)] * a.ndim
    widths[axis] = (0, size - a.shape[axis])
    return np.pad(a, widths, constant_values=value)


def layer_tensors(name, w, b, s, q):
    """The layer's tensors in the layout of model.md."""
    out, channels, taps = w.shape[0], w.shape[1], w.shape[2] * w.shape[3]
    if channels == 1 and taps == 9 and name.endswith('.b'):
        found = {'.w': pad(w.reshape(out, 9).T, 1, p16(out))}
    else:
        w = pad(pad(w.reshape(out, channels, taps), 0, p16(out)), 1, p16(channels))
        w = w.reshape(p16(out) // 16, 16, p16(channels) // 2, 2, taps)
        found = {'.w': w.transpose(0, 4, 2, 1, 3)}
    # flattened to at most four dimensions: [out/16][tap][in/2][32]
    w = found['.w']
    found = {name + '.w': (w.reshape(*w.shape[:3], 32) if w.ndim == 5 else w).astype(np.int16), name + '.b': pad(b, 0, p16(out)).astype(np.int32),
             name + '.s': pad(s, 0, p16(out), 1).astype(np.uint8)}
    if q is not None:
        found[name + '.q'] = pad(q, 1, p16(out)).astype(np.int32)
    return found


# ---- File -------------------------------------------------------------------------------------------------------

def crc32c(data):
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (CRC_POLYNOMIAL if n & 1 else 0)
        table.append(n)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


TYPES = {'int16': 0, 'int32': 1, 'uint8': 2, 'uint16': 3}


METRICS = ('mse', 'msssim')


def model_file(name, tensors, metric='mse'):
    entries, data, offset = [], [], 64 * (1 + len(tensors))
    for key in sorted(tensors):
        a = np.ascontiguousarray(tensors[key])
        dims = list(a.shape) + [1] * (4 - a.ndim)
        entries.append(struct.pack('<40sBBH5I', key.encode(), TYPES[a.dtype.name], a.ndim, 0, *dims, offset))
        raw = a.astype(a.dtype.newbyteorder('<')).tobytes()
        raw += bytes(-len(raw) % 64)
        data.append(raw)
        offset += len(raw)
    body = b''.join(entries + data)
    return struct.pack('<8sIIII32sB7x', b'AINNMODL', 3, 64 + len(body), crc32c(body), len(tensors), name.encode(), METRICS.index(metric)) + body


def export(net, name, pictures, hard, qualities=(0, 4, 7), most=1000, typical=(), shares=None, metric='mse'):
    """Bytes of the model file and a summary. The first pictures and the hard ones set the ranges, the typical ones the tables.
    `shares`: the mixtures of the latents' tables, not to be measured."""
    levels, M = level_configs(net), net.transform.M
    hard = [x for x in hard if run_picture(net, x, QUALITIES - 1)[1] > LEAST_PSNR]     # elsewhere its ranges mean nothing
    moments = Moments()
    sites = Sites(calibrate(net, pictures, qualities, moments), calibrate(net, hard, qualities), levels, M, most)
    sites.z_max = max(BOUND >> max(sites.z, 2), 1)
    with torch.no_grad():
        latents = [net.transform.analysis(x) for x in typical]
    prior, middle = tables.prior_tables(net.entropy.prior, sites.z_max, list(hyperlatents(net, latents, sites.z_max)))
    scales = tables.gauss_scales(sites.r_top)
    tensors, widest, worst = {}, 0, 0
    for key, (w, b, leaky, q) in layer_weights(net).items():
        w, b = w.numpy(), b.numpy()
        f_in, bound, f_out = sites.of(key, len(w) if key.endswith('.b') and w.shape[1] == 1 else w.shape[1])
        if key.startswith('ctx') and key.endswith('.5'):
            b = b - np.tile(np.repeat([0, sites.r_centre], M // 4), 4)
        free = f_out is sites.frac.get(key)                          # no other layer's outputs have to have the same F
        wi, bi, s, qi, total, f = quantise(key, w, b, None if q is None else q.numpy(), f_in, bound, f_out, moments if is_narrow(key) else None, free)
        if free:
            sites.frac[key] = f
        widest, worst = max(widest, int(np.abs(wi).max())), max(worst, total)
        tensors.update(layer_tensors(key, wi, bi, s, qi))
    e = net.entropy
    gain, inverse = e.gain.detach().double().numpy(), e.inverse_gain.detach().double().numpy()
    tensors['gain'] = np.rint((gain / math.log(2) + sites.y - sites.frac['latent']) * 65536).astype(np.int32)
    tensors['inverse_gain'] = np.rint(((inverse - gain) / math.log(2) + sites.frac['cfrm'] - sites.y) * 65536).astype(np.int32)
    tensors.update({'exp2': tables.exp2_table(), 'scale': tables.scale_table(), 'sigmoid': tables.sigmoid_table(),
                    'scale_index': tables.scale_index(scales, sites.r, sites.r_centre), 'prior.middle': middle})
    if shares is None:
        shares = tables.mixtures(residual_counts(net, latents, scales), scales)
    tensors.update({'gauss.' + k: v for k, v in tables.pack(tables.residual_tables(scales, shares)).items()})
    tensors.update({'prior.' + k: v for k, v in tables.pack(prior).items()})
    N, Z = e.ha[0].out_channels, e.ha[4].out_channels
    config = [M, N, Z, sites.y, sites.pixel, sites.z_max, sites.z, len(levels)]
    for level in levels:
        config += [level['n_squeeze'], level['couplings'], level['hidden'], level['keep'], level['pdm'], int(level['lapped'])]
    tensors['config'] = np.array(config, np.int32)
    lines = [f'{k}: F {v.min():.1f} to {v.max():.1f}' for k, v in sorted(sites.frac.items())]
    lines.append(f'pixel F {sites.pixel}, y F {sites.y}, z F {sites.z} (largest {sites.z_max}), r F {sites.r} around {sites.r_centre:.2f}; peaks with '
                 f'margins: ' + ', '.join(f'{k} {sites.peaks[k].max():.4g}' for k in ('pixel', 'y', 'z', 'r')))
    lines.append(f'largest weight {widest}, largest sum 2^{math.log2(worst):.3f}')
    return model_file(name, tensors, metric), lines


def calibration_pictures(draw, count):
    """Half of them random crops, half the hardest of many: clipped values cost far more than coarse ones."""
    pool = torch.cat([draw(50) for _ in range(HARD_POOL // 50)])
    contrast = (pool - torch.nn.functional.avg_pool2d(pool, 9, 1, 4)).abs().flatten(1).mean(1)
    hard = pool[contrast.topk(count // 2).indices]
    return [x[None] for x in torch.cat([hard, draw(count - len(hard))])]


if __name__ == '__main__':
    p = argparse.ArgumentParser()
    p.add_argument('--config', required=True)
    p.add_argument('--weights', required=True)
    p.add_argument('--shards', nargs='+', required=True, help='training pictures: tar files, folders or files, as patterns')
    p.add_argument('--crops', type=int, default=32)
    p.add_argument('--most', type=float, default=1000, help='times the peak of photographs that other pictures get room for; for '
                   'networks that have seen photographs alone, which exaggerate all else: 2')
    p.add_argument('--gaussian', action='store_true', help='plain Gaussians in the tables, so that rates compare with those of the float network')
    p.add_argument('--metric', choices=METRICS, default='mse', help='what the weights were trained for, as for train.py')
    p.add_argument('--name', help='name in the file; default: the configuration')
    p.add_argument('--out', required=True)
    a = p.parse_args()
    network = load_weights(a.config, a.weights)
    torch.manual_seed(11)
    random.seed(11)
    patches = Patches(a.shards, TYPICAL_SIZE, 'cpu')
    patches.set_crop(256)
    calibration = calibration_pictures(patches, a.crops)
    patches.set_crop(TYPICAL_SIZE)
    data, summary = export(network, a.name or a.config, calibration, extremes(256), most=a.most, typical=[patches(1) for _ in range(TYPICAL)],
                           shares=tables.PLAIN if a.gaussian else None, metric=a.metric)
    with open(a.out, 'wb') as f:
        f.write(data)
    print('\n'.join(summary))
    print(f'{a.out}: {len(data)} bytes, id {crc32c(data[64:]):08x}, kMAC a pixel (analysis, entropy, synthesis): {kmac(network)}')
