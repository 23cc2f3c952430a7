#!/usr/bin/env python3
"""Reference decoder of .ainn files: Python and NumPy only, written from the specification.  Slow, short, exact.

  python3 ainn_decode.py --model fast.ainnmodel [--model ...] PICTURE.ainn -o PICTURE.ppm [--frame N] [--raw]

Writes PGM, PPM or (with alpha) PAM; a sequence without --frame gives NAME-0.ppm, NAME-1.ppm, ...  --raw leaves the
header away.  Any damage is an error.  Orientation is not applied.
"""
import argparse
import os
import sys

import numpy as np

from bitstream import Decoder
from container import frames
from detail import correct
from network import FormatError, Model


def decode(frame, decoders):
    """Samples [height][width][channels] of a frame. `decoders`: by model id."""
    if frame.model not in decoders:
        raise FormatError(f'the picture needs the model {frame.model:08x}')
    decoder = decoders[frame.model]
    yhat = np.zeros((frame.rows, frame.columns, decoder.model.M))
    places = [(y, x) for y in range(0, frame.rows, 64) for x in range(0, frame.columns, 64)]
    for (y, x), (rows, columns, z, latents) in zip(places, frame.groups):
        yhat[y:y + rows, x:x + columns] = decoder.group(z, latents, rows, columns, frame.quality)
    u, top = decoder.model.synthesis(yhat, frame.quality), (1 << frame.depth) - 1
    if 'detail' in frame.extensions:
        u = correct(np.array(u, np.int64), frame)
    u = u[:frame.height, :frame.width]
    if frame.grey:
        u = (u[:, :, :1] + 2 * u[:, :, 1:2] + u[:, :, 2:] + 2) >> 2
    samples = u * top + 32768 >> 16
    return np.concatenate([samples, frame.alpha_plane()[:, :, None]], 2) if frame.alpha else samples


def sample_bytes(samples, depth):
    """One byte a sample, or two with the high one first."""
    return samples.astype('u1' if depth == 8 else '>u2').tobytes()


def pnm_header(frame):
    size, top = (frame.width, frame.height), (1 << frame.depth) - 1
    if not frame.alpha:
        return b'P%d\n%d %d\n%d\n' % (5 if frame.grey else 6, *size, top)
    kind = b'GRAYSCALE_ALPHA' if frame.grey else b'RGB_ALPHA'
    return b'P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n' % (*size, frame.channels, top, kind)


def load_models(paths):
    decoders = {}
    for path in paths:
        with open(path, 'rb') as f:
            model = Model(f.read())
        decoders[model.id] = Decoder(model)
    return decoders


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--model', action='append', required=True)
    p.add_argument('--frame', type=int)
    p.add_argument('--raw', action='store_true')
    p.add_argument('-o', required=True, metavar='OUT')
    p.add_argument('picture')
    a = p.parse_args()
    decoders = load_models(a.model)
    with open(a.picture, 'rb') as f:
        found = list(frames(f.read()))
    if a.frame is not None:
        found = found[a.frame:a.frame + 1]
    if not found:
        raise FormatError('there is no such frame')
    stem, ending = os.path.splitext(a.o)
    for i, frame in enumerate(found):
        body = sample_bytes(decode(frame, decoders), frame.depth)
        with open(a.o if len(found) == 1 else f'{stem}-{i}{ending}', 'wb') as f:
            f.write((b'' if a.raw else pnm_header(frame)) + body)


if __name__ == '__main__':
    try:
        main()
    except (FormatError, OSError) as e:
        sys.exit(f'ainn_decode: {e}')
