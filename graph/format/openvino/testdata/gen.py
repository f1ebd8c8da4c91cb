#!/usr/bin/env python3
"""Writes the fixtures of graph/format/openvino with OpenVINO's own writer
(pip install openvino numpy); old.xml is assembled by hand, since no tool
writes version 6 any more."""

import numpy as np
import openvino as ov
import openvino.opset13 as op

rng = np.random.default_rng(4)


def const(*shape, dtype=np.float32):
    return op.constant(rng.normal(0, 1, shape).astype(dtype))


def small():
    x = op.parameter([1, 3, 8, 8], np.float32, name='x')
    h = op.convolution(x, const(4, 3, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1])
    h = op.add(h, const(1, 4, 1, 1))
    h = op.clamp(h, 0.0, 6.0)
    h = op.group_convolution(h, const(4, 1, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1])
    h = op.prelu(h, const(4))
    h = op.convolution_backprop_data(h, const(4, 2, 2, 2), [2, 2])
    p = op.max_pool(h, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2], 'ceil')
    s = op.variadic_split(p.output(0), op.constant(np.int64(1)), op.constant(np.array([1, 1], np.int64)))
    h = op.concat([s.output(0), s.output(1)], 1)
    h = op.interpolate(h, np.array([8, 8], np.int64), 'nearest', 'sizes', axes=np.array([2, 3], np.int64))
    h = op.reshape(h, np.array([1, -1], np.int64), False)
    h = op.matmul(h, const(5, 128), False, True)
    return ov.Model([op.softmax(h, 1)], [x], 'small')


def bodies():
    x = op.parameter([-1, 4], np.float32, name='x')
    a, b = op.parameter([-1, 4], np.float32), op.parameter([-1, 4], np.float32)
    then = ov.Model([op.matmul(a, const(4, 4, dtype=np.float32), False, False)], [a], 'then')
    other = ov.Model([op.relu(b)], [b], 'else')
    node = op.if_op(op.constant(np.array(True)))
    node.set_then_body(then)
    node.set_else_body(other)
    node.set_input(x.output(0), a, b)
    out = node.set_output(then.results[0], other.results[0])
    return ov.Model([op.result(out)], [x], 'bodies')


OLD = '''<?xml version="1.0" ?>
<net batch="1" name="old" version="6">
 <layers>
  <layer id="0" name="data" precision="FP32" type="Input"><output><port id="0"><dim>1</dim><dim>3</dim><dim>8</dim><dim>8</dim></port></output></layer>
  <layer id="1" name="conv" precision="FP32" type="Convolution">
   <data dilations="1,1" group="1" kernel="3,3" output="2" pads_begin="0,0" pads_end="0,0" strides="1,1"/>
   <input><port id="0"><dim>1</dim><dim>3</dim><dim>8</dim><dim>8</dim></port></input>
   <output><port id="3"><dim>1</dim><dim>2</dim><dim>6</dim><dim>6</dim></port></output>
   <blobs><weights offset="0" size="216"/><biases offset="216" size="8"/></blobs>
  </layer>
  <layer id="2" name="relu" precision="FP32" type="ReLU">
   <input><port id="0"><dim>1</dim><dim>2</dim><dim>6</dim><dim>6</dim></port></input>
   <output><port id="1"><dim>1</dim><dim>2</dim><dim>6</dim><dim>6</dim></port></output>
  </layer>
 </layers>
 <edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/><edge from-layer="1" from-port="3" to-layer="2" to-port="0"/></edges>
</net>
'''

if __name__ == '__main__':
    ov.save_model(small(), 'small.xml', compress_to_fp16=True)
    ov.save_model(bodies(), 'bodies.xml', compress_to_fp16=False)
    open('old.xml', 'w').write(OLD)
    open('old.bin', 'wb').write(rng.normal(0, 1, 56).astype('<f4').tobytes())
