"""The whole network and its configurations."""
import torch
import torch.nn as nn

from entropy import Entropy, mix_weights
from network import Transform


class Codec(nn.Module):
    def __init__(self, M, N, Z, levels, cfrm, quality_bias=True):
        super().__init__()
        self.transform, self.entropy = Transform(M, levels, cfrm, quality_bias=quality_bias), Entropy(M, N, Z)

    def forward(self, x, q, noise=True):
        mix = mix_weights(q)
        y_hat, bits = self.entropy(self.transform.analysis(x), mix, noise)
        return self.transform.synthesis(y_hat, mix).float(), bits


def level(n_squeeze, couplings, hidden, keep=None, pdm=0, lapped=False):
    return dict(n_squeeze=n_squeeze, couplings=couplings, hidden=hidden, keep=keep, pdm=pdm, lapped=lapped)


CONFIGS = {
    'fast':     dict(M=320, N=64, Z=48, cfrm=256, levels=(level(3, 3, 128, 128, 192, True), level(1, 2, 128))),
    'standard': dict(M=320, N=96, Z=64, cfrm=512, levels=(level(3, 4, 256, 128, 384, True), level(1, 4, 320))),
    'high':     dict(M=320, N=160, Z=96, cfrm=960, levels=(level(3, 6, 448, 160, 640, True), level(1, 6, 640))),
    # Three more couplings, 18 % of a decode; NOTES.md, 2026-11-30.
    'standard-more': dict(M=320, N=96, Z=64, cfrm=512, levels=(level(3, 5, 256, 128, 384, True), level(1, 6, 320))),
    # The prototype's layout without Lap and quality biases, to measure what they give.
    'fast-block': dict(M=320, N=64, Z=48, cfrm=256, quality_bias=False, levels=(level(3, 3, 128, 128, 192), level(1, 2, 128))),
}


def build(name):
    return Codec(**CONFIGS[name])


def kmac(net, size=256):
    """Thousands of multiply-accumulates a pixel: analysis, entropy networks, synthesis."""
    total, hooks = [0], []
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            hooks.append(m.register_forward_hook(lambda m, i, o: total.__setitem__(0, total[0] + o.shape[2] * o.shape[3] * m.weight.numel())))
    mix, out, x = mix_weights(torch.tensor([3.])), [], torch.rand(1, 3, size, size)
    with torch.no_grad():
        y = net.transform.analysis(x); out.append(total[0]); total[0] = 0
        y, _ = net.entropy(y, mix, False); out.append(total[0]); total[0] = 0
        net.transform.synthesis(y, mix); out.append(total[0])
    for h in hooks:
        h.remove()
    return [round(t / size / size / 1000, 1) for t in out]


if __name__ == '__main__':
    for name in CONFIGS:
        net = build(name)
        print(name, f'{sum(p.numel() for p in net.parameters()) / 1e6:.2f} M parameters, kMAC/px (analysis, entropy, synthesis):', kmac(net))
