"""Training that was interrupted and resumed gives the weights of training that was not; several processes train one network; MS-SSIM is that of
the benchmark."""
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import torch
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'tools'))

from bench.metrics import msssim
from msssim import ms_ssim


class Resume(unittest.TestCase):
    def run_steps(self, folder, out, steps, *more):
        command = [sys.executable, os.path.join(HERE, 'train.py'), '--config', 'fast', '--shards', folder, '--out', os.path.join(folder, out),
                   '--steps', str(steps), '--batch', '1', '--crop', '64', '--minutes', '10', '--total-minutes', '100000', *more]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, 'OMP_NUM_THREADS': '1'})
        return os.path.join(folder, out, 'last.pt')

    def test_resume_equals_no_interruption(self):
        with tempfile.TemporaryDirectory() as folder:
            rng = np.random.default_rng(7)
            for i in range(2):
                coarse = Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8))
                coarse.resize((96, 80), Image.BICUBIC).save(os.path.join(folder, f'{i}.png'))
            whole = torch.load(self.run_steps(folder, 'whole', 4))
            half = self.run_steps(folder, 'half', 2)
            resumed = torch.load(self.run_steps(folder, 'resumed', 2, '--resume', half))
            self.assertEqual(whole['step'], resumed['step'])
            for name, value in whole['net'].items():
                self.assertTrue(torch.allclose(value, resumed['net'][name], rtol=0, atol=1e-6), name)


class Together(unittest.TestCase):
    def run_program(self, *command):
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': HERE})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_gradients_are_means(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'two.py')
            with open(path, 'w') as f:
                f.write('import os, sys, torch\nfrom peers import Peers, start\nif "RANK" not in os.environ:\n    sys.exit(start(2))\np = Peers()\n'
                        'w, unused, b = (torch.nn.Parameter(torch.zeros(n)) for n in (3, 2, 1))\n'
                        '((p.rank + 1) * w.sum() + 4 * p.rank * b.sum()).backward()\np.average_gradients([w, unused, b])\n'
                        f'open({folder!r} + "/%d" % p.rank, "w").write(str([*w.grad.tolist(), *b.grad.tolist(), p.same(p.rank + 7), p.first]))\n')
            self.run_program(path)
            for rank, first in (('0', True), ('1', False)):
                with open(os.path.join(folder, rank)) as f:
                    self.assertEqual(f.read(), f'[1.5, 1.5, 1.5, 2.0, 7.0, {first}]')

    def test_training(self):
        with tempfile.TemporaryDirectory() as folder:
            Image.fromarray(np.random.default_rng(7).integers(0, 256, (80, 96, 3), np.uint8)).save(os.path.join(folder, '0.png'))
            out = os.path.join(folder, 'out')
            self.run_program(os.path.join(HERE, 'train.py'), '--processes', '2', '--config', 'fast', '--shards', folder, '--out', out, '--steps', '2', '--batch', '1', '--crop', '64')
            self.assertEqual(torch.load(os.path.join(out, 'last.pt'))['step'], 2)
            with open(os.path.join(out, 'log.txt')) as f:
                self.assertEqual(f.read().count('from step 0'), 1)       # one of them writes


class Similarity(unittest.TestCase):
    def test_equals_the_benchmark(self):
        rng = np.random.default_rng(3)
        a = np.asarray(Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).resize((256, 192), Image.BICUBIC))
        b = (a + rng.normal(0, 15, a.shape)).clip(0, 255).astype(np.uint8)
        x, y = (torch.from_numpy(v.copy()).permute(2, 0, 1)[None].float() / 255 for v in (a, b))
        self.assertAlmostEqual(ms_ssim(x, y).item(), msssim(a, b), places=4)
        self.assertAlmostEqual(ms_ssim(x, x).item(), 1, places=5)


if __name__ == '__main__':
    unittest.main()
