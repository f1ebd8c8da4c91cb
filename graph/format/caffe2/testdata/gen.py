#!/usr/bin/env python3
"""Writes the fixtures of this folder: a small network with its weights.

Caffe2 itself can no longer be installed; the messages are assembled from the field numbers of
caffe2/proto/caffe2.proto."""
import os, random, struct

here = os.path.dirname(os.path.abspath(__file__))
random.seed(1)


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
    if isinstance(v, float):
        b += field(2, v)
    elif isinstance(v, int):
        b += field(3, v)
    elif isinstance(v, (str, bytes)):
        b += field(4, v)
    elif v and isinstance(v[0], float):
        b += b"".join(field(5, x) for x in v)
    else:
        b += b"".join(field(6, x) for x in v)
    return field(5, b)


def op(kind, ins, outs, **args):
    return field(2, b"".join(field(1, i) for i in ins) + b"".join(field(2, o) for o in outs) + field(3, "") + field(4, kind) +
                 b"".join(arg(k, v) for k, v in args.items()))


def fill(name, *shape):
    n = 1
    for s in shape:
        n *= s
    return op("GivenTensorFill", [], [name], shape=list(shape), values=[random.random() for _ in range(n)])


weights = [("conv1_w", 4, 3, 3, 3), ("conv1_b", 4), ("bn_s", 4), ("bn_b", 4), ("bn_rm", 4), ("bn_riv", 4), ("dw_w", 4, 1, 3, 3), ("fc_w", 5, 4), ("fc_b", 5)]
init = field(1, "init") + b"".join(fill(*w) for w in weights)
init += op("Int8GivenTensorFill", [], ["q"], shape=[4], values=b"\x01\x02\x03\x04", Y_scale=0.5, Y_zero_point=3) + op("ConstantFill", [], ["data"], shape=[1, 3, 8, 8], value=0.0)
net = field(1, "tiny")
net += op("Conv", ["data", "conv1_w", "conv1_b"], ["conv1"], kernel=3, stride=2, pad=1, order="NCHW")
net += op("SpatialBN", ["conv1", "bn_s", "bn_b", "bn_rm", "bn_riv"], ["conv1"], is_test=1, epsilon=1e-5)
net += op("Relu", ["conv1"], ["conv1"])
net += op("Conv", ["conv1", "dw_w"], ["dw"], kernels=[3, 3], pads=[1, 1, 1, 1], group=4)
net += op("Sum", ["conv1", "dw"], ["sum"])
net += op("MaxPool", ["sum"], ["pool"], kernel_h=2, kernel_w=2, stride_h=2, stride_w=2)
net += op("Concat", ["pool", "pool"], ["cat", "cat_info"], axis=1)
net += op("Split", ["cat"], ["s1", "s2"], axis=1)
net += op("AveragePool", ["s1"], ["gap"], global_pooling=1)
net += op("FC", ["gap", "fc_w", "fc_b"], ["fc"])
net += op("Int8Relu", ["q"], ["qr"])
net += op("Softmax", ["fc"], ["prob"])
net += b"".join(field(7, i) for i in ["data", "q"] + [w[0] for w in weights]) + field(8, "prob")
open(os.path.join(here, "predict_net.pb"), "wb").write(net)
open(os.path.join(here, "init_net.pb"), "wb").write(init)
