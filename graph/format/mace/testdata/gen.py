#!/usr/bin/env python3
"""Writes the fixtures of this folder: a small graph with its weights.

MACE's converter is not on the package index; the messages are assembled from the field numbers of
mace/proto/mace.proto."""
import os, struct

here = os.path.dirname(os.path.abspath(__file__))


def varint(v):
    out = b""
    v &= (1 << 64) - 1
    while v > 127:
        out += bytes([v & 127 | 128])
        v >>= 7
    return out + bytes([v])


def field(n, v):
    if isinstance(v, int):
        return varint(n << 3) + varint(v)
    if isinstance(v, float):
        return varint(n << 3 | 5) + struct.pack("<f", v)
    v = v.encode() if isinstance(v, str) else v
    return varint(n << 3 | 2) + varint(len(v)) + v


def arg(name, v):
    b = field(1, name)
    if isinstance(v, int):
        return field(6, b + field(3, v))
    if isinstance(v, str):
        return field(6, b + field(4, v))
    return field(6, b + b"".join(field(6, x) for x in v))


def op(name, kind, ins, shape, **args):
    return field(1, b"".join(field(1, i) for i in ins) + field(2, name) + field(3, name) + field(4, kind) +
                 b"".join(arg(k, v) for k, v in args.items()) + field(7, b"".join(field(1, d) for d in shape)) + field(8, 1))


data, tensors = b"", b""
for name, dims in (("w1", (4, 3, 3, 3)), ("b1", (4,)), ("dw", (1, 4, 3, 3)), ("fc_w", (5, 4, 1, 1)), ("fc_b", (5,))):
    n = 1
    for d in dims:
        n *= d
    tensors += field(3, b"".join(field(1, d) for d in dims) + field(2, 1) + field(5, name) + field(6, len(data)) + field(7, n))
    data += struct.pack(f"<{n}f", *range(n))
net = op("c1", "Conv2D", ["in", "w1", "b1"], (1, 4, 8, 10), strides=[2, 2], padding=1, dilations=[1, 1], activation="RELU")
net += op("d1", "DepthwiseConv2d", ["c1", "dw"], (1, 4, 6, 8), strides=[1, 1], padding=0, dilations=[1, 1])
net += op("e1", "Eltwise", ["d1", "d1"], (1, 4, 6, 8), type=0)
net += op("p1", "Pooling", ["e1"], (1, 4, 3, 4), pooling_type=2, kernels=[2, 2], strides=[2, 2], padding=0)
net += op("g1", "Pooling", ["p1"], (1, 4, 1, 1), pooling_type=1, kernels=[3, 4], strides=[1, 1], padding=0)
net += op("f1", "FullyConnected", ["g1", "fc_w", "fc_b"], (1, 5, 1, 1))
net += op("out", "Softmax", ["f1"], (1, 5, 1, 1), axis=1)
net += tensors + field(4, 1)
net += field(100, field(1, "in") + b"".join(field(3, d) for d in (1, 3, 16, 20)) + field(5, 1) + field(6, 2))
net += field(101, field(1, "out") + b"".join(field(3, d) for d in (1, 5, 1, 1)))
open(os.path.join(here, "tiny.pb"), "wb").write(net)
open(os.path.join(here, "tiny.data"), "wb").write(data)
