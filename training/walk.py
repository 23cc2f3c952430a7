"""One walk through the network for two kinds of arithmetic: floating point, which records the range of every site for
the exporter, and the integers of format-spec/arithmetic.md (integer.py).  An arithmetic provides

  conv(name, x, quality=None, add=None)   a layer by its name in model.md; `add` is what a residual adds to
  couple(x, st, level, forward)           one half of a coupling
  site(name, x)                           x has come to that site
  box_means(x), subtract(x, mean), mix(both, mask), gain(x, name, quality)

Tensors are [batch, channels, height, width]; channel orders are those of model.md.
"""
import torch
import torch.nn.functional as F

from entropy import CELL
from network import box_mean, squeeze, unsqueeze


def crop_lapped(x, transform):
    """The invertible 1x1 of a Lap, between untouched outermost half blocks."""
    x = unsqueeze(x)
    inner = unsqueeze(transform(squeeze(x[:, :, 1:-1, 1:-1])))
    middle = torch.cat([x[:, :, 1:-1, :1], inner, x[:, :, 1:-1, -1:]], 3)
    return squeeze(torch.cat([x[:, :, :1], middle, x[:, :, -1:]], 2))


class Walk:
    """levels: for each level a dict with n_squeeze (after FDSM's own), couplings, c, keep, pdm, lapped."""
    def __init__(self, arithmetic, M, levels, cfrm=2):
        self.m, self.M, self.levels, self.cfrm = arithmetic, M, levels, cfrm

    def bottleneck(self, name, x, quality=None, add=None):
        return self.m.conv(name + '.c', self.m.conv(name + '.b', self.m.conv(name + '.a', x, quality)), add=add)

    def residual(self, name, x, quality, site):
        return self.m.site(site, self.bottleneck(name, x, quality, add=x))

    # ---- Transform ----------------------------------------------------------------------------------------

    def analysis(self, components):
        """Rotated components to what `squeeze` gives."""
        m = self.m
        means, s = m.box_means(m.site('pixel', components)), squeeze(components)
        low = torch.cat([squeeze(v) for v in means], 1)
        high = torch.cat([squeeze(m.subtract(components, v)) for v in means], 1)
        ab = [m.site('pixel', m.conv('fdsm_d.l2', m.conv('fdsm_d.l', low), add=s)),
              m.site('pixel', m.conv('fdsm_d.h2', m.conv('fdsm_d.h', high), add=s))]
        for n, level in enumerate(self.levels):
            for t in range(2):
                for _ in range(level['n_squeeze']):
                    ab[t] = squeeze(ab[t])
                if level['lapped']:
                    ab[t] = m.site('pixel', crop_lapped(ab[t], lambda x: m.conv(f'level{n}.lap.w', x)))
                ab[t] = m.site(f'level{n}.state', m.conv(f'level{n}.w', ab[t]))
            for i in range(level['couplings']):
                op = f'level{n}.coupling{i}'
                ab[0] = m.couple(ab[0], self.bottleneck(op + '.f', ab[1]), n, True)
                ab[1] = m.couple(ab[1], self.bottleneck(op + '.g', ab[0]), n, True)
            if level['keep'] < level['c']:
                ab = [m.site(f'level{n}.down', m.conv(f'level{n}.down.{t}', ab[t])) for t in range(2)]
        return m.site('latent', m.conv('squeeze', torch.cat(ab, 1)))

    def synthesis(self, yhat, quality):
        """Decoded latents to rotated components, through FDSM-S."""
        m = self.m
        x = m.site('cfrm', m.gain(yhat, 'inverse_gain', quality))
        for i in range(self.cfrm):
            x = self.residual(f'cfrm.{i}', x, quality, 'cfrm')
        ab = [m.conv('low', x), m.conv('high', x)]
        for n in reversed(range(len(self.levels))):
            level = self.levels[n]
            if level['keep'] < level['c']:
                for t in range(2):
                    ab[t] = self.residual(f'level{n}.rec.{t}', m.site(f'level{n}.rec', ab[t]), quality, f'level{n}.rec')
                    ab[t] = m.conv(f'level{n}.up.{t}', ab[t])
            ab = [m.site(f'level{n}.state', x) for x in ab]
            for i in reversed(range(level['couplings'])):
                op = f'level{n}.coupling{i}'
                ab[1] = m.couple(ab[1], self.bottleneck(op + '.g', ab[0]), n, False)
                ab[0] = m.couple(ab[0], self.bottleneck(op + '.f', ab[1]), n, False)
            for t in range(2):
                if level['pdm']:
                    ab[t] = self.residual(f'level{n}.pdm.{t}', ab[t], quality, f'level{n}.state')
                ab[t] = m.conv(f'level{n}.winv', ab[t])
                if n == 0:
                    m.site('pixel', ab[t])
                if level['lapped']:
                    ab[t] = m.site('pixel', crop_lapped(ab[t], lambda x: m.conv(f'level{n}.lap.winv', x)))
                for _ in range(level['n_squeeze']):
                    ab[t] = unsqueeze(ab[t])
        both = torch.cat(ab, 1)
        both = m.site('pixel', m.conv('fine.c', m.conv('fine.a', both, quality), add=both))
        mask = m.conv('synthesise.c', m.conv('synthesise.b', m.conv('synthesise.a', both)))
        return unsqueeze(m.mix(both, mask))

    # ---- Entropy networks: one group ------------------------------------------------------------------------

    def hyper_analysis(self, y):
        return self.m.conv('ha.4', self.m.conv('ha.2', self.m.conv('ha.0', y)))

    def features(self, z, height, width):
        m = self.m
        x = unsqueeze(m.conv('hs.3', unsqueeze(m.conv('hs.0', z))))
        return m.conv('hs.6', x)[:, :, :height, :width]

    def step(self, s, features, yhat):
        """Means and scale inputs [1, 4 (group), M / 4, height, width] of all elements."""
        m = self.m
        x = features if s == 0 else torch.cat([features, m.conv(f'red.{s - 1}', yhat)], 1)
        x = m.conv(f'ctx.{s}.5', m.conv(f'ctx.{s}.3', m.conv(f'ctx.{s}.1', x)))
        x = x.view(1, 4, 2, self.M // 4, *x.shape[2:])
        return x[:, :, 0], x[:, :, 1]

    def masks(self, height, width):
        """[4 steps, 4 groups, 1, height, width], true where the step codes the group."""
        masks = torch.zeros(4, 4, 1, height, width, dtype=torch.bool)
        for s in range(4):
            for g in range(4):
                dy, dx = CELL[(s + g) % 4]
                masks[s, g, 0, dy::2, dx::2] = True
        return masks


def layer_weights(net):
    """name: (weight [out, in, k, k] float64, bias, leaky, quality bias or None) of every layer of model.md; 1x1 inverses included."""
    found = {}

    def add(name, conv, leaky=False, quality_bias=None, order=None):
        w, b = conv.weight.detach().double(), conv.bias.detach().double()
        if order is not None:
            w, b = w[order], b[order]
        found[name] = (w, b, leaky, None if quality_bias is None else quality_bias.detach().double())

    def matrix(name, w):
        w = w.detach().double()
        for suffix, v in (('', w), ('inv', torch.linalg.inv(w))):
            found[name + suffix] = (v[:, :, None, None], torch.zeros(len(w), dtype=torch.float64), False, None)

    def bottleneck(name, f):
        add(name + '.a', f.a, True, getattr(f, 'quality_bias', None))
        add(name + '.b', f.b, True)
        add(name + '.c', f.c)

    t, e = net.transform, net.entropy
    for name in ('l', 'h'):
        add(f'fdsm_d.{name}', getattr(t.decompose, name), True)
        add(f'fdsm_d.{name}2', getattr(t.decompose, name + '2'))
    for n, level in enumerate(t.levels):
        matrix(f'level{n}.w', level.w)
        if level.lap is not None:
            matrix(f'level{n}.lap.w', level.lap.w)
        for i, op in enumerate(level.ops):
            bottleneck(f'level{n}.coupling{i}.f', op.f)
            bottleneck(f'level{n}.coupling{i}.g', op.g)
        for stream in range(2):
            if level.keep < level.c:
                add(f'level{n}.down.{stream}', level.down[stream])
                add(f'level{n}.up.{stream}', level.up[stream])
                bottleneck(f'level{n}.rec.{stream}', level.rec[stream].f)
            if level.pdm is not None:
                bottleneck(f'level{n}.pdm.{stream}', level.pdm[stream].f)
    add('squeeze', t.squeeze)
    for i, block in enumerate(t.cfrm):
        bottleneck(f'cfrm.{i}', block.f)
    add('low', t.low)
    add('high', t.high)
    add('fine.a', t.fine.a, True, getattr(t.fine, 'quality_bias', None))
    add('fine.c', t.fine.c)
    add('synthesise.a', t.synthesise.a, True)
    add('synthesise.b', t.synthesise.b, True)
    add('synthesise.c', t.synthesise.c)
    for i in (0, 2, 4):
        add(f'ha.{i}', e.ha[i], i < 4)
    for i in (0, 3):                       # PixelShuffle has channels outermost, unsqueeze positions
        add(f'hs.{i}', e.hs[i], True, order=torch.arange(e.hs[i].out_channels).view(-1, 4).t().reshape(-1))
    add('hs.6', e.hs[6], True)
    for i in range(3):
        add(f'red.{i}', e.red[i], True)
    order = torch.arange(2 * e.M).view(2, 4, e.M // 4).transpose(0, 1).reshape(-1)
    for s in range(4):
        add(f'ctx.{s}.1', e.ctx[s][1], True)
        add(f'ctx.{s}.3', e.ctx[s][3], True)
        add(f'ctx.{s}.5', e.ctx[s][5], order=order)
    return found


def level_configs(net):
    return [dict(n_squeeze=v.n_squeeze, couplings=len(v.ops), c=v.c, keep=v.keep, pdm=v.pdm[0].f.a.out_channels if v.pdm is not None else 0,
                 hidden=v.ops[0].f.a.out_channels, lapped=v.lap is not None) for v in net.transform.levels]


class Float:
    """The network as trained, in float32; remembers the largest magnitude of every channel of every site, and shows `moments`, if
    there are any, what layers get."""
    moments = None

    def __init__(self, net):
        self.net, self.layers, self.peaks = net, {}, {}
        for name, (w, b, leaky, q) in layer_weights(net).items():
            self.layers[name] = (w.float(), b.float(), leaky, None if q is None else q.float())

    def site(self, name, x):
        peak = x.detach().abs().amax((0, 2, 3))
        if name == 'pixel':                # one F for all its channels
            peak = peak.max()[None]
        self.peaks[name] = torch.maximum(self.peaks[name], peak) if name in self.peaks else peak
        return x

    def conv(self, name, x, quality=None, add=None):
        w, b, leaky, q = self.layers[name]
        if q is not None:
            b = b + (quality @ q)[0]
        k = w.shape[2]
        if self.moments:
            self.moments.see(name, x, k)
        x = F.conv2d(x, w, b, 2 if k == 5 else 1, k // 2, groups=len(w) if w.shape[1] == 1 else 1)
        if leaky:
            x = F.leaky_relu(x, 0.125)
        self.site(name, x)
        return x if add is None else x + add

    def couple(self, x, st, level, forward):
        s, t = st.chunk(2, 1)
        site = f'level{level}.state'
        self.site(site, t)
        if forward:
            return self.site(site, x * torch.exp(torch.tanh(s * .5)) + t)
        return self.site(site, self.site(site, x - t) * torch.exp(-torch.tanh(s * .5)))

    def box_means(self, x):
        return [box_mean(x, k) for k in (3, 5, 7)]

    def subtract(self, x, mean):
        return self.site('difference', x - mean)

    def mix(self, both, mask):
        low, high = both.chunk(2, 1)
        return high + torch.sigmoid(mask).repeat_interleave(3, 1) * (low - high)

    def gain(self, x, name, quality):
        gain, inverse = self.net.entropy.gains(quality)
        return x * (gain if name == 'gain' else inverse)
