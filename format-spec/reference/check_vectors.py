#!/usr/bin/env python3
"""Decodes the conformance vectors with the reference decoder and compares with tests/vectors/SHA256SUMS.

  python3 check_vectors.py [--vectors FOLDER] [--models FOLDER] [NAME ...]
"""
import argparse
import glob
import hashlib
import os
import sys
import time

from ainn_decode import decode, load_models, pnm_header, sample_bytes
from container import frames

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--vectors', default=os.path.join(ROOT, 'tests', 'vectors'))
    p.add_argument('--models', default=os.path.join(ROOT, 'models'))
    p.add_argument('names', nargs='*', help='only these')
    a = p.parse_args()
    sums = {}
    with open(os.path.join(a.vectors, 'SHA256SUMS')) as f:
        for line in f:
            digest, name = line.split()
            sums[os.path.splitext(name)[0]] = digest
    models = load_models(sorted(glob.glob(os.path.join(a.models, '*.ainnmodel'))))
    left, failed = dict(sums), 0
    for path in sorted(glob.glob(os.path.join(a.vectors, '*.ainn'))):
        name, start = os.path.splitext(os.path.basename(path))[0], time.time()
        if a.names and name not in a.names:
            continue
        with open(path, 'rb') as f:
            found = list(frames(f.read()))
        for i, frame in enumerate(found):
            key = f'{name}-{i}' if len(found) > 1 else name
            digest = hashlib.sha256(pnm_header(frame) + sample_bytes(decode(frame, models), frame.depth)).hexdigest()
            if digest != left.pop(key, None):
                failed += 1
                print(f'FAILED: {key}')
        print(f'{name}: {len(found)} frame{"s" * (len(found) > 1)}, {time.time() - start:.1f} s', flush=True)
    if not a.names and left:
        failed += len(left)
        print('no vector for', ', '.join(left))
    print(f'{len(sums) - len(left)} pictures decoded, {failed} failed')
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
