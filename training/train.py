"""Train a libainn model on CPU or CUDA.

  python3 train.py --config fast --shards 'train-*.tar' --pictures kodak --out run --minutes 150

Writes into OUT: last.pt (everything needed to --resume) every few minutes, weights.pt (averaged weights, half precision,
what export.py takes), log.txt, and at the end rate and distortion of the float network on --pictures.  A schedule that
spans several runs has its whole length in --total-minutes.
"""
import argparse
import glob
import json
import math
import os
import random
import sys
import time

import numpy as np
import torch

from codec import CONFIGS, build
from data import Patches
from entropy import mix_weights
from evaluate import curve
from msssim import SMALLEST, ms_ssim
from muon import Muon, split_parameters
from network import QUALITIES
from peers import Peers, start

STAGE0_BATCH, STAGE0_LR = 32, 2e-3
LAMBDAS = {'mse': (.0005, .25), 'msssim': (1., 250.)}     # bits a pixel that a unit of squared error (of 255) or of 1 - MS-SSIM is worth


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument('--config', default='fast', choices=list(CONFIGS))
    p.add_argument('--shards', nargs='+', required=True, help='tar files, folders or pictures, as patterns')
    p.add_argument('--pictures', help='folder of PNG pictures to evaluate on')
    p.add_argument('--out', required=True)
    p.add_argument('--minutes', type=float, default=60)
    p.add_argument('--total-minutes', type=float, help='length of the whole schedule when it spans several runs')
    p.add_argument('--steps', type=int, help='stop after so many steps (tests)')
    p.add_argument('--batch', type=int, default=16)
    p.add_argument('--crop', type=int, default=128)
    p.add_argument('--lr', type=float, default=1e-3)
    p.add_argument('--muon', type=float, default=0, help='learning rate of Muon for the matrices; 0: Adam for all')
    p.add_argument('--hold', type=float, default=.5, help='part of the schedule before the learning rate falls')
    p.add_argument('--metric', choices=list(LAMBDAS), default='mse', help='what is kept; start msssim from weights for mse')
    p.add_argument('--lambda-min', type=float, help='of the least quality; default: by metric')
    p.add_argument('--lambda-max', type=float)
    p.add_argument('--synthetic', type=float, default=.1, help='share of crops of text, screens, drawings, patterns and noise')
    p.add_argument('--entropy-minutes', type=float, default=0, help='train the entropy model first, on the linear latents')
    p.add_argument('--eval-minutes', type=float, default=10)
    p.add_argument('--resume')
    p.add_argument('--init', help='start from weights.pt; parts it lacks start as built')
    p.add_argument('--processes', type=int, default=1, help='so many at once, each with --batch crops: on a CPU with OMP_NUM_THREADS=1, one a core')
    p.add_argument('--compile', action='store_true')
    p.add_argument('--seed', type=int, default=1)
    a = p.parse_args()
    low, high = LAMBDAS[a.metric]
    a.lambda_min, a.lambda_max = a.lambda_min or low, a.lambda_max or high
    if a.metric == 'msssim' and (a.crop < SMALLEST or not (a.init or a.resume)):
        p.error(f'--metric msssim needs --init or --resume and crops of at least {SMALLEST}')
    return a


def log_lambdas(low, high, device):
    return torch.linspace(math.log(low), math.log(high), QUALITIES, device=device)


MOST_OF_A_CROP = 4     # times the mean loss of photographs: what one crop of noise may count in a batch


def loss_of(distortion, bpp, lam, metric, limit=None):
    """Rate plus lambda times distortion, weighted so that every quality counts alike in relative terms. A crop whose loss
    lies above the limit is weighted down to it."""
    scale, typical, power = (65025, 1250, .55) if metric == 'mse' else (1, 20, .35)
    l = lam * scale
    each = (bpp + l * distortion) * (l / typical).pow(-power)
    return (each if limit is None else each * (limit / each.detach()).clamp(max=1)).mean()


class Trainer:
    def __init__(self, a):
        self.a, self.dev, self.peers = a, 'cuda' if torch.cuda.is_available() else 'cpu', Peers()
        os.makedirs(a.out, exist_ok=True)
        if self.dev == 'cuda':
            torch.backends.cudnn.benchmark = True
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        self.seed(a.seed)
        self.found = []
        self.load_pictures()
        self.net = build(a.config).to(self.dev)
        self.loglam = log_lambdas(a.lambda_min, a.lambda_max, self.dev)
        self.step, self.elapsed, self.typical = 0, 0., torch.tensor(4., device=self.dev)
        if a.init:
            weights = torch.load(a.init, map_location=self.dev)
            missing = self.net.load_state_dict({k: v.float() for k, v in weights.items()}, strict=False)
            self.log('not in the weights:', missing.missing_keys, 'not in the network:', missing.unexpected_keys)
            self.step = 10 ** 4
        elif not a.resume:
            self.net.transform.warm_start(self.patches(48))
        matrices, others = split_parameters(self.net)
        if not a.muon:
            matrices, others = [], others + matrices

        def groups(params):     # the transform starts later than the entropy model
            return [{'params': [p for n, p in params if n.startswith('transform') == t]} for t in (True, False)]
        self.opts = [torch.optim.Adam(groups(others), lr=a.lr, betas=(.9, .99), **({'fused': True} if self.dev == 'cuda' else {}))]
        if matrices:
            self.opts.append(Muon(groups(matrices), a.muon))
        self.reset_average()
        if a.resume:
            s = torch.load(a.resume, map_location=self.dev)
            self.net.load_state_dict(s['net'])
            for opt, state in zip(self.opts, s['opts']):
                opt.load_state_dict(state)
            self.ema, self.step, self.elapsed = s['ema'], s['step'], s['elapsed']
            self.typical = s.get('typical', self.typical)
            if 'random' in s and self.peers.first:
                self.set_random(s['random'])
        if not self.peers.first:                           # the same network, other crops
            self.seed(a.seed + 10 ** 6 * self.peers.rank + self.step)
        for m in self.net.modules():
            if isinstance(m, torch.nn.Conv2d):
                m.to(memory_format=torch.channels_last)

    def load_pictures(self):
        """Looks again for shards: data may still arrive while the first steps run."""
        found = sorted(path for pattern in self.a.shards for path in glob.glob(pattern))
        if found != self.found:
            self.found, self.patches = found, Patches(self.a.shards, self.a.crop, self.dev, self.a.synthetic)
            self.log(f'{len(found)} shards, {self.patches.count} pictures, {self.patches.megapixels:.0f} megapixels')

    def seed(self, n):
        torch.manual_seed(n)
        random.seed(n)
        np.random.seed(n)

    def random_state(self):
        return {'python': random.getstate(), 'torch': torch.get_rng_state(),
                'cuda': torch.cuda.get_rng_state() if self.dev == 'cuda' else None}

    def set_random(self, s):
        random.setstate(s['python'])
        torch.set_rng_state(s['torch'].cpu())
        if s['cuda'] is not None and self.dev == 'cuda':
            torch.cuda.set_rng_state(s['cuda'].cpu())

    def log(self, *text):
        if not self.peers.first:
            return
        line = ' '.join(str(t) for t in text)
        print(line, flush=True)
        with open(os.path.join(self.a.out, 'log.txt'), 'a') as f:
            f.write(line + '\n')

    def reset_average(self):
        self.ema = {k: v.detach().clone().float() for k, v in self.net.state_dict().items()}

    def update_average(self, every):
        decay = min(.9995, 1 - 10 / (self.step + 10)) ** every
        state = self.net.state_dict()
        for k in self.ema:
            self.ema[k].lerp_(state[k].float(), 1 - decay)

    def evaluate(self, every=1, qualities=tuple(range(QUALITIES))):
        if not self.a.pictures or not self.peers.first:
            return []
        keep = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.net.load_state_dict(self.ema)
        rows = curve(self.net, self.a.pictures, qualities, self.dev, every)
        self.net.load_state_dict(keep)
        return rows

    def save(self):
        if not self.peers.first:
            return
        path = os.path.join(self.a.out, 'last.pt')
        torch.save({'net': self.net.state_dict(), 'ema': self.ema, 'opts': [o.state_dict() for o in self.opts], 'step': self.step,
                    'elapsed': self.elapsed, 'config': self.a.config, 'random': self.random_state(), 'typical': self.typical}, path + '.tmp')
        os.replace(path + '.tmp', path)
        self.save_weights('weights.pt')

    def save_weights(self, name):
        path = os.path.join(self.a.out, name)
        torch.save({k: v.half().cpu() for k, v in self.ema.items()}, path + '.tmp')
        os.replace(path + '.tmp', path)

    def lambdas(self, q):
        return torch.exp(mix_weights(q) @ self.loglam)

    def stage0(self):
        """The warm-started transform is linear and orthonormal, so rate and distortion of the latents alone train the
        entropy model and the gains, many times faster than the whole network."""
        net, minutes = self.net, self.a.entropy_minutes
        opt = torch.optim.Adam(net.entropy.parameters(), lr=STAGE0_LR, betas=(.9, .99))
        crop = self.patches.crop
        self.patches.set_crop(max(crop, 256))
        pixels, batch = self.patches.crop ** 2, STAGE0_BATCH if self.dev == 'cuda' else 8
        start, n, sums = time.time(), 0, torch.zeros(2, device=self.dev)
        while (done := self.peers.same((time.time() - start) / (minutes * 60))) < 1:
            for g in opt.param_groups:
                g['lr'] = STAGE0_LR * min(1, n / 50 + .02) * (1 if done < .5 else 1 - .8 * (done - .5) / .5)
            with torch.no_grad():
                y = net.transform.linear_start(self.patches(batch))
            q = torch.rand(batch, device=self.dev) * (QUALITIES - 1)
            with torch.autocast(device_type=self.dev, dtype=torch.bfloat16):
                y_hat, bits = net.entropy(y, mix_weights(q), True)
            mse, bpp = (y_hat.float() - y).pow(2).sum((1, 2, 3)) / (64 * 3 * pixels), bits / pixels
            loss = loss_of(mse, bpp, self.lambdas(q), 'mse')
            opt.zero_grad(set_to_none=True)
            loss.backward()
            self.peers.average_gradients(net.entropy.parameters())
            torch.nn.utils.clip_grad_norm_(net.entropy.parameters(), 1.)
            opt.step()
            n += 1
            sums += torch.stack([loss.detach(), bpp.detach().mean()])
            if n % 200 == 0:
                s = (sums / 200).tolist()
                sums.zero_()
                self.log(f'stage 0: {time.time() - start:.0f} s step {n} loss {s[0]:.4f} bpp {s[1]:.3f}')
        self.patches.set_crop(crop)
        self.reset_average()
        self.log('stage 0 done, every 4th picture:', self.evaluate(4, (0, 1.75, 3.5, 5.25, 7)))
        self.save()

    def train(self):
        a, net = self.a, self.net
        if a.entropy_minutes and not (a.resume or a.init):
            self.stage0()
        self.load_pictures()
        run = torch.compile(net) if a.compile else net
        total, first, sums, count = (a.total_minutes or a.minutes) * 60, self.step, torch.zeros(3, device=self.dev), 0
        self.log(a.config, self.dev, f'{sum(p.numel() for p in net.parameters()) / 1e6:.2f} M parameters, from step {self.step}, '
                 f'{self.elapsed / 60:.1f} of {total / 60:.1f} minutes done')
        start, before, next_save = time.time(), self.elapsed, a.eval_minutes * 60
        while self.elapsed - before < a.minutes * 60 and (a.steps is None or self.step - first < a.steps):
            done = min(1, self.elapsed / total)
            scale = 1 if done < a.hold else .01 + .99 * .5 * (1 + math.cos(math.pi * (done - a.hold) / (1 - a.hold)))
            if a.init:                                         # the optimisers have no past
                scale *= min(1, (self.step - 10 ** 4) / 100 + .01)
            for opt, lr in zip(self.opts, (a.lr, a.muon)):     # the entropy model settles before the warm-started transform moves
                opt.param_groups[0]['lr'] = lr * scale * min(1, self.step / 1000 + .001)
                opt.param_groups[1]['lr'] = lr * scale * min(1, self.step / 100 + .01)
            x, q = self.patches(a.batch), torch.rand(a.batch, device=self.dev) * (QUALITIES - 1)
            with torch.autocast(device_type=self.dev, dtype=torch.bfloat16):
                y, bits = run(x, q, True)
            mse, bpp = (y - x).pow(2).mean((1, 2, 3)), bits / a.crop ** 2
            distortion = mse if a.metric == 'mse' else 1 - ms_ssim(x, y) + mse      # MS-SSIM alone hardly sees colours drift
            loss = loss_of(distortion, bpp, self.lambdas(q), a.metric, MOST_OF_A_CROP * self.typical)
            self.typical = self.typical.lerp(loss.detach(), .02)
            for opt in self.opts:
                opt.zero_grad(set_to_none=True)
            loss.backward()
            self.peers.average_gradients(net.parameters())
            norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
            if self.step % 20 == 0 and not torch.isfinite(norm):    # looked at rarely: it makes the host wait for the device
                raise SystemExit(f'gradient not finite at step {self.step}: resume from last.pt with a smaller learning rate')
            for opt in self.opts:
                opt.step()
            self.step += 1
            if self.step % 5 == 0:
                self.update_average(5)
            sums += torch.stack([loss.detach(), bpp.detach().mean(), mse.detach().mean()])
            count += 1
            self.elapsed = before + self.peers.same(time.time() - start)
            if self.step % 500 == 0:
                s = (sums / count).tolist()
                sums.zero_()
                count = 0
                self.log(f'{self.elapsed:.0f} s step {self.step} loss {s[0]:.4f} bpp {s[1]:.3f} psnr {-10 * math.log10(s[2]):.2f} scale {scale:.3f}')
            if self.elapsed - before > next_save:
                self.save()
                self.log('every 4th picture:', self.evaluate(4, (0, 1.75, 3.5, 5.25, 7)))
                next_save += a.eval_minutes * 60
                self.load_pictures()
        self.save()
        if a.pictures and self.peers.first:
            rows = self.evaluate()
            self.log('all pictures:', rows)
            with open(os.path.join(a.out, 'curve.json'), 'w') as f:
                json.dump({'config': a.config, 'step': self.step, 'bpp': [r[0] for r in rows], 'psnr': [r[1] for r in rows]}, f)


if __name__ == '__main__':
    a = arguments()
    if a.processes > 1 and 'RANK' not in os.environ:
        sys.exit(start(a.processes))
    Trainer(a).train()
