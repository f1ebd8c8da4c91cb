#!/usr/bin/env python3
"""Writes the fixtures of graph/format/mxnet by hand: MXNet is retired and its
packages need Python 3.8. Layouts as in apache/mxnet src/ndarray/ndarray.cc."""

import json
import struct

import numpy as np

rng = np.random.default_rng(5)
nodes, arrays = [], {}


def var(name, *shape, **attrs):
    nodes.append({'op': 'null', 'name': name, 'inputs': [], **({'attrs': attrs} if attrs else {})})
    if shape:
        arrays[name] = rng.normal(0, 1, shape).astype('<f4')
    return len(nodes) - 1


def op(kind, name, inputs, **attrs):
    nodes.append({'op': kind, 'name': name, 'attrs': {k: str(v) for k, v in attrs.items()}, 'inputs': [list(i) + [0] if isinstance(i, tuple) else [i, 0, 0] for i in inputs]})
    return len(nodes) - 1


x = var('data', __shape__='(1, 3, 16, 16)')
h = op('Convolution', 'conv0', [x, var('conv0_weight', 4, 3, 3, 3)], kernel='(3, 3)', num_filter=4, pad='(1, 1)', stride='(2, 2)', no_bias=True)
h = op('BatchNorm', 'bn0', [h] + [var('bn0_' + n, 4) for n in ('gamma', 'beta', 'moving_mean', 'moving_var')], eps='0.001')
h = op('Activation', 'relu0', [h], act_type='relu')
h = op('LeakyReLU', 'prelu0', [h, var('prelu0_gamma', 4)], act_type='prelu')
s = op('SliceChannel', 'split0', [h], num_outputs=2, axis=1)
h = op('Concat', 'concat0', [(s, 1), (s, 0)], dim=1, num_args=2)
h = op('Pooling', 'pool0', [h], kernel='(2, 2)', stride='(2, 2)', pool_type='max', pooling_convention='full')
h = op('_mul_scalar', 'half', [h], scalar='0.5')
h = op('Deconvolution', 'up0', [h, var('up0_weight', 4, 2, 2, 2), var('up0_bias', 2)], kernel='(2, 2)', stride='(2, 2)', num_filter=2)
h = op('Flatten', 'flat0', [h])
h = op('FullyConnected', 'fc0', [h, var('fc0_weight', 5, 128), var('fc0_bias', 5)], num_hidden=5)
h = op('MyOwnOp', 'own0', [h])
h = op('SoftmaxOutput', 'softmax', [h, var('softmax_label')])


def array_v2(a):
    return struct.pack('<IiI', 0xF993FAC9, 0, a.ndim) + struct.pack(f'<{a.ndim}q', *a.shape) + struct.pack('<iii', 1, 0, 0) + a.tobytes()


def array_old(a):
    return struct.pack('<I', a.ndim) + struct.pack(f'<{a.ndim}I', *a.shape) + struct.pack('<iii', 1, 0, 0) + a.tobytes()


def params(layout):
    out = struct.pack('<QQQ', 0x112, 0, len(arrays)) + b''.join(layout(a) for a in arrays.values())
    names = [('aux:' if 'moving' in n else 'arg:') + n for n in arrays]
    return out + struct.pack('<Q', len(names)) + b''.join(struct.pack('<Q', len(n)) + n.encode() for n in names)


if __name__ == '__main__':
    s = {'nodes': nodes, 'arg_nodes': [i for i, n in enumerate(nodes) if n['op'] == 'null'], 'heads': [[h, 0, 0]], 'attrs': {'mxnet_version': ['int', 10901]}}
    open('net-symbol.json', 'w').write(json.dumps(s, indent=1))
    open('net-0000.params', 'wb').write(params(array_v2))
    open('older.params', 'wb').write(params(array_old))
