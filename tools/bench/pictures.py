"""The pictures of a run: found in a folder, opened once and laid down uncompressed so that reading them costs nothing."""
import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

SUFFIXES = ('.png', '.ppm', '.pgm', '.bmp', '.tif', '.tiff', '.jpg', '.jpeg', '.webp')


@dataclass
class Source:
    """One picture as 8-bit RGB: its name, two uncompressed files of it, and its pixels."""
    name: str
    ppm: str
    png: str
    pixels: np.ndarray

    @property
    def count(self):
        """Number of pixels."""
        return self.pixels.shape[0] * self.pixels.shape[1]


def find(folder):
    """Paths of the pictures in a folder (or the one picture that `folder` is), sorted."""
    if os.path.isfile(folder):
        return [folder]
    found = [os.path.join(folder, f) for f in sorted(os.listdir(folder)) if f.lower().endswith(SUFFIXES)]
    if not found:
        raise SystemExit('ainnbench: no pictures in %s' % folder)
    return found


def spread(paths, count):
    """`count` of the paths, evenly spread."""
    if not count or count >= len(paths):
        return paths
    return [paths[(2 * i + 1) * len(paths) // (2 * count)] for i in range(count)]


def name_of(path):
    """What a picture is called in tables."""
    return os.path.splitext(os.path.basename(path))[0]


def prepare(path, folder):
    """Opens a picture and writes its uncompressed copies."""
    with Image.open(path) as picture:
        rgb = picture.convert('RGB')
    ppm, png = os.path.join(folder, 'source.ppm'), os.path.join(folder, 'source.png')
    rgb.save(ppm)
    rgb.save(png, compress_level=0)
    return Source(name_of(path), ppm, png, np.asarray(rgb))
