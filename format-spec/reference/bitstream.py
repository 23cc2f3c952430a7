"""Latents of a group from its two streams (bitstream.md): rANS, tables, escapes, the four steps."""
import numpy as np

from network import WIDE, FormatError, clamp

LOW = 1 << 31
CELL = ((0, 0), (1, 1), (0, 1), (1, 0))
LARGE_GROUP = 256           # positions above which y has two states


class Tables:
    """Cumulated frequencies, offset and number of symbols of every table of one kind."""
    def __init__(self, tensors, kind):
        self.offset = tensors[kind + '.offset'].tolist()
        self.count, self.cum = tensors[kind + '.count'].tolist(), []
        for start, count in zip(tensors[kind + '.start'].tolist(), self.count):
            self.cum.append(np.append(tensors[kind + '.cum'][start:start + count], 65536))


class Stream:
    """Symbols of one stream, in the order in which they were coded."""
    def __init__(self, data, states):
        self.data, self.turn = data, 0
        self.states = []
        if not data:                                   # allowed if nothing is read
            self.position = 0
            return
        fixed = 8 * (states - 1)
        if len(data) < 5 + fixed:
            raise FormatError('a latent stream is too short')
        head = 5 + (len(data) - 5 - fixed) % 4
        self.states = [int.from_bytes(data[:head], 'little')]
        self.position = head
        for _ in range(states - 1):
            self.states.append(int.from_bytes(data[self.position:self.position + 8], 'little'))
            self.position += 8

    def advance(self, state, start, frequency):
        x = self.states[state]
        x = frequency * (x >> 16) + (x & 65535) - start
        if x < LOW:
            if self.position + 4 > len(self.data):
                raise FormatError('a latent stream ends too early')
            x = x << 32 | int.from_bytes(self.data[self.position:self.position + 4], 'little')
            self.position += 4
        self.states[state] = x

    def bit(self, state):
        bit = (self.states[state] & 65535) >> 15
        self.advance(state, bit << 15, 1 << 15)
        return bit

    def value(self, tables, index):
        if not self.states:
            raise FormatError('a latent stream is missing')
        state = self.turn
        self.turn = (self.turn + 1) % len(self.states)
        cum, last = tables.cum[index], tables.count[index] - 1
        k = int(np.searchsorted(cum, self.states[state] & 65535, 'right')) - 1
        self.advance(state, int(cum[k]), int(cum[k + 1] - cum[k]))
        if k < last:
            return k + tables.offset[index]
        above, bits = self.bit(state), 0
        while self.bit(state):
            bits += 1
            if bits > 16:
                raise FormatError('an escape code is too long')
        e = 1
        for _ in range(bits):
            e = e << 1 | self.bit(state)
        return tables.offset[index] + last - 1 + e if above else tables.offset[index] - e

    def end(self):
        if any(x != LOW for x in self.states) or self.position != len(self.data):
            raise FormatError('a latent stream is damaged')


class Decoder:
    def __init__(self, model):
        self.model = model
        self.gauss, self.prior = Tables(model.tensors, 'gauss'), Tables(model.tensors, 'prior')

    def hyperlatents(self, stream, rows, columns, quality_code):
        """z [rows][columns][Z]; the neighbours to the left and above choose the table."""
        z, middle = np.zeros((rows, columns, self.model.Z), np.int64), self.model.tensors['prior.middle']
        for y in range(rows):
            for x in range(columns):
                above = z[y - 1, x] if y else z[y, x - 1] if x else middle
                left = z[y, x - 1] if x else above
                context = np.clip(left + above - 2 * middle.astype(np.int64), -3, 3) + 3
                for c in range(self.model.Z):
                    value = stream.value(self.prior, ((quality_code >> 9) * 7 + int(context[c])) * self.model.Z + c)
                    z[y, x, c] = clamp(value, self.model.z_max)
        return z.astype(np.float64)

    def group(self, z_data, y_data, rows, columns, quality_code):
        """Decoded latents [rows][columns][M]."""
        model = self.model
        stream = Stream(z_data, 1)
        zy, zx = ((n + 1) // 2 + 1 >> 1 for n in (rows, columns))
        z = self.hyperlatents(stream, zy, zx, quality_code)
        stream.end()
        features = model.features(z, rows, columns)
        stream = Stream(y_data, 2 if rows * columns > LARGE_GROUP else 1)
        yhat, quarter = np.zeros((rows, columns, model.M)), model.M // 4
        for s in range(4):
            means, indices = model.context(s, features, yhat)
            for y in range(rows):
                for x in range(columns):
                    g = (CELL.index((y % 2, x % 2)) - s) % 4
                    v = np.zeros(quarter, np.int64)
                    for k in np.flatnonzero(indices[y, x, g]):
                        v[k] = stream.value(self.gauss, indices[y, x, g, k])
                    yhat[y, x, g * quarter:(g + 1) * quarter] = clamp(means[y, x, g] + (v << model.y_frac), WIDE)
        stream.end()
        return yhat
