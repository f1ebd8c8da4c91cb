"""Makes the fixtures of this folder with MNN's own converter.

pip install MNN onnx; python gen.py
The source of mobile*.mnn is the converted TensorFlow Lite fixture of the format
tflite; that of conv3d.mnn are two 3D convolutions in ONNX, which the converter
unrolls into an Im2Col, an Unpack and one 2D convolution per step of depth.
"""
import os, subprocess, sys, tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, '..', '..', 'tflite', 'testdata', 'mobile_converted.tflite')
CONVERT = os.path.join(os.path.dirname(sys.executable), 'mnnconvert')

def convert(name, *flags, kind='TFLITE', source=SOURCE):
    out = os.path.join(HERE, name)
    subprocess.run([CONVERT, '-f', kind, '--modelFile', source, '--MNNModel', out, '--bizCode', 'fixture', *flags], check=True)

convert('mobile.mnn')
convert('mobile_fp16.mnn', '--fp16')
convert('mobile_int8.mnn', '--weightQuantBits', '8')
convert('mobile_int4.mnn', '--weightQuantBits', '4', '--weightQuantBlock', '8')
convert('mobile_external.mnn', '--saveExternalData')


def conv3d(path):
    r = np.random.default_rng(1)

    def weight(name, *shape):
        return numpy_helper.from_array((r.standard_normal(shape) * .1).astype(np.float32), name)

    nodes = [
        helper.make_node('Conv', ['x', 'w1', 'b1'], ['c1'], kernel_shape=[3, 3, 3], pads=[1] * 6, strides=[1, 1, 1]),
        helper.make_node('Relu', ['c1'], ['r1']),
        helper.make_node('Conv', ['r1', 'w2', 'b2'], ['y'], kernel_shape=[3, 3, 3], pads=[0, 1, 1, 0, 1, 1], strides=[1, 2, 2]),
    ]
    x = helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 3, 4, 8, 12])
    y = helper.make_tensor_value_info('y', TensorProto.FLOAT, [1, 8, 2, 4, 6])
    weights = [weight('w1', 4, 3, 3, 3, 3), weight('b1', 4), weight('w2', 8, 4, 3, 3, 3), weight('b2', 8)]
    graph = helper.make_graph(nodes, 'volume', [x], [y], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8), path)


with tempfile.TemporaryDirectory() as tmp:
    conv3d(os.path.join(tmp, 'conv3d.onnx'))
    convert('conv3d.mnn', kind='ONNX', source=os.path.join(tmp, 'conv3d.onnx'))
