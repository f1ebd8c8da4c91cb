#!/usr/bin/env python3
"""Writes the fixture of graph/format/rknn with Rockchip's own compiler (pip install
--no-deps rknn-toolkit2, and the packages it imports) from a network of our own.

version1.rknn is assembled by hand: a body that no tool of today writes
("VPMN", see graph/format/vendor) with the JSON summary that Netron's reader documents."""

import json
import os
import struct
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from rknn.api import RKNN

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(1)


def const(name, *shape):
    return numpy_helper.from_array((rng.random(shape) * .1).astype('f'), name)


def network(path):
    nodes = [helper.make_node('Conv', ['x', 'w', 'b'], ['c'], name='conv_one', pads=[1, 1, 1, 1], strides=[2, 2]),
             helper.make_node('Relu', ['c'], ['r'], name='relu_one'),
             helper.make_node('Conv', ['r', 'dw'], ['d'], name='depthwise', pads=[1, 1, 1, 1], group=8),
             helper.make_node('MaxPool', ['d'], ['m'], name='pool', kernel_shape=[2, 2], strides=[2, 2]),
             helper.make_node('Flatten', ['m'], ['f'], name='flat'),
             helper.make_node('Gemm', ['f', 'fw'], ['y'], name='dense', transB=1)]
    g = helper.make_graph(nodes, 'tiny', [helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 3, 16, 16])],
                          [helper.make_tensor_value_info('y', TensorProto.FLOAT, [1, 10])],
                          [const('w', 8, 3, 3, 3), const('b', 8), const('dw', 8, 1, 3, 3), const('fw', 10, 128)])
    onnx.save(helper.make_model(g, opset_imports=[helper.make_opsetid('', 13)], ir_version=8), path)


with tempfile.TemporaryDirectory() as tmp:
    os.chdir(tmp)
    network('tiny.onnx')
    r = RKNN()
    r.config(mean_values=[[0, 0, 0]], std_values=[[1, 1, 1]], target_platform='rk3588')
    assert r.load_onnx('tiny.onnx') == 0 and r.build(do_quantization=False) == 0
    assert r.export_rknn(os.path.join(HERE, 'tiny.rknn')) == 0

summary = {
    'version': '1.7.1-e5acd8a7', 'name': 'old', 'ori_network_platform': 'tensorflow', 'target_platform': ['rk1808'],
    'nodes': [{'op': 'VSI_NN_OP_CONV2D', 'lid': 'conv_1'}, {'op': 'VSI_NN_OP_NBG', 'name': 'nbg'}],
    'norm_tensor': [{'tensor_id': 0, 'size': [4, 4, 3, 1], 'url': 'in'}, {'tensor_id': 1, 'size': [8, 1], 'url': 'out'}],
    'graph': [{'left': 'input', 'left_tensor_id': 0, 'right': 'norm_tensor', 'right_tensor_id': 0},
              {'left': 'output', 'left_tensor_id': 0, 'right': 'norm_tensor', 'right_tensor_id': 1}],
}
body = b'VPMN' + bytes(range(60))
text = json.dumps(summary).encode()
with open(os.path.join(HERE, 'version1.rknn'), 'wb') as f:
    f.write(b'RKNN\0\0\0\0' + struct.pack('<QQ', 1, len(body)) + body + struct.pack('<Q', len(text)) + text)
