#!/usr/bin/env python3
"""Writes the fixture of graph/format/tfcheckpoint by hand from the table
format and tensor_bundle.proto (pip install numpy): TensorFlow itself is half
a gigabyte."""

import struct

import numpy as np

rng = np.random.default_rng(11)
FLOAT, STRING, INT64, HALF = 1, 7, 9, 19


def varint(n):
    out = b''
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def block(entries):
    out, last = b'', b''
    for i, (k, v) in enumerate(entries):
        shared = 0
        if i % 16:
            while shared < min(len(k), len(last)) and k[shared] == last[shared]:
                shared += 1
        out += varint(shared) + varint(len(k) - shared) + varint(len(v)) + k[shared:] + v
        last = k
    return out + struct.pack('<II', 0, 1)


def write(prefix, tensors):
    data, entries = b'', [(b'', field(1, 1) + field(3, field(1, 1)))]
    for name in sorted(tensors):
        kind, a = tensors[name]
        raw = a if isinstance(a, bytes) else a.tobytes()
        shape = b'' if isinstance(a, bytes) else b''.join(field(2, field(1, d)) for d in a.shape)
        entry = field(1, kind) + field(2, shape)
        if data:
            entry += field(4, len(data))
        entries.append((name.encode(), entry + field(5, len(raw)) + b'\x35' + struct.pack('<I', 0)))
        data += raw
    out, handles = b'', []
    for i in range(0, len(entries), 3):
        b = block(entries[i:i + 3])
        handles.append((entries[min(i + 2, len(entries) - 1)][0], varint(len(out)) + varint(len(b))))
        out += b + b'\0' + b'\0' * 4
    meta = varint(len(out)) + varint(8)
    out += block([]) + b'\0' * 5
    b = block(handles)
    index = varint(len(out)) + varint(len(b))
    out += b + b'\0' * 5
    out += (meta + index).ljust(40, b'\0') + bytes.fromhex('57fb808b247547db')
    open(prefix + '.index', 'wb').write(out)
    open(prefix + '.data-00000-of-00001', 'wb').write(data)


if __name__ == '__main__':
    write('variables', {
        '_CHECKPOINTABLE_OBJECT_GRAPH': (STRING, b'\x03abc'), 'dense/kernel/.ATTRIBUTES/VARIABLE_VALUE': (FLOAT, rng.normal(0, 1, (4, 3)).astype('<f4')),
        'dense/bias/.ATTRIBUTES/VARIABLE_VALUE': (FLOAT, np.zeros(3, '<f4')), 'half': (HALF, np.ones((2, 2), '<f2')), 'save_counter/.ATTRIBUTES/VARIABLE_VALUE': (INT64, np.array(3, '<i8')),
        'dense/kernel/.OPTIMIZER_SLOT/m': (FLOAT, np.zeros((4, 3), '<f4')),
    })
