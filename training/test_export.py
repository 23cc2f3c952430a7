"""The exported integers do what the float network does, and no sum can leave 32 bits."""
import unittest

import numpy as np
import torch

import tables
from codec import Codec, level
from entropy import Factorised, mix_weights
from evaluate import run_picture
from export import crc32c, export, quantise
from integer import Codec as IntegerCodec
from integer import psnr, read_model
from rounding import Moments, is_narrow, round_rows, round_together
from test_network import random_weights
from walk import Float, Walk, level_configs


def small_network():
    torch.manual_seed(3)
    net = Codec(64, 16, 16, (level(3, 1, 32, 64, 32, True), level(1, 1, 32, None, 32)), 32)
    x = smooth_pictures(16)
    net.transform.warm_start(x)
    random_weights(net.transform, .004)
    random_weights(net.entropy, .01)
    with torch.no_grad():                  # scales that fit the latents, or floors and escapes would be compared
        net.entropy.gain.copy_(torch.linspace(-1.5, 0, 8)[:, None])
        net.entropy.prior.log_scale.fill_(1)
        net.entropy.prior.mean.mul_(.3)
        for step in net.entropy.ctx:
            step[-1].bias[64:] += 8
    return net.eval()


def smooth_pictures(n):
    g = torch.Generator().manual_seed(4)
    coarse = torch.rand(n, 3, 12, 12, generator=g)
    return (torch.nn.functional.interpolate(coarse, size=(64, 64), mode='bicubic', align_corners=False) + .02 * torch.randn(n, 3, 64, 64, generator=g)).clamp(0, 1)


torch.set_num_threads(1)        # small tensors: more threads would only wait for each other


class Export(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.net, cls.pictures = small_network(), smooth_pictures(6)
        cls.data, cls.summary = export(cls.net, 'small', [x[None] for x in cls.pictures[:4]], [x[None] for x in cls.pictures[4:]],
                                       shares=tables.PLAIN)      # so that bits can be compared with the network's
        cls.integers = read_model(cls.data)

    def test_walk_is_the_network(self):
        net, x = self.net, self.pictures[:1]
        arithmetic = Float(net)
        walk = Walk(arithmetic, net.transform.M, level_configs(net))
        mix = mix_weights(torch.tensor([4.5]))
        with torch.no_grad():
            latent = walk.analysis(net.transform.rotate(x))
            self.assertLess((latent - net.transform.analysis(x)).abs().max().item(), 1e-3)
            y = torch.round(latent * 3)
            want = net.transform.rotate(net.transform.synthesis(y * net.entropy.gains(mix)[1], mix))
            self.assertLess((walk.synthesis(y, mix) - want).abs().max().item(), 2e-3)

    def test_integer_is_close_to_float(self):
        codec = IntegerCodec(self.data)
        for quality in (0, 50, 100):
            bits = float_bits = 0
            db, float_db = [], []
            for x in self.pictures:
                samples = torch.round(x[None] * 255)
                b, rebuilt = codec.run(samples, quality)
                f, d, _ = run_picture(self.net, samples / 255, quality * .07)
                bits, float_bits = bits + b, float_bits + f
                db.append(psnr(rebuilt, samples.double()))
                float_db.append(d)
            self.assertLess(abs(bits / float_bits - 1), .01, f'quality {quality}')
            self.assertLess(abs(np.mean(db) - np.mean(float_db)), .05, f'quality {quality}')

    def test_no_sum_overflows(self):
        rng = np.random.default_rng(1)
        for scale in (1e-4, 1, 300):
            w = rng.standard_normal((24, 40, 3, 3)) * scale
            bias = rng.standard_normal(24) * scale * 100
            quality = rng.standard_normal((8, 24)) * scale
            frac_in, frac_out = rng.uniform(-1, 10, 40), np.full(24, -9. - np.log2(scale))
            wi, bi, s, qi, *_ = quantise('layer', w, bias, quality, frac_in, 8191, frac_out)
            total = 8191 * np.abs(wi).sum((1, 2, 3)) + np.abs(bi) + np.abs(qi).max(0) + 2 ** (s - 1)
            self.assertTrue((total < 2 ** 31).all() and (np.abs(wi) <= 32767).all() and (s >= 1).all() and (s <= 30).all())
            self.assertTrue((2 * total + 2 ** 16 >= 2 ** 31).any() or (np.abs(wi).max((1, 2, 3)) > 16000).any() or (s == 30).any())

    def test_narrow_weights_fit_a_byte(self):
        found = [name for name in self.integers if is_narrow(name[:-2]) and name.endswith('.w')]
        self.assertGreater(len(found), 10)
        for name in found:
            most = np.abs(self.integers[name]).reshape(len(self.integers[name]), -1, 16, 2).max((1, 3))     # of each output channel
            self.assertLessEqual(most.max(), 127, name)
            self.assertGreater(np.median(most), 60, name)                                     # and use it
        self.assertGreater(np.abs(self.integers['level0.w.w']).max(), 127)

    def test_rows_of_taps_are_even(self):
        found = set()
        for name, w in self.integers.items():
            if name.endswith('.w') and w.ndim == 4 and w.shape[1] == 9 and 2 * w.shape[2] <= 32:
                rows = w.reshape(len(w), 3, 3, -1).astype(np.int64)
                middle, ends = rows[:, :, 1], rows[:, :, 0] + rows[:, :, 2]
                self.assertTrue(((ends + middle) % 2 == 0).all(), name)
                self.assertLessEqual(max(np.abs(ends + middle).max(), np.abs(ends - middle).max()), 2 * 32767, name)
                found.add(name[:-2])
        self.assertLessEqual({'fdsm_d.l2', 'fdsm_d.h2', 'fine.a', 'fine.c', 'synthesise.a', 'synthesise.b', 'synthesise.c'}, found)

    def test_rounding_rows(self):
        values = np.random.default_rng(3).standard_normal((4, 5 * 9)) * 50
        whole = round_rows(values)
        self.assertTrue((whole == np.rint(whole)).all() and (whole.reshape(-1, 3).sum(1) % 2 == 0).all())
        off = np.abs(whole - values)
        self.assertLess(off.max(), 1)
        self.assertLessEqual((off.reshape(-1, 3) > .5).sum(1).max(), 1)

    def test_rounding_together(self):
        """Inputs that go together and are not zero on average: errors cancel, and the bias makes up for the rest."""
        rng = np.random.default_rng(4)
        x = rng.standard_normal((40, 6)) @ rng.standard_normal((6, 3000)) + .2 * rng.standard_normal((40, 3000)) + 2
        w = rng.standard_normal((12, 40))
        step = np.abs(w).max(1) / 7                  # three bits and the sign
        moments = Moments()
        moments.see('cfrm.0.a', torch.from_numpy(x)[None, :, :, None].float(), 1)
        whole, correction = round_together(w, step, moments.of('cfrm.0.a', 40, np.ones(40)))
        self.assertTrue((whole == np.rint(whole)).all())
        error = (w - whole * step[:, None]) @ x - correction[:, None]
        plain = (w - np.rint(w / step[:, None]) * step[:, None]) @ x
        self.assertLess(abs(error.mean(1)).max(), .01)
        self.assertLess((error ** 2).mean(), (plain - plain.mean(1, keepdims=True)).var() / 5)

    def test_moments_are_in_units(self):
        moments = Moments()
        x = torch.rand(1, 3, 5, 5)
        moments.see('cfrm.0.a', x, 3)
        found = moments.of('cfrm.0.a', 3, np.array([.5, 1, 4]))
        inner = torch.nn.functional.pad(x, (1, 1, 1, 1))[0]
        a, b = inner[0, 0:5, 1:6] * 2, inner[2, 1:6, 2:7] / 4          # taps 1 of channel 0 and 5 of channel 2
        self.assertAlmostEqual(found[1, 2 * 9 + 5].item(), (a * b).mean().item(), 5)
        self.assertAlmostEqual(found[4, 27].item(), (2 * x[0, 0]).mean().item(), 5)

    def test_crc(self):
        self.assertEqual(crc32c(b'123456789'), 0xE3069283)


class Tables(unittest.TestCase):
    def check(self, tables_):
        for _, f in tables_:
            self.assertEqual(int(f.sum()), 65536)
            self.assertGreaterEqual(int(f.min()), 1)
            self.assertGreaterEqual(len(f), 2)

    def test_residual_tables(self):
        """Counts of a Gaussian give its table, heavier tails are learned, and what was never seen is like the rest."""
        scales, rng = tables.gauss_scales(256), np.random.default_rng(2)
        counts = np.zeros((64, 2047))
        for i in range(0, 40):
            draws = rng.normal(0, scales[i], 20000) if i < 20 else rng.laplace(0, scales[i] / 2 ** .5, 20000)
            counts[i] = np.bincount(np.rint(draws).astype(int) + 1023, minlength=2047)
        found = tables.residual_tables(scales, tables.mixtures(counts, scales))
        self.check(found)

        def bits(i, f, offset):
            v = np.arange(len(f) - 1) + offset
            return -(counts[i][v + 1023] * np.log2(f[:-1] / 65536)).sum() / 20000
        for i, (offset, f) in enumerate(found):
            self.assertLessEqual(abs(f[:-1] - f[-2::-1]).max(), 1)
            if i < 40:
                gauss = tables.frequencies(np.append(tables.gauss(scales[i], -offset), 0))
                self.assertLess(bits(i, f, offset), bits(i, gauss, offset) + (.02 if i < 20 else -.005), f'scale {i}')
        self.assertGreater(-found[50][0], 2 * scales[50])

    def test_prior(self):
        torch.manual_seed(1)
        prior = Factorised(16)
        random_weights(prior, .5)
        found, middle = tables.prior_tables(prior, 255)
        self.assertEqual(len(found), 4 * 7 * 16)
        self.check(found)
        for i, (offset, f) in enumerate(found):
            self.assertTrue(offset <= middle[i % 16] < offset + len(f) - 1)

    def test_prior_knows_neighbours(self):
        """Smooth fields take fewer bits than values in any order, and each band of qualities has tables of its own."""
        rng = np.random.default_rng(3)
        smooth = rng.normal(0, 1, (16, 60, 60))
        for x in range(1, 60):
            smooth[:, :, x] += .9 * smooth[:, :, x - 1]
        for y in range(1, 60):
            smooth[:, y] += .9 * smooth[:, y - 1]
        smooth = np.rint(smooth / smooth.std()).astype(np.int64)
        order = rng.permutation(3600)
        mixed = smooth.reshape(16, -1)[:, order].reshape(smooth.shape)
        found, middle = tables.prior_tables(Factorised(16), 255, [(0, smooth), (512, mixed)])
        self.check(found)

        def bits(code, z):
            table = (tables.band_of(code) * 7 + tables.contexts(z, middle)) * 16 + np.arange(16)[:, None, None]
            return sum(16 - np.log2(found[t][1][v - found[t][0]]) for t, v in zip(table.ravel(), z.ravel()))
        self.assertLess(bits(0, smooth), .8 * bits(512, mixed))
        z = np.array([[[1, 2], [4, 0]]])
        self.assertEqual(tables.contexts(z, np.array([1])).tolist(), [[[3, 3], [3, 6]]])

    def test_scale_index(self):
        scales = tables.gauss_scales(100)
        index = tables.scale_index(scales, 6, 120).astype(int)
        self.assertTrue((np.diff(index) >= 0).all())
        self.assertEqual((index.min(), index.max()), (0, 63))

    def test_segments(self):
        t = np.arange(-8191, 8192)
        base, slope = tables.scale_table().astype(int)
        u = t + 8192
        got = 16384 + base[u >> 8] + (slope[u >> 8] * ((u & 255) << 7) >> 16)
        want = np.exp(np.tanh(t / 2048)) * 16384
        self.assertLess(np.abs(got / want - 1).max(), .006)
        inverse = got[::-1]
        e = 2 ** 28 - got * inverse
        refined = got + ((got * (e >> 8) + 2 ** 19) >> 20)
        self.assertLess(np.abs(refined * inverse / 2 ** 28 - 1).max(), 2.5e-4)


if __name__ == '__main__':
    unittest.main()
