"""Every invertible part undoes itself, the four steps cover each latent once, and what depends on quality interpolates."""
import unittest

import torch

import network
from codec import build
from entropy import MIN_SCALE, TAIL, Entropy, gauss_bits, mix_weights
from train import log_lambdas


def random_weights(module, size=.05):
    """Layers that start at zero would make a test of inverses say nothing."""
    with torch.no_grad():
        for p in module.parameters():
            p.add_(size * torch.randn_like(p))


class Inverses(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)

    def test_squeeze(self):
        x = torch.randn(2, 3, 16, 24)
        y = network.squeeze(x)
        self.assertTrue(torch.equal(network.unsqueeze(y), x))
        self.assertTrue(torch.equal(y[:, 3:6], x[:, :, 0::2, 1::2]))         # position (0, 1), all channels

    def test_squeeze_positions(self):
        x = torch.arange(64.).view(1, 1, 8, 8)
        y = network.squeeze(network.squeeze(network.squeeze(x)))[0, :, 0, 0]
        self.assertEqual([int(v) for v in y], [8 * r + c for r, c in network.squeeze_positions(3)])

    def test_transforms_are_orthonormal(self):
        for matrix in (network.dct_matrix(8), network.lapped_filter(8), network.block_dct(3, 2).double(), network.separable(network.lapped_filter(4), 3, 2)):
            matrix = matrix.double()
            self.assertLess((matrix @ matrix.T - torch.eye(len(matrix))).abs().max().item(), 1e-6)

    def test_lap(self):
        lap = network.Lap(3, 2)
        random_weights(lap)
        x = torch.randn(1, 48, 5, 3)
        back = lap.rev(lap.fwd(x), network.invert(lap.w))
        self.assertLess((back - x).abs().max().item(), 1e-4)

    def test_coupling(self):
        coupling = network.Coupling(16, 32)
        random_weights(coupling)
        a, b = torch.randn(1, 16, 7, 9), torch.randn(1, 16, 7, 9)
        for got, want in zip(coupling.rev(*coupling.fwd(a, b)), (a, b)):
            self.assertLess((got - want).abs().max().item(), 1e-4)

    def test_level(self):
        level = network.Level(3, 2, 2, 16, lapped=True)
        random_weights(level, .02)
        a, b = torch.randn(1, 3, 16, 24), torch.randn(1, 3, 16, 24)
        for got, want in zip(level.rev(*level.fwd(a, b), None), (a, b)):
            self.assertLess((got - want).abs().max().item(), 1e-3)

    def test_warm_start_is_a_transform_codec(self):
        net = build('fast')
        x = torch.nn.functional.interpolate(torch.rand(8, 3, 16, 16), size=(64, 64), mode='bilinear', align_corners=False)
        net.transform.warm_start(x)
        mix = mix_weights(torch.zeros(8))
        with torch.no_grad():
            y = net.transform.synthesis(net.transform.analysis(x), mix)
            self.assertLess((net.transform.analysis(x) - net.transform.linear_start(x)).abs().max().item(), 1e-3)
        self.assertLess((y - x).pow(2).mean().item(), 1e-3)


class EntropyModel(unittest.TestCase):
    def test_masks_cover_each_latent_once(self):
        entropy = Entropy(64, 16, 16)
        for h, w in ((1, 1), (2, 2), (5, 7), (4, 4)):
            masks = entropy.masks(h, w, 'cpu')
            self.assertEqual(tuple(masks.shape), (4, 1, 64, h, w))
            self.assertTrue(torch.equal(masks.sum(0), torch.ones(1, 64, h, w)))

    def test_mix_weights(self):
        mix = mix_weights(torch.tensor([0., 2.25, 7.]))
        self.assertTrue(torch.allclose(mix.sum(1), torch.ones(3)))
        self.assertEqual(mix[0, 0].item(), 1)
        self.assertEqual(mix[2, 7].item(), 1)
        self.assertEqual([round(v, 4) for v in mix[1].tolist()], [0, 0, .75, .25, 0, 0, 0, 0])

    def test_gains_interpolate_in_the_log_domain(self):
        entropy = Entropy(64, 16, 16)
        gain, inverse = entropy.gains(mix_weights(torch.tensor([2.5])))
        want = torch.exp((entropy.gain[2] + entropy.gain[3]) / 2)
        self.assertTrue(torch.allclose(gain[0, :, 0, 0], want))
        self.assertTrue(torch.allclose(gain * inverse, torch.ones_like(gain)))

    def test_lambda_interpolation(self):
        loglam = log_lambdas(0.0006, 0.25, 'cpu')
        lam = torch.exp(mix_weights(torch.tensor([0., 3.5, 7.])) @ loglam)
        self.assertAlmostEqual(lam[0].item(), 0.0006, 6)
        self.assertAlmostEqual(lam[2].item(), 0.25, 4)
        self.assertAlmostEqual(lam[1].item(), (0.0006 * 0.25) ** .5, 5)


class LowestScale(unittest.TestCase):
    """Latents whose scale is the lowest are not coded: a decoder takes their means."""
    def test_such_latents_become_their_means(self):
        torch.manual_seed(3)
        entropy = Entropy(64, 16, 16)
        y = 9 * torch.randn(1, 64, 8, 8)
        for step in entropy.ctx:                               # even channel groups certain, odd ones wide open
            torch.nn.init.zeros_(step[-1].weight)
            step[-1].bias.data = torch.cat([torch.full((64,), .25), torch.full((64,), 3.).index_fill_(0, torch.arange(0, 64, 2), -9.)])
        y.requires_grad_()
        _, sigma, y_hat = entropy.predict(y, entropy.ha(y))
        certain = sigma <= MIN_SCALE
        self.assertTrue(certain.any() and not certain.all())
        self.assertTrue((y_hat[certain] == .25).all())
        self.assertTrue(((y_hat - y)[~certain].abs() <= .5001).all())
        y_hat.sum().backward()
        self.assertTrue((y.grad[certain] == 1).all())          # straight through: the analysis still learns

    def test_a_scale_that_is_far_too_small_learns(self):
        raw = torch.tensor([.11], requires_grad=True)
        gauss_bits(torch.tensor([36.]), raw, TAIL).sum().backward()
        self.assertLess(raw.grad.item(), -1e-3)
        values = torch.arange(-40, 41).float()
        for scale in (.2, 1., 6.):                             # the tail costs next to nothing
            extra = gauss_bits(values, torch.tensor(scale), TAIL) - gauss_bits(values, torch.tensor(scale))
            self.assertLess(extra[40].item(), 1e-3)


if __name__ == '__main__':
    unittest.main()
