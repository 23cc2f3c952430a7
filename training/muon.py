"""Muon for the matrices, Adam for the rest.

Muon replaces the momentum of a matrix by its nearest orthogonal matrix (a few Newton-Schulz steps), so that every
direction learns at the same pace.  Matrices of one shape are treated as one batch, which keeps the number of small
kernels low.  NOTES.md has the comparison with plain Adam.
"""
import torch


def has_amx():
    try:
        with open('/proc/cpuinfo') as f:
            return 'amx_bf16' in f.read()
    except OSError:
        return False


HALF_ON_CPU = has_amx()      # where bfloat16 products are ten times as fast as float32


def orthogonalise(g, steps=5):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16() if g.is_cuda or HALF_ON_CPU else g.float()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.transpose(1, 2)
    x = x / (x.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    for _ in range(steps):
        m = x @ x.transpose(1, 2)
        x = a * x + (b * m + c * (m @ m)) @ x
    if tall:
        x = x.transpose(1, 2)
    return x.float()


class Muon(torch.optim.Optimizer):
    """Parameters of 2 or 4 dimensions; the update has the size that Adam's usually has (0.2 a coefficient)."""
    def __init__(self, params, lr, momentum=0.95):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group['params']:
                if p.grad is not None:
                    shapes.setdefault((p.shape[0], p[0].numel()), []).append(p)
            for (rows, cols), params in shapes.items():
                moved = []
                for p in params:
                    state = self.state[p]
                    if 'momentum' not in state:
                        state['momentum'] = torch.zeros_like(p)
                    state['momentum'].lerp_(p.grad, 1 - group['momentum'])
                    moved.append(p.grad.lerp(state['momentum'], group['momentum']).reshape(rows, cols))
                updates = orthogonalise(torch.stack(moved))
                size = -group['lr'] * 0.2 * max(rows, cols) ** 0.5
                for p, u in zip(params, updates):
                    p.add_(u.reshape(p.shape), alpha=size)


def split_parameters(net):
    """Matrices that Muon takes, and all others."""
    matrices, others = [], []
    for name, p in net.named_parameters():
        inner = p[0].numel() if p.ndim > 1 else 0
        is_matrix = p.ndim in (2, 4) and min(p.shape[0], inner) >= 12 and 'gain' not in name and 'quality_bias' not in name
        depthwise = p.ndim == 4 and p.shape[1] == 1
        (matrices if is_matrix and not depthwise else others).append((name, p))
    return matrices, others
