#!/usr/bin/env python3
"""Assembles the fixture of graph/format/om by hand (no packages needed): no tool
that writes these files can be had. Layout: header of 256 bytes, table of
partitions, ge.proto.ModelDef, weights, a few bytes that stand for compiled tasks."""

import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))


def varint(n):
    n &= (1 << 64) - 1
    out = b''
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def field(number, value):
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def desc(dims, dtype=1, offset=None, size=None):
    b = field(2, dtype) + field(3, field(1, b''.join(varint(d) for d in dims))) + field(4, 'NCHW')
    if offset is not None:
        b += field(11, size) + field(18, offset)
    return b


def op(name, kind, inputs, out, extra=b''):
    return field(6, field(1, name) + field(2, kind) + b''.join(field(5, i) for i in inputs) + extra + (field(34, desc(out)) if out else b''))


def const(name, dims, offset):
    size = 4
    for d in dims:
        size *= d
    tensor = field(1, desc(dims, offset=offset, size=size))
    return op(name, 'Const', [], dims, field(10, field(1, 'value') + field(2, field(12, tensor))))


weights = b''.join(struct.pack('<f', i * .01) for i in range(8 * 3 * 9 + 8 + 8 * 9))
graph = field(1, 'net')
graph += op('x', 'Data', [], [1, 3, 16, 16]) + const('w', [8, 3, 3, 3], 0) + const('b', [8], 864) + const('dw', [8, 1, 3, 3], 896)
graph += op('conv', 'Convolution', ['x:0', 'w:0', 'b:0'], [1, 8, 16, 16]) + op('relu', 'ReLU', ['conv:0'], [1, 8, 16, 16])
graph += op('depthwise', 'ConvolutionDepthwise', ['relu:0', 'dw:0'], [1, 8, 14, 14]) + op('pool', 'PoolingD', ['depthwise:0', 'x:-1'], [1, 8, 1, 1])
graph += op('out', 'NetOutput', ['pool:0'], None)
model = field(1, 'tiny') + field(2, 1) + field(3, 'ddk 1.0') + field(7, graph)


def om(parts, encrypt=0):
    header = b'IMOD' + struct.pack('<II', 256, 0x10000000) + bytes(64) + struct.pack('<I', 0) + bytes([encrypt, 0, 1, 0])
    header += b'tiny'.ljust(32, b'\0') + struct.pack('<I', 6) + bytes(32) + struct.pack('<II', 1, 1) + b'1.76.22.3.220'.ljust(20, b'\0')
    header += bytes(256 - len(header))
    table, body = struct.pack('<I', len(parts)), b''
    for kind, data in parts:
        table += struct.pack('<III', kind, len(body), len(data))
        body += data
    return header + table + body


open(os.path.join(HERE, 'tiny.om'), 'wb').write(om([(0, model), (1, weights), (2, b'\1\2\3\4' * 16)]))
