"""Pictures: from tar shards or folders into one flat byte tensor on the training device; crops are gathered there."""
import glob
import io
import os
import random
import tarfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image

import synthetic

ENDINGS = ('.jpg', '.jpeg', '.png', '.webp')


def files(patterns):
    """Bytes of every picture in tar files, folders and files that match."""
    for pattern in patterns:
        for path in sorted(glob.glob(pattern)):
            if path.endswith('.tar'):
                with tarfile.open(path) as tar:
                    for member in tar:
                        if member.isfile() and member.name.lower().endswith(ENDINGS):
                            yield tar.extractfile(member).read()
            elif os.path.isdir(path):
                yield from files([os.path.join(glob.escape(path), '*')])
            elif path.lower().endswith(ENDINGS):
                with open(path, 'rb') as f:
                    yield f.read()


def decode(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert('RGB'))


class Patches:
    """Random crops, flipped and transposed at random, uniform over all pixels of all pictures.  `share` of the crops come
    from synthetic pictures."""
    def __init__(self, patterns, crop, device, share=0., synthetic_count=600):
        with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
            pictures = [x for x in pool.map(decode, files(patterns)) if min(x.shape[:2]) >= crop]
        if not pictures:
            raise SystemExit(f'no picture of at least {crop}x{crop} in {patterns}')
        self.count, self.megapixels = len(pictures), sum(x.size for x in pictures) / 3e6
        if share:
            pictures += synthetic.pictures(synthetic_count)
        self.h, self.w = (torch.tensor([x.shape[i] for x in pictures], device=device) for i in (0, 1))
        sizes = torch.tensor([x.size for x in pictures])
        self.off = torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)[:-1]]).to(device)
        self.data = torch.empty(int(sizes.sum()), dtype=torch.uint8, device=device)
        for off, x in zip(self.off.tolist(), pictures):
            self.data[off:off + x.size] = torch.from_numpy(x.reshape(-1).copy()).to(device)
        self.prob = (self.h * self.w).float()
        self.prob[self.count:] *= share / (1 - share) * self.prob[:self.count].sum() / self.prob[self.count:].sum()
        self.set_crop(crop)

    def set_crop(self, crop):
        r = torch.arange(crop, device=self.data.device)
        self.crop, self.iy, self.ix, self.ic = crop, r[:, None, None], r[None, :, None], torch.arange(3, device=self.data.device)

    def __call__(self, n):
        dev = self.data.device
        k = torch.multinomial(self.prob, n, replacement=True)
        y = (torch.rand(n, device=dev) * (self.h[k] - self.crop + 1)).long()
        x = (torch.rand(n, device=dev) * (self.w[k] - self.crop + 1)).long()

        def v(t):
            return t[:, None, None, None]
        idx = v(self.off[k]) + ((v(y) + self.iy) * v(self.w[k]) + v(x) + self.ix) * 3 + self.ic
        b = self.data[idx].permute(0, 3, 1, 2).float() / 255
        if random.random() < .5:
            b = b.flip(3)
        if random.random() < .5:
            b = b.transpose(2, 3)
        return b.contiguous()
