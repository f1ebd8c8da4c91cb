#!/usr/bin/env python3
"""Writes the fixtures of graph/format/tnn by hand from the order in which
TNN's layer interpreters read parameters and resources (pip install numpy):
its converter is not to be had as a package."""

import struct

import numpy as np

rng = np.random.default_rng(6)
V1, V2 = 0xFABC0002, 0xFABC0003
FLOAT, INT8, INT32 = 0, 2, 3

LINES = [
    'input 1 3 16 16 ', ' ', 'prob ', ' 9 ',
    'Convolution conv1 1 1 input c1 1 3 8 3 3 2 2 1 1 1 -1 1 1 2 ',
    'Convolution dw 1 1 c1 d1 8 1 8 3 3 1 1 0 0 0 0 1 1 0 ',
    'Pooling pool 1 1 d1 p1 0 2 2 2 2 0 0 -1 -1 -1 1 ',
    'Mul scale 1 1 p1 m1 1 ',
    'StridedSlice cut 1 1 m1 s1 4 0 0 0 0 4 0 4 0 0 4 1 1 1 1 ',
    'Upsample up 1 1 s1 u1 1 2.0 2.0 0 ',
    'InnerProduct fc 1 1 u1 f1 5 1 0 1 ',
    'MyLayer own 1 1 f1 o1 1 2 ',
    'SoftmaxCaffe prob 1 1 o1 prob 1 ',
]


def proto(header, lines):
    return ''.join(f'"{x},"\n' for x in [header] + lines)


def text(s):
    return struct.pack('<i', len(s)) + s.encode()


def raw(a, version, kind=FLOAT):
    b = a.tobytes()
    out = struct.pack('<Iii', version, kind, len(b))
    if version == V2:
        out += struct.pack('<i', a.ndim) + struct.pack(f'<{a.ndim}i', *a.shape)
    return out + b


def f32(*shape):
    return rng.normal(0, 1, shape).astype('<f4')


def i8(*shape):
    return rng.integers(-100, 100, shape).astype(np.int8)


def resource(kind, name, body):
    return struct.pack('<i', 1) + text(kind) + text(name) + body


def model(v):
    parts = [
        resource('Convolution', 'conv1', text('conv1') + struct.pack('<i', 1) + raw(f32(8, 3, 3, 3), v) + raw(f32(8), v)),
        resource('Convolution', 'dw', text('dw') + struct.pack('<i', 0) + raw(i8(8, 1, 3, 3), v, INT8) + raw(f32(8), v)),
        resource('Mul', 'scale', text('scale') + raw(f32(8), v) + struct.pack('<Iii4i', V1, INT32, 4, 1, 8, 1, 1)),
        resource('InnerProduct', 'fc', text('fc') + raw(f32(5, 256), v) + raw(f32(5), v)),
    ]
    return struct.pack('<Ii', v, len(parts)) + b''.join(parts)


if __name__ == '__main__':
    open('net.tnnproto', 'w').write(proto(f'1 9 1 {V1} ', LINES))
    open('net.tnnmodel', 'wb').write(model(V1))
    open('v2.tnnproto', 'w').write(proto(f'1 9 1 {V2} ', ['input 4 1 3 16 16 0 '] + LINES[1:]))
    open('v2.tnnmodel', 'wb').write(model(V2))
    open('quant.tnnproto', 'w').write(proto(f'1 2 1 {V1} ', ['x 1 3 8 8 : y 1 3 8 8 ', ' ', 'q ', ' 2 ', 'QuantizedConvolution c 1 1 x c1 1 3 4 3 3 1 1 1 1 1 -1 1 1 1 ', 'QuantizedAdd q 2 1 c1 y q 1 ']))
