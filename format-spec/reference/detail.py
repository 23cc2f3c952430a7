"""The detail layer (detail.md)."""
import numpy as np

from network import FormatError, crc32c

OCTAVE = (65536, 71468, 77936, 84990, 92682, 101070, 110218, 120194)
ZIGZAG = [int(i) for i in
          '0 1 8 16 9 2 3 10 17 24 32 25 18 11 4 5 12 19 26 33 40 48 41 34 27 20 13 6 7 14 21 28 35 42 49 56 57 50 43 36 29 22 15 23 30 37 44 51 58 59 52 '
          '45 38 31 39 46 53 60 61 54 47 55 62 63'.split()]
BASIS = np.array([[724] * 8, [1004, 851, 569, 200, -200, -569, -851, -1004], [946, 392, -392, -946, -946, -392, 392, 946],
                  [851, -200, -1004, -569, 569, 1004, 200, -851], [724, -724, -724, 724, 724, -724, -724, 724],
                  [569, -1004, 200, 851, -851, -200, 1004, -569], [392, -946, 946, -392, -392, 946, -946, 392],
                  [200, -569, 851, -1004, 1004, -851, 569, -200]], np.int64)
ROTATION = np.array([[4730, 4730, 4730], [5793, 0, -5793], [3344, -6689, 3344]], np.int64)
NONE = None


class Coder:
    """Binary decisions; chances are found by their names and made when they are first used."""
    def __init__(self, data):
        self.data, self.position = data, 0
        self.range, self.code = (1 << 32) - 1, 0
        for _ in range(4):
            self.code = self.code << 8 | self.byte()
        self.chances = {}

    def byte(self):
        self.position += 1
        return self.data[self.position - 1] if self.position <= len(self.data) else 0

    def cut(self, bound):
        bit = self.code >= bound
        if bit:
            self.code -= bound
            self.range -= bound
        else:
            self.range = bound
        while self.range < 1 << 24:
            self.range <<= 8
            self.code = self.code << 8 | self.byte()
        return int(bit)

    def bit(self, *name, start=32768):
        chance = self.chances.setdefault(name, [start, start, 0])
        fast, slow, seen = chance
        bit = self.cut((self.range >> 16) * (fast + slow >> 1))
        rate = 1 + sum(seen >= n for n in (2, 5, 10, 22, 44, 90))
        chance[0], chance[1] = (e - (e >> r) if bit else e + (65536 - e >> r) for e, r in ((fast, min(rate, 4)), (slow, rate)))
        chance[2] = min(seen + 1, 90)
        return bit

    def even(self, count):
        value = 0
        for _ in range(count):
            value = value << 1 | self.cut(self.range >> 1)
        return value

    def tree(self, bits, *name):
        node = 1
        for _ in range(bits):
            node = 2 * node + self.bit(*name, node)
        return node

    def finish(self):
        if not 0 <= self.position - len(self.data) <= 4:
            raise FormatError('a detail stream ends wrongly')


class Block:
    def __init__(self):
        self.level, self.length, self.mark, self.there = [0] * 64, 0, 0, False


NOTHING = Block()


def fine(s):
    return s if s < 4 else 4 + sum(s >= n for n in (6, 9, 14, 23))


def coarse(s):
    return s if s < 3 else 3 + sum(s >= n for n in (5, 9))


def limited(v, bound):
    return max(-bound, min(bound, v))


class Group:
    """One group's cells; `u` is changed in place."""
    def __init__(self, stream, u, columns, rows, components, depth):
        if len(stream) < 6 or crc32c(stream[:-4]) != int.from_bytes(stream[-4:], 'little') or stream[0] > 95:
            raise FormatError('a detail stream is damaged')
        self.step = (OCTAVE[stream[0] & 7] << (stream[0] >> 3)) >> 13
        self.coder = Coder(stream[1:-4])
        self.components, self.depth = components, depth
        self.blocks, self.pixels, kinds = {}, {}, {}
        self.palette, self.count, self.known = [(0,) * components] * 256, 0, 0
        for y in range(rows):
            for x in range(columns):
                near = kinds.get((y, x - 1), 0), kinds.get((y - 1, x), 0)
                kind = self.coder.bit('cell', *near) and 1 + self.coder.bit('painted', *near)
                kinds[y, x] = kind
                if kind == 2:
                    self.paint(u, y, x)
                elif kind == 1:
                    self.correct(u, y, x)
        self.coder.finish()

    # ---- Blocks ----

    def correct(self, u, y, x):
        for i in range(4):
            by, bx = 2 * y + (i >> 1), 2 * x + (i & 1)
            d = np.zeros((3, 8, 8), np.int64)
            for c in range(self.components):
                block = self.blocks[c, by, bx] = self.block(c, by, bx)
                X = np.clip(np.array(block.level, np.int64).reshape(8, 8) * self.step, -262143, 262143)
                T = np.clip(BASIS.T @ X + 1024 >> 11, -262143, 262143)
                d[c] = np.clip(T @ BASIS + 1024 >> 11, -65535, 65535)
            part = u[8 * by:8 * by + 8, 8 * bx:8 * bx + 8]
            part[:] = np.clip(part + (np.tensordot(d, ROTATION, (0, 0)) + 1024 >> 11), 0, 65536)

    def block(self, c, by, bx):
        bit, k = self.coder.bit, int(c > 0)
        left, above, corner = (self.blocks.get((c, by - dy, bx - dx), NOTHING) for dy, dx in ((0, 1), (1, 0), (1, 1)))
        block = Block()
        block.there = True
        if left.there or above.there:
            marks = left.mark + above.mark
            if bit('copy', k, marks):
                source = (above if bit('above', k, marks) else left) if left.there and above.there else left if left.there else above
                block.level, block.length, block.mark = list(source.level), source.length, 1
                return block
        before = self.blocks[c - 1, by, bx] if c else NOTHING
        block.length = self.length(k, left, above, before)
        l, a, o = left.level[0], above.level[0], corner.level[0]
        if not (left.there and above.there):
            prediction = l if left.there else a if above.there else 0
        elif not corner.there:
            prediction = l + a >> 1
        else:
            prediction = min(l, a) if o >= max(l, a) else max(l, a) if o <= min(l, a) else l + a - o
        for place in reversed(range(block.length)):
            at = ZIGZAG[place]
            around = abs(left.level[at]) + abs(above.level[at]) + (abs(before.level[at]) >> 1)
            if place == 0:
                around = abs(l - a) + abs(l - o) if left.there and above.there else 2
            value = self.value(block, k, place, around, (left.level[at], above.level[at]))
            block.level[at] = limited(value + (prediction if place == 0 else 0), 32767)
        if not block.length:
            block.level[0] = prediction
        return block

    def length(self, k, left, above, before):
        context = (left if left.there else above).length.bit_length() + (above if above.there else left).length.bit_length()
        if k:
            context = context + 2 * before.length.bit_length() + 1 >> 1
        context = context + 1 >> 1
        n = 0
        while n < 7 and self.coder.bit('length', k, context, n):
            n += 1
        return n if n < 2 else 64 if n == 7 else self.coder.tree(n - 1, 'length_bits', k, n)

    def value(self, block, k, place, around, beside):
        bit, first = self.coder.bit, int(place == 0)
        v, h = divmod(ZIGZAG[place], 8)
        near = sum(weight * abs(block.level[8 * (v + dy) + h + dx]) for dy, dx, weight in ((0, 1, 2), (1, 0, 2), (1, 1, 1), (0, 2, 1), (2, 0, 1))
                   if v + dy < 8 and h + dx < 8)
        context = min(around.bit_length(), 9) if first else fine(near + 2 * around >> 1)
        group = sum(place >= n for n in (1, 3, 6, 10, 21, 36))
        if place + 1 != block.length and not bit('zero', k, group, fine(near), coarse(around)):
            return 0
        magnitude = 1
        while magnitude < 3 and bit('more', k, first, context, magnitude - 1):
            magnitude += 1
        if magnitude == 3:
            e = 0
            while e < 16 and bit('exponent', k, first, context, min(e, 15)):
                e += 1
            w = 1
            for i in range(min(e, 2)):
                w = w << 1 | bit('mantissa', k, first, e, i)
            left = max(e - 2, 0)
            magnitude = (w << left | self.coder.even(left)) + 2
        signs = [2 if level < 0 else int(level > 0) for level in beside]
        negative = bit('first_sign', k) if first else bit('sign', k, 3 * signs[0] + signs[1])
        return -magnitude if negative else magnitude

    # ---- Painting ----

    def paint(self, u, y, x):
        top = (1 << self.depth) - 1
        for py in range(16 * y, 16 * y + 16):
            for px in range(16 * x, 16 * x + 16):
                colour = self.pixels[py, px] = self.colour(py, px)
                u[py, px] = [(s * 65536 + (top >> 1)) // top for s in (colour if len(colour) == 3 else colour * 3)]

    def colour(self, py, px):
        L, A, C, R, L2, A2 = (self.pixels.get((py + dy, px + dx), NONE) for dy, dx in ((0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0)))
        if px % 16 == 15 and py % 16:
            R = NONE
        equal = (L == A, A == C, L == C, A == R, L2 == L, A2 == A)
        pattern, missed = sum(e << i for i, e in enumerate(equal)), []
        for candidate in (L, A, C, R):
            if candidate is NONE or candidate in missed:
                continue
            start = 32768 if missed else 65536 - (32768 >> sum(equal))
            if not self.coder.bit('hit', len(missed), pattern, start=start):
                return candidate
            missed.append(candidate)
        self.known = self.coder.bit('known', self.known)
        if self.known:
            return self.palette[self.coder.tree(8, 'slot') - 256]
        colour = tuple(self.coder.even(self.depth) for _ in range(self.components))
        self.palette[self.count % 256] = colour
        self.count += 1
        return colour


def streams(data, count):
    """The streams of an extension."""
    from container import Reader
    r = Reader(data)
    sizes = [r.varint() for _ in range(count)]
    found = [r.bytes(size) for size in sizes]
    if r.position != len(data):
        raise FormatError('the detail extension has bytes too many')
    return found


def correct(u, frame):
    """u [16 * rows][16 * columns][3] of the whole picture, corrected."""
    places = [(y, x) for y in range(0, frame.rows, 64) for x in range(0, frame.columns, 64)]
    for (y, x), stream in zip(places, streams(frame.extensions['detail'], len(places))):
        if stream:
            rows, columns = min(64, frame.rows - y), min(64, frame.columns - x)
            Group(stream, u[16 * y:16 * (y + rows), 16 * x:16 * (x + columns)], columns, rows, 1 if frame.grey else 3, frame.depth)
    return u
