"""Rate (by the model's own likelihoods) and RGB PSNR of the float network on a folder of pictures.

  python3 evaluate.py --config fast --weights weights.pt --pictures ../../shared/data/kodak [--every 1] [--json out.json]
"""
import argparse
import glob
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from codec import CONFIGS, build
from network import QUALITIES

GRAIN = 64             # the whole network divides sizes by this


def load_picture(path, device):
    return torch.from_numpy(np.asarray(Image.open(path).convert('RGB')).copy()).to(device).permute(2, 0, 1)[None].float() / 255


@torch.no_grad()
def run_picture(net, x, q):
    """Bits, PSNR and the rebuilt picture."""
    h, w = x.shape[2:]
    padded = F.pad(x, (0, -w % GRAIN, 0, -h % GRAIN), mode='replicate')
    y, bits = net(padded, torch.tensor([float(q)], device=x.device), False)
    y = (y[:, :, :h, :w].clamp(0, 1) * 255).round() / 255
    return bits.item(), -10 * math.log10(max((y - x).pow(2).mean().item(), 1e-10)), y


def curve(net, folder, qualities, device, every=1):
    """[(bpp, PSNR)] averaged over pictures, one a quality."""
    rows = []
    for q in qualities:
        bpp, psnr = [], []
        for path in sorted(glob.glob(os.path.join(folder, '*.png')))[::every]:
            x = load_picture(path, device)
            bits, db, _ = run_picture(net, x, q)
            bpp.append(bits / x.shape[2] / x.shape[3])
            psnr.append(db)
        rows.append((round(float(np.mean(bpp)), 4), round(float(np.mean(psnr)), 3)))
    return rows


def load_weights(config, path, device='cpu'):
    net = build(config).to(device)
    net.load_state_dict({k: v.float() for k, v in torch.load(path, map_location=device).items()})
    return net.eval()


if __name__ == '__main__':
    p = argparse.ArgumentParser()
    p.add_argument('--config', required=True, choices=list(CONFIGS))
    p.add_argument('--weights', required=True)
    p.add_argument('--pictures', required=True)
    p.add_argument('--every', type=int, default=1)
    p.add_argument('--qualities', type=float, nargs='+', default=list(range(QUALITIES)))
    p.add_argument('--json')
    a = p.parse_args()
    dev = 'cuda' if torch.cuda.is_available() else 'cpu'
    rows = curve(load_weights(a.config, a.weights, dev), a.pictures, a.qualities, dev, a.every)
    print(rows)
    if a.json:
        with open(a.json, 'w') as f:
            json.dump({'config': a.config, 'quality': a.qualities, 'bpp': [r[0] for r in rows], 'psnr': [r[1] for r in rows]}, f)
