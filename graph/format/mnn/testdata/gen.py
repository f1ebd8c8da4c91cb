"""Makes the fixtures of this folder with MNN's own converter.

pip install MNN onnx; python gen.py
The source of mobile*.mnn is the converted TensorFlow Lite fixture of the format
tflite; that of conv3d.mnn are two 3D convolutions in ONNX, which the converter
unrolls into an Im2Col, an Unpack and one 2D convolution per step of depth; that
of recurrent.mnn are three recurrent operators in both directions, those
of the others one operator each; pool.mnn has a last window that begins in the
padding, which the runtime (unlike ONNX) does not leave out.
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


def recurrent(path):
    r = np.random.default_rng(1)
    nodes, weights = [], []
    for kind, gates in (('LSTM', 4), ('GRU', 3), ('RNN', 1)):
        for name, shape in (('w', (2, gates * 6, 5)), ('r', (2, gates * 6, 6)), ('b', (2, 2 * gates * 6))):
            weights.append(numpy_helper.from_array((r.standard_normal(shape) * .1).astype(np.float32), kind + name))
        nodes.append(helper.make_node(kind, ['x', kind + 'w', kind + 'r', kind + 'b'], [kind + 'y'], direction='bidirectional', hidden_size=6))
    x = helper.make_tensor_value_info('x', TensorProto.FLOAT, [7, 3, 5])
    ys = [helper.make_tensor_value_info(n.output[0], TensorProto.FLOAT, [7, 2, 3, 6]) for n in nodes]
    graph = helper.make_graph(nodes, 'sequence', [x], ys, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8), path)


def single(name, op, *dims, operands=(), opset=13, **attrs):
    """One operator over x [dims], further inputs of the given shapes of int64, or
    constants of the given values."""
    given = {'i%d' % i: v for i, v in enumerate(operands)}
    node = helper.make_node(op, ['x', *given], ['y'], **attrs)
    ins = [helper.make_tensor_value_info('x', TensorProto.FLOAT, dims)]
    ins += [helper.make_tensor_value_info(n, TensorProto.INT64, v) for n, v in given.items() if isinstance(v, tuple)]
    consts = [numpy_helper.from_array(np.array(v, np.int64 if v else np.float32), n) for n, v in given.items() if isinstance(v, list)]
    graph = helper.make_graph([node], op, ins, [helper.make_empty_tensor_value_info('y')], consts)
    with tempfile.TemporaryDirectory() as tmp:
        source = os.path.join(tmp, 'single.onnx')
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8), source)
        convert(name + '.mnn', kind='ONNX', source=source)


single('pool', 'MaxPool', 2, 4, 17, 23, kernel_shape=[5, 3], strides=[3, 3], pads=[1] * 4, ceil_mode=1)
single('flatten', 'Flatten', 2, 3, 4, axis=2)
single('depth_to_space', 'DepthToSpace', 1, 12, 2, 3, blocksize=2)
single('space_to_depth', 'SpaceToDepth', 1, 3, 4, 6, blocksize=2)
single('resize', 'Resize', 1, 3, 4, 5, operands=[[], [], [1, 3, 8, 9]])
single('gather', 'Gather', 5, 6, operands=[(2, 3)], axis=1)
single('gather_nd', 'GatherND', 2, 3, 4, operands=[(2, 5, 1)], batch_dims=1)
single('shape', 'Shape', 3, 4, 5, opset=15, start=1)

with tempfile.TemporaryDirectory() as tmp:
    recurrent(os.path.join(tmp, 'recurrent.onnx'))
    convert('recurrent.mnn', '--useOriginRNNImpl', kind='ONNX', source=os.path.join(tmp, 'recurrent.onnx'))
with tempfile.TemporaryDirectory() as tmp:
    conv3d(os.path.join(tmp, 'conv3d.onnx'))
    convert('conv3d.mnn', kind='ONNX', source=os.path.join(tmp, 'conv3d.onnx'))
