"""Frames, sequences and alpha (container.md)."""
import zlib

import numpy as np

from network import FormatError, crc32c

FRAME, SEQUENCE = b'\x8aAIN\r\n', b'\x8aAIS\r\n'
KNOWN_EXTENSIONS = {1: 'detail', 2: 'icc', 4: 'exif', 6: 'xmp', 8: 'orientation'}


class Reader:
    def __init__(self, data, position=0):
        self.data, self.position = data, position

    def bytes(self, n):
        part = self.data[self.position:self.position + n]
        if len(part) != n:
            raise FormatError('the file ends too early')
        self.position += n
        return part

    def number(self, n):
        return int.from_bytes(self.bytes(n), 'little')

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 127) << shift
            if byte < 128:
                break
            shift += 7
        if byte == 0 and shift or value >> 64:
            raise FormatError('a number is written with needless bytes or too large')
        return value

    def checked(self, n, name):
        """A part of n bytes and its CRC, which a part of zero bytes does not have."""
        part = self.bytes(n)
        if n and crc32c(part) != self.number(4):
            raise FormatError(f'{name} damaged')
        return part


class Frame:
    """Header and parts of one frame; groups is [(rows, columns, z, y)] in raster order."""
    def __init__(self, data):
        r = Reader(data)
        if r.bytes(6) != FRAME or r.number(1) != 1:
            raise FormatError('not a frame of version 1')
        self.length = r.varint()
        header = r.varint()
        end = r.position + header
        r.data = data = data[:self.length]
        if len(data) != self.length:
            raise FormatError('the file ends too early')
        flags = r.number(1)
        self.channels, self.depth = (flags & 3) + 1, (flags >> 2 & 15) + 8
        if self.depth > 16:
            raise FormatError('depths above 16 are not defined')
        self.alpha, self.grey = self.channels in (2, 4), self.channels < 3
        self.width, self.height = r.varint() + 1, r.varint() + 1
        self.model, self.quality = r.number(4), r.varint()
        if self.quality > 1792:
            raise FormatError('quality out of range')
        self.colour = tuple(r.bytes(4)) if flags & 64 else (1, 13, 0, 1)
        alpha_size = 0
        if self.alpha:
            self.alpha_quality, alpha_size = r.number(1), r.varint()
        kinds = [(r.varint(), r.varint()) for _ in range(r.varint())] if flags & 128 else []
        self.columns, self.rows = -(-self.width // 16), -(-self.height // 16)
        shapes = [(min(64, self.rows - y), min(64, self.columns - x)) for y in range(0, self.rows, 64) for x in range(0, self.columns, 64)]
        sizes = [(r.varint(), r.varint()) for _ in shapes]
        if r.position + 4 != end or crc32c(data[:r.position]) != r.number(4):
            raise FormatError('the header is damaged')
        self.extensions = {}
        for kind, size in kinds:
            if kind % 2 and kind not in KNOWN_EXTENSIONS:
                raise FormatError(f'critical extension {kind} is not known')
            self.extensions[KNOWN_EXTENSIONS.get(kind, kind)] = r.checked(size, f'extension {kind}')
        all_z = Reader(r.checked(sum(z for z, _ in sizes), 'the hyperprior stream'))
        self.groups = [(*shape, all_z.bytes(z), r.checked(y, 'a latent stream')) for shape, (z, y) in zip(shapes, sizes)]
        self.alpha_data = r.checked(alpha_size, 'the alpha stream')
        if r.position != self.length:
            raise FormatError('lengths do not add up')

    def alpha_plane(self):
        """[height][width] of the lossless alpha stream: PNG's filters in one zlib stream."""
        size = 1 if self.depth == 8 else 2
        data, stride = zlib.decompress(self.alpha_data), 1 + size * self.width
        if len(data) != stride * self.height:
            raise FormatError('alpha has the wrong size')
        above, rows = bytearray(size * self.width), []
        for y in range(self.height):
            kind, row = data[y * stride], bytearray(data[y * stride + 1:(y + 1) * stride])
            for i in range(len(row)):
                left, up, corner = (row[i - size], above[i], above[i - size]) if i >= size else (0, above[i], 0)
                paeth = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
                row[i] = row[i] + (0, left, up, left + up >> 1, paeth)[kind] & 255
            rows.append(bytes(row))
            above = row
        return np.frombuffer(b''.join(rows), '>u2' if size == 2 else 'u1').reshape(self.height, self.width).astype(np.int64)


def frames(data):
    """The frames of a file: one of a still picture, all of a sequence."""
    if data[:6] != SEQUENCE:
        yield Frame(data)
        return
    r = Reader(data, 6)
    if r.number(1) != 1:
        raise FormatError('not a sequence of version 1')
    r.varint(), r.varint(), r.varint()               # time base, frame count
    if crc32c(data[:r.position]) != r.number(4):
        raise FormatError('the header of the sequence is damaged')
    while r.position < len(data) and r.number(1) == 0x46:
        r.varint(), r.varint()                       # time, duration
        frame = Frame(data[r.position:])
        r.position += frame.length
        yield frame
