"""Times the float network in PyTorch (oneDNN, one thread, batch 1) beside the integer one of the C tools, taking turns on one picture.

  python3 speed.py --config fast --weights ../models/fast.pt --tools ../build --picture kodim21.png [--rounds 5] [--csv torch.csv]

PyTorch gets every help: inverses are computed beforehand, rates are left out, and the best of float32 and bfloat16, each as it is,
with channels last, and traced and frozen, counts. libainn's times are those of its networks as `--stats` gives them, couplings and
all, without entropy coding and conversion of pixels. Debian's PyTorch needs libopenblas0-pthread: with the plain BLAS it is slower.
"""
import argparse
import copy
import csv
import os
import re
import subprocess
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

import network
from entropy import mix_weights
from evaluate import GRAIN, load_picture, load_weights

QUALITY = 50
SIDES = ('encode', 'decode')


def keep_inverses():
    """Inverse matrices are computed once, not at every call."""
    kept, invert = {}, network.invert
    network.invert = lambda w: kept.setdefault(w.data_ptr(), invert(w))


class Encoding(nn.Module):
    """Pixels to means and scales of all latents: what an encoder has to run."""
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, mix):
        y = self.net.transform.analysis(x) * self.net.entropy.gains(mix)[0].to(x.dtype)
        return context(self.net.entropy, y, torch.round(self.net.entropy.ha(y)))


class Decoding(nn.Module):
    """Latents and hyperlatents to pixels: what a decoder has to run."""
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, y, z, mix):
        means = context(self.net.entropy, y, z)
        inverse = self.net.entropy.gains(mix)[1].to(y.dtype)
        return self.net.transform.synthesis((y + 0 * means) * inverse, mix.to(y.dtype))


def context(entropy, y, z):
    """The four steps; latents become known step by step."""
    features = entropy.hs(z)
    masks = entropy.masks(*y.shape[-2:], y.device).to(y.dtype)
    known, result = torch.zeros_like(y), 0
    for i in range(4):
        inputs = features if i == 0 else torch.cat([features, entropy.red[i - 1](known)], 1)
        mean, scale = entropy.ctx[i](inputs).chunk(2, 1)
        result = result + (mean + scale) * masks[i]
        known = known + y * masks[i]
    return result


def ways(net, x, mix):
    """{name: {side: function}}: every way to run the network that is tried."""
    y = net.transform.analysis(x) * net.entropy.gains(mix)[0]
    z = torch.round(net.entropy.ha(y))
    found = {}
    for name, dtype in (('float32', torch.float32), ('bfloat16', torch.bfloat16)):
        for order in ('', ', channels last'):
            form = torch.channels_last if order else torch.contiguous_format
            for frozen in ('', ', frozen'):
                modules = {'encode': Encoding(net), 'decode': Decoding(net)}
                given = {'encode': (x, mix), 'decode': (y, z, mix)}
                try:
                    found[name + order + frozen] = {s: runner(modules[s], [prepare(t, form) for t in given[s]], dtype, form, frozen) for s in SIDES}
                except RuntimeError as error:              # an operator that this PyTorch lacks for the type
                    print('%s%s%s: left out, %s' % (name, order, frozen, str(error).split('\n')[0]))
    return found


def prepare(t, form):
    return t.contiguous(memory_format=form) if t.dim() == 4 else t


def runner(module, inputs, dtype, form, frozen):
    """A function without arguments that runs the module once. It was run before."""
    module = copy.deepcopy(module).to(memory_format=form).eval()

    def run():
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=dtype == torch.bfloat16, cache_enabled=False):
            return module(*inputs)
    if frozen:
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=dtype == torch.bfloat16, cache_enabled=False):
            module = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module, inputs, check_trace=False)))
    for _ in range(2):
        run()
    return run


def tool_seconds(tools, config, ppm, work):
    """{side: seconds of the networks} of the C tools."""
    coded = os.path.join(work, 'coded.ainn')
    commands = {'encode': ['ainnenc', ppm, '-o', coded, '-m', config, '-q', str(QUALITY), '-j', '1', '--stats'],
                'decode': ['ainndec', coded, '--no-output', '-j', '1', '--stats']}
    seconds = {}
    for side in SIDES:
        output = subprocess.run([os.path.join(tools, commands[side][0])] + commands[side][1:], check=True, capture_output=True, text=True).stdout
        stages = {k: float(v) for k, v in re.findall(r'^\s+(analysis|entropy net|synthesis)\s+([0-9.]+) s', output, re.M)}
        seconds[side] = sum(stages.values())
    return seconds


@torch.no_grad()
def measure(a):
    """{way: {side: [seconds of each round]}}"""
    torch.set_num_threads(1)
    keep_inverses()
    net = load_weights(a.config, a.weights)
    net.entropy.prior = nn.Identity()                      # rates are left out
    x = load_picture(a.picture, 'cpu')
    times = {}
    with tempfile.TemporaryDirectory() as work:
        ppm = os.path.join(work, 'picture.ppm')
        Image.fromarray((x[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)).save(ppm)
        x = F.pad(x, (0, -x.shape[3] % GRAIN, 0, -x.shape[2] % GRAIN), mode='replicate')
        found = ways(net, x, mix_weights(torch.tensor([3.5])))
        for _ in range(a.rounds):
            for side, seconds in tool_seconds(a.tools, a.config, ppm, work).items():
                times.setdefault('libainn', {}).setdefault(side, []).append(seconds)
            for name, runners in found.items():
                for side in SIDES:
                    start = time.perf_counter()
                    runners[side]()
                    times.setdefault(name, {}).setdefault(side, []).append(time.perf_counter() - start)
    return times


if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--config', default='fast')
    p.add_argument('--weights', required=True)
    p.add_argument('--tools', required=True, help='the folder of ainnenc and ainndec')
    p.add_argument('--picture', required=True)
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--csv', help='append the medians to this file')
    a = p.parse_args()
    medians = {name: {s: float(np.median(v[s])) for s in SIDES} for name, v in measure(a).items()}
    ours = medians['libainn']
    print('%-34s %12s %12s %10s %10s' % (a.config, 'encode, ms', 'decode, ms', 'x libainn', 'x libainn'))
    for name, one in medians.items():
        print('%-34s %12.1f %12.1f %10.1f %10.1f' % ((name,) + tuple(one[s] * 1000 for s in SIDES) + tuple(one[s] / ours[s] for s in SIDES)))
    for s in SIDES:
        best = min((one[s], name) for name, one in medians.items() if name != 'libainn')
        print('%s: the best of PyTorch (%s) takes %.1f times as long' % (s, best[1], best[0] / ours[s]))
    if a.csv:
        fresh = not os.path.exists(a.csv)
        with open(a.csv, 'a', newline='') as f:
            w = csv.writer(f)
            if fresh:
                w.writerow(['config', 'way', 'enc_s', 'dec_s'])
            for name, one in medians.items():
                w.writerow([a.config, name] + ['%.5f' % one[s] for s in SIDES])
