#!/usr/bin/env python3
"""Writes the fixtures of graph/format/caffe: prototxt by hand, caffemodel with
the protobuf runtime from field numbers of caffe.proto (pip install protobuf
numpy). Caffe itself has no package to be had."""

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

T = descriptor_pb2.FieldDescriptorProto
rng = np.random.default_rng(2)


def schema():
    f = descriptor_pb2.FileDescriptorProto(name='caffe_subset.proto', package='c', syntax='proto2')

    def message(name, *fields):
        m = f.message_type.add(name=name)
        for number, fname, kind, repeated in fields:
            d = m.field.add(name=fname, number=number, label=T.LABEL_REPEATED if repeated else T.LABEL_OPTIONAL)
            if isinstance(kind, str):
                d.type, d.type_name = T.TYPE_MESSAGE, '.c.' + kind
            else:
                d.type = kind
                if repeated and kind in (T.TYPE_FLOAT, T.TYPE_DOUBLE, T.TYPE_INT64):
                    d.options.packed = True

    u, i, s, fl = T.TYPE_UINT32, T.TYPE_INT32, T.TYPE_STRING, T.TYPE_FLOAT
    message('Shape', (1, 'dim', T.TYPE_INT64, True))
    message('Blob', (7, 'shape', 'Shape', False), (5, 'data', fl, True), (8, 'double_data', T.TYPE_DOUBLE, True), (1, 'num', i, False), (2, 'channels', i, False),
            (3, 'height', i, False), (4, 'width', i, False), (10, 'raw_data_type', i, False), (12, 'raw_data', T.TYPE_BYTES, False))
    message('Conv', (1, 'num_output', u, False), (2, 'bias_term', T.TYPE_BOOL, False), (3, 'pad', u, True), (4, 'kernel_size', u, True), (5, 'group', u, False), (6, 'stride', u, True))
    message('Pool', (1, 'pool', i, False), (2, 'kernel_size', u, False), (3, 'stride', u, False))
    message('Dense', (1, 'num_output', u, False))
    message('Input', (1, 'shape', 'Shape', True))
    message('Layer', (1, 'name', s, False), (2, 'type', s, False), (3, 'bottom', s, True), (4, 'top', s, True), (7, 'blobs', 'Blob', True), (10, 'phase', i, False),
            (106, 'convolution_param', 'Conv', False), (117, 'inner_product_param', 'Dense', False), (121, 'pooling_param', 'Pool', False), (143, 'input_param', 'Input', False))
    message('LayerV1', (2, 'bottom', s, True), (3, 'top', s, True), (4, 'name', s, False), (5, 'type', i, False), (6, 'blobs', 'Blob', True),
            (10, 'convolution_param', 'Conv', False), (17, 'inner_product_param', 'Dense', False))
    message('Net', (1, 'name', s, False), (3, 'input', s, True), (4, 'input_dim', i, True), (2, 'layers', 'LayerV1', True), (100, 'layer', 'Layer', True))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(f)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName('c.Net'))


Net = schema()

PROTOTXT = '''name: "small"  # a comment
layer {
  name: "data" type: "Input" top: "data"
  input_param { shape: { dim: 1 dim: 3 dim: 8 dim: 8 } }
}
layer { name: "train" type: "Data" top: "data" top: "label" include { phase: TRAIN } }
layer {
  name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 weight_filler { type: "xavier" } }
}
layer { name: "bn1" type: "BatchNorm" bottom: "conv1" top: "conv1" batch_norm_param { use_global_stats: true } }
layer { name: "sc1" type: "Scale" bottom: "conv1" top: "conv1" scale_param { bias_term: true } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" }
layer { name: "dw" type: "ConvolutionDepthwise" bottom: "conv1" top: "dw" convolution_param { num_output: 4 bias_term: false kernel_h: 3 kernel_w: 1 pad_h: 1 } }
layer { name: "pool1" type: "Pooling" bottom: "dw" top: "pool1" pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layer { name: "fc" type: "InnerProduct" bottom: "pool1" top: "fc" inner_product_param { num_output: 5 } }
layer { name: "own" type: "MyOwnLayer" bottom: "fc" top: "own" my_param { [1.x/y] { z: 1 } } }
layer { name: "prob" type: "Softmax" bottom: "own" top: "prob" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "own" bottom: "label" top: "loss" include { phase: TRAIN } }
'''

V1 = '''input: "data"
input_dim: 1
input_dim: 3
input_dim: 8
input_dim: 8
layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" convolution_param { num_output: 2 kernel_size: 3 } blobs_lr: 1 }
layers { name: "r" type: RELU bottom: "c" top: "c" }
layers { name: "d" type: DECONVOLUTION bottom: "c" top: "d" convolution_param { num_output: 3 kernel_size: 2 stride: 2 } }
layers { name: "e" type: ELTWISE bottom: "d" bottom: "d" top: "e" eltwise_param { operation: MAX } }
'''


def blob(layer, *shape, kind='float'):
    b = layer.blobs.add()
    a = rng.normal(0, 1, shape)
    if kind == 'legacy':
        full = (1,) * (4 - len(shape)) + shape
        b.num, b.channels, b.height, b.width = full
        b.data.extend(a.ravel())
        return
    b.shape.dim.extend(shape)
    if kind == 'double':
        b.double_data.extend(a.ravel())
    elif kind == 'half':
        b.raw_data_type, b.raw_data = 2, a.astype('<f2').tobytes()
    else:
        b.data.extend(a.ravel())


def small():
    n = Net(name='small')

    def layer(name, kind, *bottoms, top=None):
        l = n.layer.add(name=name, type=kind)
        l.bottom.extend(bottoms)
        l.top.append(top or name)
        return l

    layer('data', 'Input').input_param.shape.add().dim.extend([1, 3, 8, 8])
    l = layer('conv1', 'Convolution', 'data')
    l.convolution_param.num_output = 4
    l.convolution_param.kernel_size.append(3)
    l.convolution_param.pad.append(1)
    l.convolution_param.stride.append(2)
    blob(l, 4, 3, 3, 3)
    blob(l, 4)
    l = layer('bn1', 'BatchNorm', 'conv1', top='conv1')
    blob(l, 4, kind='double')
    blob(l, 4, kind='double')
    blob(l, 1)
    l = layer('sc1', 'Scale', 'conv1', top='conv1')
    blob(l, 4)
    blob(l, 4)
    layer('relu1', 'ReLU', 'conv1', top='conv1')
    l = layer('dw', 'ConvolutionDepthwise', 'conv1')
    l.convolution_param.num_output = 4
    l.convolution_param.bias_term = False
    blob(l, 4, 1, 3, 1, kind='half')
    layer('pool1', 'Pooling', 'dw').pooling_param.kernel_size = 2
    l = layer('fc', 'InnerProduct', 'pool1')
    l.inner_product_param.num_output = 5
    blob(l, 5, 16, kind='legacy')
    blob(l, 5, kind='legacy')
    layer('prob', 'Softmax', 'fc')
    return n


def old():
    n = Net(name='old', input=['data'], input_dim=[1, 3, 8, 8])
    l = n.layers.add(name='c', type=4, bottom=['data'], top=['c'])
    l.convolution_param.num_output = 2
    l.convolution_param.kernel_size.append(3)
    blob(l, 2, 3, 3, 3, kind='legacy')
    blob(l, 2, kind='legacy')
    n.layers.add(name='r', type=18, bottom=['c'], top=['c'])
    return n


if __name__ == '__main__':
    for name, data in {
        'small.prototxt': PROTOTXT.encode(), 'small.caffemodel': small().SerializeToString(),
        'v1.prototxt': V1.encode(), 'old.caffemodel': old().SerializeToString(),
    }.items():
        with open(name, 'wb') as f:
            f.write(data)
