#!/usr/bin/env python3
"""Writes the fixture of graph/format/qnn (pip install onnx onnxruntime onnxruntime-qnn):
a network of our own, compiled for a Hexagon v75 on this machine. The compiled
part is the vendor's encoding; what no reader looks at is cut out of it here and the size
in the header set to what is left: its first bytes and the words on the target stay."""

import glob
import os
import struct
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
import onnxruntime_qnn as qnn
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(1)


def network(path):
    w = numpy_helper.from_array((rng.random((8, 3, 3, 3)) * .1).astype('f'), 'w')
    b = numpy_helper.from_array(np.zeros(8, 'f'), 'b')
    nodes = [helper.make_node('Conv', ['x', 'w', 'b'], ['c'], name='conv_one', pads=[1, 1, 1, 1]),
             helper.make_node('Relu', ['c'], ['r'], name='relu_one'),
             helper.make_node('GlobalAveragePool', ['r'], ['y'], name='pool_one')]
    g = helper.make_graph(nodes, 'tiny', [helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 3, 16, 16])],
                          [helper.make_tensor_value_info('y', TensorProto.FLOAT, [1, 8, 1, 1])], [w, b])
    onnx.save(helper.make_model(g, opset_imports=[helper.make_opsetid('', 13)], ir_version=8), path)


with tempfile.TemporaryDirectory() as tmp:
    os.chdir(tmp)
    network('tiny.onnx')
    ort.register_execution_provider_library('QNNExecutionProvider', qnn.get_library_path())
    so = ort.SessionOptions()
    for k, v in (('ep.context_enable', '1'), ('ep.context_embed_mode', '0'), ('ep.context_file_path', 'out.onnx')):
        so.add_session_config_entry(k, v)
    device = [d for d in ort.get_ep_devices() if 'QNN' in d.ep_name][:1]
    so.add_provider_for_devices(device, {'backend_path': qnn.get_qnn_htp_path(), 'htp_arch': '75', 'soc_model': '57', 'enable_htp_fp16_precision': '1'})
    ort.InferenceSession('tiny.onnx', so)
    data = open(glob.glob('*.bin')[0], 'rb').read()

_, offset, length = struct.unpack_from('<QQQ', data, 16)
assert offset + length == len(data)
at = data.index(b'soc_type=')
kept = data[offset:offset + 64] + data[at:data.index(b'num_nsps', at)]
out = data[:32] + struct.pack('<Q', len(kept)) + data[40:offset] + kept
open(os.path.join(HERE, 'tiny_ctx.bin'), 'wb').write(out)
