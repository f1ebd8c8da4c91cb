#!/usr/bin/env python3
"""Writes the fixtures of graph/format/tengine by hand from the tables of
tm2_format.h (pip install numpy): Tengine's converter is not to be had as a
package."""

import struct

import numpy as np

rng = np.random.default_rng(7)


class File:
    def __init__(self):
        self.b = bytearray(12)

    def put(self, data):
        self.b += b'\0' * (-len(self.b) % 4)
        at = len(self.b)
        self.b += data
        return at

    def words(self, *w):
        return self.put(b''.join(struct.pack('<f', x) if isinstance(x, float) else struct.pack('<i', x) for x in w))

    def vector(self, *w):
        return self.words(len(w), *w)

    def text(self, s):
        return self.words(len(s) + 1, self.put(s.encode() + b'\0'))

    def buffer(self, a):
        return self.words(a.nbytes, self.put(a.tobytes()))

    def tensor(self, i, name, dims, kind, dtype=0, buf=0, quant=()):
        q = self.vector(*[self.words(z, s, 8) for z, s in quant]) if quant else 0
        return self.words(i, buf, self.vector(*dims) if dims else 0, self.text(name), q, 0, kind, dtype)

    def node(self, i, name, kind, ins, outs, param=()):
        op = self.words(1, kind, self.words(*param) if param else 0)
        return self.words(i, self.vector(*ins) if ins else 0, self.vector(*outs), op, self.text(name), 0, 0)

    def finish(self, path, nodes, tensors, buffers, inputs, outputs):
        sub = self.words(0, 0, 0, self.vector(*inputs), self.vector(*outputs), self.vector(*nodes), self.vector(*tensors), self.vector(*buffers), self.text('sub'), 0)
        root = self.words(2, 0, self.vector(sub), self.text('small'))
        struct.pack_into('<HHHHI', self.b, 0, 2, 0, 0, 0, root)
        open(path, 'wb').write(self.b)


def small(path, stripped):
    f = File()
    w, b, fc = rng.normal(0, 1, (4, 3, 3, 3)).astype('<f4'), rng.normal(0, 1, 4).astype('<f4'), rng.integers(-90, 90, (5, 64)).astype(np.int8)
    buffers = [f.words(a.nbytes, 0) for a in (w, b, fc)] if stripped else [f.buffer(a) for a in (w, b, fc)]
    tensors = [
        f.tensor(0, 'data', [1, 3, 8, 8], 3), f.tensor(1, 'w', [4, 3, 3, 3], 2, buf=0), f.tensor(2, 'b', [4], 2, buf=1), f.tensor(3, 'conv', [], 1),
        f.tensor(4, 'pool', [], 1), f.tensor(5, 'flat', [], 1), f.tensor(6, 'fw', [5, 64], 2, dtype=2, buf=2, quant=[(0, 0.5)]), f.tensor(7, 'fc', [], 1), f.tensor(8, 'prob', [], 1),
    ]
    nodes = [
        f.node(0, 'data', 12, [], [0]), f.node(1, 'w', 4, [], [1]), f.node(2, 'b', 4, [], [2]),
        f.node(3, 'conv', 5, [0, 1, 2], [3], (3, 3, 1, 1, 1, 1, 3, 4, 1, 0, 1, 1, 1, 1)),
        f.node(4, 'pool', 16, [3], [4], (0, 2, 2, 2, 2, 0, 1, 0, 0, 0, 0)), f.node(5, 'flat', 10, [4], [5], (1, 3)),
        f.node(6, 'fc', 11, [5, 6], [7], (5,)), f.node(7, 'prob', 28, [7], [8], (1,)),
    ]
    f.finish(path, nodes, tensors, buffers, [0], [7])


if __name__ == '__main__':
    small('small.tmfile', False)
    small('stripped.tmfile', True)
