#!/usr/bin/env python3
"""Writes compiled forms of graph/format/coreml by hand (pip install coremltools
for its protobuf classes): the compiler that makes .mlmodelc folders runs on macOS
alone. model.mil says in the compiler's text what program.mlmodel says in protobuf;
model.espresso.* is assembled from the layout that Netron's reader documents."""

import json
import os
import struct

import numpy as np
from coremltools.proto import MIL_pb2, Model_pb2

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = {1: 'bool', 2: 'string', 10: 'fp16', 11: 'fp32', 12: 'fp64', 21: 'int8', 23: 'int32', 24: 'int64', 31: 'uint8', 32: 'uint16', 33: 'uint32', 34: 'uint64', 35: 'uint4'}


def kind(t):
    t = t.tensorType
    dims = [str(d.constant.size) if d.HasField('constant') else '?' for d in t.dimensions]
    return f'tensor<{NAMES[t.dataType]}, [{", ".join(dims)}]>'


def value(v):
    if v.HasField('blobFileValue'):
        b = v.blobFileValue
        lit = f'BLOBFILE(path = tensor<string, []>("{b.fileName}"), offset = tensor<uint64, []>({b.offset}))'
    else:
        t = v.immediateValue.tensor
        which = t.WhichOneof('value')
        if which == 'bytes':
            dt = {10: '<f2', 21: 'i1', 31: 'u1', 32: '<u2', 33: '<u4', 35: 'u1'}[v.type.tensorType.dataType]
            items = [float(x).hex() if dt == '<f2' else str(x) for x in np.frombuffer(t.bytes.values, dt)]
        elif which == 'floats':
            items = [float(x).hex() for x in t.floats.values]
        elif which == 'strings':
            items = [f'"{x}"' for x in t.strings.values]
        elif which == 'bools':
            items = [str(x).lower() for x in t.bools.values]
        else:
            items = [str(x) for x in getattr(t, which).values]
        lit = ', '.join(items) if not v.type.tensorType.dimensions else f'[{", ".join(items)}]'
    return f'{kind(v.type)}({lit})'


def argument(a):
    items = [b.name if b.HasField('name') else value(b.value) for b in a.arguments]
    return items[0] if len(items) == 1 else f'({", ".join(items)})'


def program(m):
    lines = ['program(1.0)', '[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"coremlc-component-MIL", "3304.5.2"}, {"coremlc-version", "3304.6.2"}})]', '{']
    for name, f in m.functions.items():
        args = ', '.join(f'{kind(i.type)} {i.name}' for i in f.inputs)
        lines.append(f'    func {name}<{f.opset.lower()}>({args}) {{')
        block = f.block_specializations[f.opset]
        for op in block.operations:
            outs = ', '.join(f'{kind(o.type)} {o.name}' for o in op.outputs)
            outs = outs if len(op.outputs) == 1 else f'({outs})'
            ins = ', '.join(f'{k} = {argument(v)}' for k, v in sorted(op.inputs.items()))
            attrs = ', '.join(f'{k} = {value(v)}' for k, v in sorted(op.attributes.items()))
            lines.append(f'            {outs} = {op.type}({ins})[{attrs}];')
        lines.append(f'        }} -> ({", ".join(block.outputs)});')
    return '\n'.join(lines + ['}']) + '\n'


m = Model_pb2.Model()
m.ParseFromString(open(os.path.join(HERE, 'program.mlmodel'), 'rb').read())
open(os.path.join(HERE, 'model.mil'), 'w').write(program(m.mlProgram))

rng = np.random.default_rng(4)
blobs = {1: rng.random((8, 3, 3, 3), dtype='f'), 3: rng.random(8, dtype='f'), 5: rng.random((8, 1, 3, 3)).astype('<f2'), 7: rng.random((5, 8), dtype='f'), 9: rng.random(5, dtype='f')}
layers = [
    {'type': 'convolution', 'name': 'conv', 'bottom': 'image', 'top': 'conv', 'K': 3, 'C': 8, 'Nx': 3, 'Ny': 3, 'n_groups': 1, 'stride_x': 2, 'stride_y': 2,
     'pad_mode': 1, 'pad_l': 0, 'pad_r': 0, 'pad_t': 0, 'pad_b': 0, 'has_biases': 1, 'has_relu': 0, 'fused_relu': 1, 'blob_weights': 1, 'blob_biases': 3, 'weights': {}},
    {'type': 'convolution', 'name': 'depthwise', 'bottom': 'conv', 'top': 'depthwise', 'K': 8, 'C': 8, 'Nx': 3, 'Ny': 3, 'n_groups': 8, 'pad_mode': 0,
     'pad_l': 1, 'pad_r': 1, 'pad_t': 1, 'pad_b': 1, 'has_biases': 0, 'blob_weights_f16': 5, 'weights': {}},
    {'type': 'activation', 'name': 'act', 'bottom': 'depthwise', 'top': 'act', 'mode': 3, 'weights': {}},
    {'type': 'pool', 'name': 'pool', 'bottom': 'act', 'top': 'pool', 'avg_or_max': 0, 'is_global': 1, 'size_x': 6, 'size_y': 6, 'weights': {}},
    {'type': 'inner_product', 'name': 'dense', 'bottom': 'pool', 'top': 'dense', 'nB': 8, 'nC': 5, 'has_biases': 1, 'blob_weights': 7, 'blob_biases': 9, 'weights': {}},
    {'type': 'softmax', 'name': 'softmax', 'bottom': 'dense', 'top': 'scores', 'axis': 2, 'weights': {}},
]
shapes = {'image': (3, 12, 12), 'conv': (8, 6, 6), 'depthwise': (8, 6, 6), 'act': (8, 6, 6), 'pool': (8, 1, 1), 'dense': (5, 1, 1), 'scores': (5, 1, 1)}
json.dump({'transform_params': {}, 'storage': 'model.espresso.weights', 'format_version': 200, 'metadata_in_weights': [], 'layers': layers}, open(os.path.join(HERE, 'model.espresso.net'), 'w'), indent=1)
json.dump({'layer_shapes': {k: {'k': c, 'w': w, 'n': 1, '_rank': 4, 'h': h} for k, (c, h, w) in shapes.items()}}, open(os.path.join(HERE, 'model.espresso.shape'), 'w'), indent=1)
with open(os.path.join(HERE, 'model.espresso.weights'), 'wb') as f:
    f.write(struct.pack('<Q', len(blobs)))
    for k, v in blobs.items():
        f.write(struct.pack('<QQ', k, v.nbytes))
    for v in blobs.values():
        f.write(v.tobytes())
