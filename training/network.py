"""The A-INN transform: image to latent and back.

Names follow the paper: FDSM-D / FDSM-S (frequency decomposition and synthesis), Level (squeeze, invertible 1x1,
affine couplings between the low and the high stream), MS-CFRM and CFRM (channel squeeze and its recovery), PDM
(progressive denoising on the way back).  Two additions of ours, measured in NOTES.md: Lap, an invertible 1x1 on
blocks shifted by half a block, which starts as a lapped transform and so removes block edges; and a bias per quality
in every denoising block, which costs no multiplications.

Every module here has a twin of the same name in libainn/transform/.
"""
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

SLOPE = 0.125          # of every LeakyReLU: a shift in integer arithmetic
QUALITIES = 8          # anchor qualities; everything that depends on quality is interpolated between them
PIXEL_SCALE = 8.0      # what [0, 1] is multiplied with after the colour rotation


def act(x):
    return F.leaky_relu(x, SLOPE)


def squeeze(x):
    """2x2 space to channel; new channel = position (dy, dx) major, old channel minor."""
    b, c, h, w = x.shape
    return x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 3, 5, 1, 2, 4).reshape(b, 4 * c, h // 2, w // 2)


def unsqueeze(x):
    b, c, h, w = x.shape
    c //= 4
    return x.view(b, 2, 2, c, h, w).permute(0, 3, 4, 1, 5, 2).reshape(b, c, h * 2, w * 2)


def squeeze_positions(n):
    """For n squeezes: the (y, x) inside the 2^n block that each position index (channel // old channels) holds."""
    out = []
    for index in range(4 ** n):
        y = x = 0
        for level in range(n):           # least significant base-4 digit: the first squeeze, the finest position
            digit = index // 4 ** level % 4
            y += (digit // 2) << level
            x += (digit % 2) << level
        out.append((y, x))
    return out


def dct_matrix(n):
    k = torch.arange(n, dtype=torch.float64)
    d = torch.cos(math.pi * (k[None] + .5) * k[:, None] / n) * (2 / n) ** .5
    d[0] /= 2 ** .5
    return d


def separable(matrix, channels, n, order=None):
    """2-D separable transform of 2^n blocks as a matrix over the channels that n squeezes make."""
    pos = torch.tensor(squeeze_positions(n))
    rows = order or squeeze_positions(n)
    w = torch.stack([matrix[u][pos[:, 0]] * matrix[v][pos[:, 1]] for u, v in rows])
    return torch.kron(w, torch.eye(channels, dtype=w.dtype)).float()


def block_dct(channels, n):
    """Orthonormal DCT-II of 2^n blocks, low frequencies first."""
    size = 2 ** n
    order = [(u, v) for _, _, u, v in sorted((u + v, max(u, v), u, v) for u in range(size) for v in range(size))]
    return separable(dct_matrix(size), channels, n, order)


def lapped_filter(n=8):
    """Orthonormal prefilter across a block edge: with the DCT after it, a lapped transform in closed form."""
    h = n // 2
    k = torch.arange(h, dtype=torch.float64)
    dct4 = torch.cos(math.pi * (k[:, None] + .5) * (k[None] + .5) / h) * (2 / h) ** .5
    flip = torch.flip(torch.eye(h, dtype=torch.float64), (0,))
    v = flip @ dct_matrix(h).T @ dct4 @ flip
    butterfly = torch.cat([torch.cat([torch.eye(h, dtype=torch.float64), flip], 1),
                           torch.cat([flip, -torch.eye(h, dtype=torch.float64)], 1)]) / 2 ** .5
    return butterfly @ torch.block_diag(torch.eye(h, dtype=torch.float64), v) @ butterfly


class Depthwise(nn.Conv2d):
    """Depthwise 3x3.  On CUDA it can be written as nine shifted products, which torch.compile fuses."""
    shifted = os.environ.get('AINN_DEPTHWISE') == 'shifted'

    def __init__(self, c):
        super().__init__(c, c, 3, padding=1, groups=c)
        with torch.no_grad():                              # starts near the identity
            self.weight.mul_(.3)
            self.weight[:, 0, 1, 1] += .7

    def forward(self, x):
        if not Depthwise.shifted:
            return super().forward(x)
        h, w = x.shape[2:]
        x = F.pad(x, (1, 1, 1, 1))
        taps = self.weight.to(x.dtype)
        out = self.bias.to(x.dtype)[None, :, None, None]
        for dy in range(3):
            for dx in range(3):
                out = out + x[:, :, dy:dy + h, dx:dx + w] * taps[None, :, 0, dy, dx, None, None]
        return out


class Bottleneck(nn.Module):
    """1x1, depthwise 3x3, 1x1; the last layer starts at zero."""
    def __init__(self, cin, hidden, cout, quality_bias=False):
        super().__init__()
        self.a = nn.Conv2d(cin, hidden, 1)
        self.b = Depthwise(hidden)
        self.c = nn.Conv2d(hidden, cout, 1)
        if quality_bias:
            self.quality_bias = nn.Parameter(torch.zeros(QUALITIES, hidden))
        nn.init.zeros_(self.c.weight)
        nn.init.zeros_(self.c.bias)

    def forward(self, x, mix=None):
        t = self.a(x)
        if hasattr(self, 'quality_bias'):
            t = t + (mix @ self.quality_bias).to(t.dtype)[:, :, None, None]
        return self.c(act(self.b(act(t))))


class Residual(nn.Module):
    """x + f(x), f told the quality: the building block of CFRM and PDM. `mix` are the weights of the anchors."""
    def __init__(self, c, hidden, quality_bias=True):
        super().__init__()
        self.f = Bottleneck(c, hidden, c, quality_bias)

    def forward(self, x, mix):
        return x + self.f(x, mix)


class Fine(nn.Module):
    """The last PDM stage: both streams at half resolution, two plain 3x3 (few channels, so depthwise would not pay)."""
    def __init__(self, c, hidden, quality_bias=True):
        super().__init__()
        self.a, self.c = nn.Conv2d(c, hidden, 3, padding=1), nn.Conv2d(hidden, c, 3, padding=1)
        nn.init.zeros_(self.c.weight)
        nn.init.zeros_(self.c.bias)
        if quality_bias:
            self.quality_bias = nn.Parameter(torch.zeros(QUALITIES, hidden))

    def forward(self, x, mix):
        t = self.a(x)
        if hasattr(self, 'quality_bias'):
            t = t + (mix @ self.quality_bias).to(t.dtype)[:, :, None, None]
        return x + self.c(act(t))


class Coupling(nn.Module):
    """a' = a*s(b) + t(b), then b' = b*s(a') + t(a'); undone in reverse. The scale stays within [1/e, e]."""
    def __init__(self, c, hidden):
        super().__init__()
        self.f, self.g = Bottleneck(c, hidden, 2 * c), Bottleneck(c, hidden, 2 * c)

    def fwd(self, a, b):
        s, t = self.f(b).chunk(2, 1)
        a = a * torch.exp(torch.tanh(s * .5)) + t
        s, t = self.g(a).chunk(2, 1)
        return a, b * torch.exp(torch.tanh(s * .5)) + t

    def rev(self, a, b):
        s, t = self.g(a).chunk(2, 1)
        b = (b - t) * torch.exp(-torch.tanh(s * .5))
        s, t = self.f(b).chunk(2, 1)
        return (a - t) * torch.exp(-torch.tanh(s * .5)), b


def invert(w):
    """Inverse of an invertible 1x1, in float32, without waiting for the device."""
    with torch.autocast(device_type=w.device.type, enabled=False):
        return torch.linalg.inv_ex(w.float(), check_errors=False)[0]


def pointwise(x, w):
    return F.conv2d(x, w.to(x.dtype)[:, :, None, None])


class Lap(nn.Module):
    """Invertible 1x1 over 8x8 blocks that straddle the corners of the level's own blocks; the picture's outermost
    half block stays as it is.  In the squeezed domain a straddling block is one quarter of each of four neighbours."""
    def __init__(self, cin, n_squeeze):
        super().__init__()
        self.quarter = cin * 4 ** (n_squeeze - 1)
        self.w = nn.Parameter(separable(lapped_filter(2 ** n_squeeze), cin, n_squeeze))

    def apply_matrix(self, x, w):
        q = self.quarter
        x = unsqueeze(x)                                   # quarters become positions: half-block resolution
        inner = unsqueeze(pointwise(squeeze(x[:, :, 1:-1, 1:-1]), w))
        top, bottom = x[:, :, :1], x[:, :, -1:]
        middle = torch.cat([x[:, :, 1:-1, :1], inner.to(x.dtype), x[:, :, 1:-1, -1:]], 3)
        return squeeze(torch.cat([top, middle, bottom], 2))

    def fwd(self, x):
        return self.apply_matrix(x, self.w)

    def rev(self, x, inverse):
        return self.apply_matrix(x, inverse)


class Level(nn.Module):
    """Squeezes, invertible 1x1, couplings; on the way back PDM before the inverse 1x1.  With `keep` smaller than
    the channels there are, a channel squeeze ends the level and MS-CFRM (up, rec) begins the way back."""
    def __init__(self, cin, n_squeeze, couplings, hidden, keep=None, pdm=0, lapped=False, quality_bias=True):
        super().__init__()
        self.n_squeeze, self.c = n_squeeze, cin * 4 ** n_squeeze
        self.keep = keep or self.c
        self.lap = Lap(cin, n_squeeze) if lapped else None
        self.w = nn.Parameter(block_dct(cin, n_squeeze))
        self.ops = nn.ModuleList([Coupling(self.c, hidden) for _ in range(couplings)])

        def pair(make):
            return nn.ModuleList([make(), make()])
        self.pdm = pair(lambda: Residual(self.c, pdm, quality_bias)) if pdm else None
        if self.keep < self.c:
            self.down = pair(lambda: nn.Conv2d(self.c, self.keep, 1))
            self.up = pair(lambda: nn.Conv2d(self.keep, self.c, 1))
            self.rec = pair(lambda: Residual(self.keep, pdm or hidden, quality_bias))

    def linear(self, x):
        for _ in range(self.n_squeeze):
            x = squeeze(x)
        if self.lap is not None:
            x = self.lap.fwd(x)
        return pointwise(x, self.w)

    def fwd(self, a, b):
        a, b = self.linear(a), self.linear(b)
        for op in self.ops:
            a, b = op.fwd(a, b)
        if self.keep < self.c:
            a, b = self.down[0](a), self.down[1](b)
        return a, b

    def rev(self, a, b, mix):
        if self.keep < self.c:
            a, b = self.up[0](self.rec[0](a, mix)), self.up[1](self.rec[1](b, mix))
        for op in reversed(self.ops):
            a, b = op.rev(a, b)
        if self.pdm is not None:
            a, b = self.pdm[0](a, mix), self.pdm[1](b, mix)
        inverse = invert(self.w)
        lap_inverse = invert(self.lap.w) if self.lap is not None else None
        out = []
        for x in (a, b):
            x = pointwise(x, inverse)
            if self.lap is not None:
                x = self.lap.rev(x, lap_inverse)
            for _ in range(self.n_squeeze):
                x = unsqueeze(x)
            out.append(x)
        return out


def box_mean(x, k):
    r = k // 2
    return F.avg_pool2d(F.pad(x, (r, r, r, r), mode='replicate'), k, 1)


class FDSM_D(nn.Module):
    """Low and high stream from window means and the differences to them, at half resolution (12 channels)."""
    def __init__(self, hidden=16):
        super().__init__()
        self.l, self.h = nn.Conv2d(36, hidden, 1), nn.Conv2d(36, hidden, 1)
        self.l2, self.h2 = nn.Conv2d(hidden, 12, 3, padding=1), nn.Conv2d(hidden, 12, 3, padding=1)
        for m in (self.l2, self.h2):
            nn.init.zeros_(m.weight)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        means = [box_mean(x, k) for k in (3, 5, 7)]
        s = squeeze(x)
        low = s + self.l2(act(self.l(torch.cat([squeeze(m) for m in means], 1))))
        high = s + self.h2(act(self.h(torch.cat([squeeze(x - m) for m in means], 1))))
        return low, high


class FDSM_S(nn.Module):
    """Attention mask at half resolution, one value a pixel for all colours; mixes the two streams."""
    def __init__(self, hidden=16):
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(24, hidden, 3, padding=1), nn.Conv2d(hidden, hidden, 3, padding=1),
                                  nn.Conv2d(hidden, 4, 3, padding=1))
        nn.init.zeros_(self.c.weight)
        nn.init.zeros_(self.c.bias)

    def forward(self, both):
        m = torch.sigmoid(self.c(act(self.b(act(self.a(both))))).float())
        low, high = both.float().chunk(2, 1)
        m = m.repeat_interleave(3, 1)                      # position major, colour minor, as squeeze() orders them
        return unsqueeze(high + m * (low - high))


class Transform(nn.Module):
    def __init__(self, M, levels, cfrm, fine=32, quality_bias=True):
        super().__init__()
        self.M = M
        colour = torch.tensor([[1 / 3 ** .5] * 3, [1 / 2 ** .5, 0, -1 / 2 ** .5], [1 / 6 ** .5, -2 / 6 ** .5, 1 / 6 ** .5]])
        self.register_buffer('colour', colour, persistent=False)
        self.decompose, self.synthesise = FDSM_D(), FDSM_S()
        self.levels, c = nn.ModuleList(), 12
        for i, cfg in enumerate(levels):                   # the first squeeze is done by FDSM-D
            cfg = dict(cfg)
            if i == 0:
                cfg['n_squeeze'] -= 1
            self.levels.append(Level(c, quality_bias=quality_bias, **cfg))
            c = self.levels[-1].keep
        self.fine = Fine(24, fine, quality_bias)
        self.squeeze = nn.Conv2d(2 * c, M, 1)
        self.cfrm = nn.ModuleList([Residual(M, cfrm, quality_bias), Residual(M, cfrm, quality_bias)])
        self.low, self.high = nn.Conv2d(M, c, 1), nn.Conv2d(M, c, 1)
        first = self.levels[0]
        if first.c == 192 and first.n_squeeze == 2:        # 8x8 blocks of three colours, seen from half resolution
            with torch.no_grad():
                first.w.copy_(block_dct(3, 3))
                if first.lap is not None:
                    first.lap.w.copy_(separable(lapped_filter(8), 3, 3))

    def rotate(self, x):
        """RGB in [0, 1] to a luma-like and two chroma-like components around zero, orthonormal times PIXEL_SCALE."""
        return pointwise(x - 0.5, self.colour) * PIXEL_SCALE

    def analysis(self, x):
        a, b = self.decompose(self.rotate(x))
        for level in self.levels:
            a, b = level.fwd(a, b)
        return self.squeeze(torch.cat([a, b], 1))

    def linear_start(self, x):
        """What analysis() is right after warm_start(): both streams equal, couplings idle."""
        a = squeeze(self.rotate(x))
        for level in self.levels:
            a = level.linear(a)
            if level.keep < level.c:
                a = level.down[0](a)
        return F.conv2d(a, 2 * self.squeeze.weight[:, :a.shape[1]])

    def synthesis(self, y, mix):
        for block in self.cfrm:
            y = block(y, mix)
        a, b = self.low(y), self.high(y)
        for level in reversed(self.levels):
            a, b = level.rev(a, b, mix)
        x = self.synthesise(self.fine(torch.cat([a, b], 1), mix))
        with torch.autocast(device_type=x.device.type, enabled=False):
            return pointwise(x.float() / PIXEL_SCALE, self.colour.t()) + 0.5

    @torch.no_grad()
    def warm_start(self, x):
        """KLT of real patches at every channel squeeze: the untrained codec is then a good transform codec."""
        def klt(v, k):
            m = v.permute(1, 0, 2, 3).reshape(v.shape[1], -1).double()
            m = m - m.mean(1, keepdim=True)
            _, vec = torch.linalg.eigh(m @ m.T / m.shape[1])
            return vec[:, -k:].flip(1).T.float()[:, :, None, None]

        def fill(conv, w):
            conv.bias.zero_()
            conv.weight.copy_(w)
        a = squeeze(self.rotate(x))
        for level in self.levels:
            a = level.linear(a)
            if level.keep < level.c:
                p = klt(a, level.keep)
                for down, up in zip(level.down, level.up):
                    fill(down, p)
                    fill(up, p.transpose(0, 1))
                a = F.conv2d(a, p)
        p = klt(a, self.M)
        fill(self.squeeze, torch.cat([p, p], 1) * .5)
        fill(self.low, p.transpose(0, 1))
        fill(self.high, p.transpose(0, 1))
