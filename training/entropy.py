"""The entropy model: gains by quality, hyperprior, and the four-step context over channel groups and 2x2 positions."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from network import QUALITIES, SLOPE

# Step s codes channel group g at the cell position CELL[(s + g) % 4], (dy, dx); after four steps every latent is coded once.
CELL = ((0, 0), (1, 1), (0, 1), (1, 0))
MIN_SCALE = 0.11       # of a latent's Gaussian; up to it a latent is taken as certain and not coded: it becomes its mean
TAIL = 1e-4            # weight of a Cauchy distribution beside the Gaussian in training


def mix_weights(q):
    """Weights of the anchor qualities for real-valued q in [0, QUALITIES - 1]: linear interpolation."""
    anchors = torch.arange(QUALITIES, device=q.device, dtype=torch.float32)
    return (1 - (q[:, None].float() - anchors[None]).abs()).clamp(min=0)


class LowerBound(torch.autograd.Function):
    """max(x, bound), with the gradient kept where it would lift x."""
    @staticmethod
    def forward(ctx, x, bound):
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp(min=bound)

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return grad * ((x >= ctx.bound) | (grad < 0)).to(grad.dtype), None


def gauss_bits(v, sigma, tail=0.):
    """Bits of residuals. A tail keeps a gradient where a Gaussian has none: a latent many scales from its mean must
    still learn that its scale is too small."""
    v, s = v.float().abs(), LowerBound.apply(sigma.float(), MIN_SCALE)

    def cdf(t):
        return 0.5 * torch.erfc(-t * 2 ** -0.5)
    p = cdf((0.5 - v) / s) - cdf((-0.5 - v) / s)
    if tail:
        p = (1 - tail) * p + tail / math.pi * s / (v * v + s * s + .25)
    return -torch.log2(LowerBound.apply(p, 1e-9 * (tail or 1)))


class Factorised(nn.Module):
    """Prior of the hyperlatent: a mixture of three logistics a channel."""
    def __init__(self, c, k=3):
        super().__init__()
        self.mean, self.log_scale = nn.Parameter(torch.randn(1, c, k, 1, 1)), nn.Parameter(torch.full((1, c, k, 1, 1), .5))
        self.weight = nn.Parameter(torch.zeros(1, c, k, 1, 1))

    def bits(self, z):
        z, s, w = z.float().unsqueeze(2), torch.exp(-self.log_scale.clamp(-5, 5)), torch.softmax(self.weight, 2)
        p = (w * (torch.sigmoid((z + .5 - self.mean) * s) - torch.sigmoid((z - .5 - self.mean) * s))).sum(2)
        return -torch.log2(LowerBound.apply(p, 1e-9))


def ste_round(t):
    return t + (torch.round(t) - t).detach()


def sigma_of(raw):
    return F.softplus(raw) + 0.05


class Entropy(nn.Module):
    def __init__(self, M, N, Z):
        super().__init__()
        self.M = M

        def lrelu():
            return nn.LeakyReLU(SLOPE)
        self.ha = nn.Sequential(nn.Conv2d(M, N, 3, padding=1), lrelu(), nn.Conv2d(N, N, 5, 2, 2), lrelu(), nn.Conv2d(N, Z, 5, 2, 2))
        self.hs = nn.Sequential(nn.Conv2d(Z, 4 * N, 3, padding=1), nn.PixelShuffle(2), lrelu(),
                                nn.Conv2d(N, 4 * N, 3, padding=1), nn.PixelShuffle(2), lrelu(), nn.Conv2d(N, 2 * N, 3, padding=1))
        self.red = nn.ModuleList([nn.Conv2d(M, N, 3, padding=1) for _ in range(3)])
        self.ctx = nn.ModuleList([nn.Sequential(lrelu(), nn.Conv2d(2 * N if i == 0 else 3 * N, 2 * N, 1), lrelu(),
                                                nn.Conv2d(2 * N, 2 * N, 3, padding=1), lrelu(), nn.Conv2d(2 * N, 2 * M, 1)) for i in range(4)])
        self.prior = Factorised(Z)
        self.gain = nn.Parameter(torch.linspace(math.log(.25), math.log(9.), QUALITIES)[:, None].repeat(1, M))
        self.inverse_gain = nn.Parameter(torch.zeros(QUALITIES, M))      # log of what the decoder multiplies on top of 1/gain

    def masks(self, h, w, device):
        m = torch.zeros(4, 1, 4, 1, h, w, device=device)
        for step in range(4):
            for group in range(4):
                dy, dx = CELL[(step + group) % 4]
                m[step, 0, group, 0, dy::2, dx::2] = 1
        return m.expand(4, 1, 4, self.M // 4, h, w).reshape(4, 1, self.M, h, w)

    def gains(self, mix):
        g = mix @ self.gain
        return torch.exp(g)[:, :, None, None], torch.exp(mix @ self.inverse_gain - g)[:, :, None, None]

    def predict(self, y, z):
        """Means and scales of all latents (after the gain), step by step, and the latents as the decoder sees them."""
        feat = self.hs(ste_round(z))[:, :, :y.shape[2], :y.shape[3]]
        masks = self.masks(*y.shape[-2:], y.device)
        y_hat, mean, scale = torch.zeros_like(y), 0, 0
        for i in range(4):
            inp = feat if i == 0 else torch.cat([feat, self.red[i - 1](y_hat).to(feat.dtype)], 1)
            mu, raw = self.ctx[i](inp).float().chunk(2, 1)
            mean, scale = mean + mu * masks[i], scale + raw * masks[i]
            residual = ste_round(y - mu)
            residual = residual - residual.detach() * (sigma_of(raw) <= MIN_SCALE)
            y_hat = y_hat + (mu + residual) * masks[i]
        return mean, sigma_of(scale), y_hat

    def residuals(self, y, mix):
        """The integers that are coded, and the scales that they are coded with."""
        y = y.float() * self.gains(mix)[0]
        mean, sigma, _ = self.predict(y, self.ha(y).float())
        return torch.round(y - mean), sigma

    def forward(self, y, mix, noise):
        """Returns the latents as the decoder sees them and the bits of each picture. With `noise` the rate is
        that of additive uniform noise (training); the latents are always rounded, straight through."""
        gain, inverse = self.gains(mix)
        y = y.float() * gain

        def rate(t):
            return t + torch.rand_like(t) - .5 if noise else ste_round(t)
        z = self.ha(y).float()
        bits = self.prior.bits(rate(z)).sum((1, 2, 3))
        mean, sigma, y_hat = self.predict(y, z)
        bits = bits + gauss_bits(rate(y - mean), sigma, TAIL if noise else 0.).sum((1, 2, 3))
        return y_hat * inverse, bits
