"""Pictures that no camera took: text, screens, drawings, patterns, noise.

A network that has seen photographs alone treats sharp edges and noise as something to be smoothed away.  A small share of
pictures of this kind among the crops keeps it honest (NOTES.md has what they give and what they cost).
"""
import glob
import random
import string

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 384
FONTS = '/usr/share/fonts/truetype/dejavu/*.ttf'
PRIMARIES = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)]


def colour(rng):
    """Of interfaces and drawings: often black, white, grey or fully saturated, else anything."""
    kind = rng.random()
    if kind < .3:
        return rng.choice(PRIMARIES)
    if kind < .5:
        return (rng.randrange(256),) * 3
    return tuple(rng.randrange(256) for _ in range(3))


def two_colours(rng):
    """Two that can be told apart."""
    while True:
        a, b = colour(rng), colour(rng)
        if sum(abs(x - y) for x, y in zip(a, b)) > 150:
            return a, b


def font(rng, low=8, high=36):
    found = sorted(glob.glob(FONTS))
    if not found:
        return ImageFont.load_default()
    return ImageFont.truetype(rng.choice(found), int(low * (high / low) ** rng.random()))


def words(rng, n):
    letters = string.ascii_lowercase * 6 + string.ascii_uppercase + string.digits + '.,:;()-'
    return ' '.join(''.join(rng.choice(letters) for _ in range(rng.randint(1, 10))) for _ in range(n))


def write(draw, rng, box, ink):
    x0, y0, x1, y1 = box
    face = font(rng)
    height = max(10, int(getattr(face, 'size', 10) * rng.uniform(1.1, 1.6)))
    for y in range(y0, y1 - height // 2, height):
        if rng.random() < .9:
            draw.text((x0, y), words(rng, max(1, (x1 - x0) // (2 * height))), fill=ink, font=face)


def page(rng):
    paper, ink = ((255, 255, 255), (0, 0, 0)) if rng.random() < .5 else two_colours(rng)
    image = Image.new('RGB', (SIZE, SIZE), paper)
    draw = ImageDraw.Draw(image)
    draw.fontmode = '1' if rng.random() < .2 else 'L'
    cut = rng.randrange(SIZE // 3, SIZE)
    write(draw, rng, (rng.randrange(20), rng.randrange(20), SIZE, cut), ink)
    write(draw, rng, (rng.randrange(20), cut, SIZE, SIZE), ink)
    return image


def shapes(rng):
    image = Image.new('RGB', (SIZE, SIZE), colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(3, 30)):
        p = [rng.randrange(-20, SIZE + 20) for _ in range(6)]
        box = [min(p[0], p[2]), min(p[1], p[3]), max(p[0], p[2]), max(p[1], p[3])]
        kind, fill, width = rng.randrange(5), colour(rng), rng.randint(1, 8)
        if kind == 0:
            draw.rectangle(box, fill=fill, outline=colour(rng) if rng.random() < .5 else None)
        elif kind == 1:
            draw.ellipse(box, fill=fill)
        elif kind == 2:
            draw.polygon(p, fill=fill)
        elif kind == 3:
            draw.line(p[:4], fill=fill, width=width)
        else:
            write(draw, rng, [max(0, v) for v in box], fill)
    if rng.random() < .3:        # smooth edges
        image = image.resize((SIZE // 2, SIZE // 2), Image.LANCZOS).resize((SIZE, SIZE), Image.LANCZOS)
    return image


def screen(rng):
    light = rng.random() < .6
    base = rng.randrange(225, 256) if light else rng.randrange(0, 50)
    image = Image.new('RGB', (SIZE, SIZE), (base,) * 3)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(2, 8)):
        x, y = rng.randrange(SIZE), rng.randrange(SIZE)
        w, h = rng.randrange(30, SIZE), rng.randrange(20, SIZE // 2)
        fill, ink = two_colours(rng)
        if rng.random() < .5:
            fill, ink = (min(255, base + rng.randrange(20)),) * 3, (0, 0, 0) if light else (230, 230, 230)
        draw.rectangle((x, y, x + w, y + h), fill=fill, outline=ink if rng.random() < .5 else None)
        write(draw, rng, (x + 4, y + 3, min(SIZE, x + w), min(SIZE, y + h)), ink)
    return image


def pattern(rng):
    """Chequers, stripes and grids down to single pixels."""
    a, b = (np.array(c) for c in (two_colours(rng) if rng.random() < .7 else ((0, 0, 0), (255, 255, 255))))
    y, x = np.mgrid[:SIZE, :SIZE]
    cell, other = (int(16 ** rng.random()) for _ in range(2))
    kind = rng.randrange(4)
    m = ((x // cell + y // other) if kind == 0 else x // cell if kind == 1 else y // cell if kind == 2 else (x + y) // cell) % 2
    if rng.random() < .5:        # in a part of the picture only
        m[:, rng.randrange(SIZE):] = rng.randrange(2)
    return Image.fromarray(np.where(m[..., None], a, b).astype(np.uint8))


def noise(rng):
    random_ = np.random.RandomState(rng.randrange(2 ** 31))
    block, planes = (rng.choice((2, 4, 8)) if rng.random() < .4 else 1), (3 if rng.random() < .6 else 1)
    size = (SIZE // block, SIZE // block, planes)
    kind = rng.randrange(3)
    if kind == 0:
        v = random_.randint(0, 256, size).astype(float)
    elif kind == 1:
        v = 255. * (random_.rand(*size) < rng.uniform(.05, .95))
    else:
        v = rng.uniform(0, 255) + random_.randn(*size) * rng.uniform(4, 80)
    v = np.broadcast_to(v.clip(0, 255), size[:2] + (3,)).repeat(block, 0).repeat(block, 1)
    return Image.fromarray(v.astype(np.uint8))


def ramp(rng):
    """Flat colours and gradients, saturated as often as not."""
    a, b = (np.array(colour(rng), float) for _ in range(2))
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    t = (x * rng.uniform(-2, 2) + y * rng.uniform(-2, 2) + rng.random()).clip(0, 1)[..., None]
    return Image.fromarray((a + (b - a) * t).round().clip(0, 255).astype(np.uint8))


KINDS = ((page, 30), (screen, 20), (shapes, 20), (pattern, 10), (noise, 10), (ramp, 10))


def pictures(n, seed=7):
    """n pictures as byte arrays, always the same for a seed."""
    rng = random.Random(seed)
    makers, weights = zip(*KINDS)
    return [np.asarray(maker(rng)) for maker in rng.choices(makers, weights, k=n)]
