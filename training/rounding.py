"""How weights become whole numbers, where that is more than rounding each.

Weights of eight bits, rounded so that their errors cancel: a layer whose weights all fit a signed byte takes half the products
where a processor multiplies bytes (libainn's AMX kernel).  Rounded one by one, eight bits are too coarse.  So weights are rounded one after the other, and those that are still to come make
up for each error as well as the layer's inputs allow: what they are on average, and how they go together, is measured on
pictures.  (The method is that of optimal brain surgery, as GPTQ applies it to large language models: Frantar et al. 2022.)
"""
import numpy as np
import torch
import torch.nn.functional as F

MOST = 127                     # of a weight
FEW_INPUTS = 32                # of a 3x3 layer that the library may take to pieces as Winograd does
DAMPING = 1e-4                 # of the mean square of an input: what was never seen must not be relied on


def is_narrow(name):
    """Both 1x1 of every bottleneck (couplings, CFRM, PDM): what takes most of the time and has no direct way to the pixels. (In the
    context networks eight bits cost 0.1 to 0.8 % of bytes, most at low qualities.)"""
    part = name.split('.')
    return part[-1] in 'ac' and (part[0] == 'cfrm' or part[0].startswith('level'))


def round_rows(values):
    """Whole numbers, each three in turn adding up to an even one: then both products that Winograd's F(2,3) makes of a row of taps are whole
    (libainn/kernels/winograd.h). Of a row that comes out odd, the one that was furthest from whole goes the other way."""
    rows = values.reshape(-1, 3)
    whole = np.rint(rows)
    odd = whole.sum(1) % 2 != 0
    worst = np.abs(rows - whole).argmax(1)
    at = np.flatnonzero(odd), worst[odd]
    whole[at] += np.where(rows[at] > whole[at], 1, -1)
    return whole.reshape(values.shape)


def largest_product(whole):
    """The largest weight of those products, of each output."""
    rows = whole.reshape(len(whole), -1, 3)
    middle = rows[:, :, 1]
    ends = rows[:, :, 0] + rows[:, :, 2]
    return np.maximum(np.abs(ends + middle), np.abs(ends - middle)).max(1) / 2


class Moments:
    """Sums of the products of any two inputs of a layer, a constant 1 among them as the last."""
    def __init__(self):
        self.sums = {}

    def see(self, name, x, taps):
        if not is_narrow(name):
            return
        x = F.unfold(x, taps, padding=taps // 2)[0].double()
        x = torch.cat([x, torch.ones_like(x[:1])])
        self.sums[name] = self.sums.get(name, 0) + x @ x.t()

    def of(self, name, channels, unit):
        """Means of products of inputs counted in `unit` (one a channel)."""
        sums = self.sums[name]
        inputs = (len(sums) - 1) // channels
        scale = torch.cat([torch.from_numpy(1 / unit).repeat_interleave(inputs), torch.ones(1)])
        return scale[:, None] * sums * scale / sums[-1, -1]


def round_together(w, step, moments):
    """Whole multiples [out, in] of `step` (one an output) in place of weights w, and what to add to the biases."""
    n = w.shape[1]
    w, step, mean = torch.from_numpy(w), torch.from_numpy(step), moments[:n, n]
    spread = moments[:n, :n] - mean[:, None] * mean          # errors of the mean go to the bias
    spread = spread + torch.eye(n) * DAMPING * spread.diagonal().mean()
    order = spread.diagonal().argsort(descending=True)       # the inputs that say most first, while others can make up for them
    upper = torch.linalg.cholesky(torch.linalg.inv(spread[order][:, order]), upper=True)
    left, whole = w[:, order].clone(), torch.zeros_like(w)
    for j in range(n):
        whole[:, order[j]] = v = (left[:, j] / step).round().clamp(-MOST, MOST)
        left[:, j + 1:] -= ((left[:, j] - v * step) / upper[j, j])[:, None] * upper[j, j + 1:]
    return whole.numpy(), ((w - whole * step[:, None]) @ mean).numpy()
