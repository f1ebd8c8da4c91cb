"""Makes the fixtures of this folder: one small network of MobileNet's layers,
written by the converters and writers of each framework. Weights are random, so
only structure and sizes agree between files.

Input 3x32x32; convolution 3x3 to 16, stride 2; three depthwise 3x3 (strides 1,
2, 1), each with a pointwise convolution (to 32, 64, 128); ReLU6 after each;
global average pooling; dense layer to 10; softmax. 13,834 parameters, 990,464
MACs.

The frameworks do not go into one environment:

    pip install torch onnx openvino MNN pnnx; python gen.py torch
    pip install tensorflow; python gen.py tensorflow
    pip install coremltools; python gen.py coreml
    python gen.py caffe    # no writer can be had: the text form, from its schema

MNN's command installs what it needs to report on itself and may set protobuf
back to a version that onnx refuses.
"""
import os, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# (input channels, output channels, stride of the depthwise part)
BLOCKS = [(16, 32, 1), (32, 64, 2), (64, 128, 1)]


def here(name):
    return os.path.join(HERE, name)


def run(command, *args, cwd=None):
    subprocess.run([os.path.join(os.path.dirname(sys.executable), command), *args], check=True, cwd=cwd)


def with_torch():
    import openvino, torch
    from torch import nn

    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU6()]
    for ci, co, stride in BLOCKS:
        layers += [nn.Conv2d(ci, ci, 3, stride, 1, groups=ci), nn.ReLU6(), nn.Conv2d(ci, co, 1), nn.ReLU6()]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10), nn.Softmax(1)]
    net = nn.Sequential(*layers).eval()
    x = torch.zeros(1, 3, 32, 32)
    torch.jit.trace(net, x).save(here('mobile.pt'))
    torch.onnx.export(net, (x,), here('mobile.onnx'), dynamo=False)
    openvino.save_model(openvino.convert_model(here('mobile.onnx')), here('mobile.xml'), compress_to_fp16=False)
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(here('mobile.pt'), tmp)
        run('pnnx', 'mobile.pt', 'inputshape=[1,3,32,32]', 'fp16=0', cwd=tmp)
        shutil.copy(os.path.join(tmp, 'mobile.ncnn.param'), HERE)
        shutil.copy(os.path.join(tmp, 'mobile.ncnn.bin'), HERE)
    run('mnnconvert', '-f', 'ONNX', '--modelFile', here('mobile.onnx'), '--MNNModel', here('mobile.mnn'), '--bizCode', 'fixture')


def with_tensorflow():
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    tf.keras.utils.set_random_seed(1)
    k = tf.keras.layers
    # The converter stores equal biases, such as zeros, once.
    bias = {'bias_initializer': 'random_normal'}
    layers = [k.Input((32, 32, 3), batch_size=1), k.Conv2D(16, 3, 2, 'same', **bias), k.ReLU(6)]
    for _, co, stride in BLOCKS:
        layers += [k.DepthwiseConv2D(3, stride, 'same', **bias), k.ReLU(6), k.Conv2D(co, 1, **bias), k.ReLU(6)]
    layers += [k.GlobalAveragePooling2D(), k.Dense(10, **bias), k.Softmax()]
    net = tf.keras.Sequential(layers)
    net.save(here('mobile.h5'))
    net.save(here('mobile.keras'))
    function = tf.function(lambda x: net(x)).get_concrete_function(tf.TensorSpec((1, 32, 32, 3), tf.float32))
    frozen = convert_variables_to_constants_v2(function)
    tf.io.write_graph(frozen.graph, HERE, 'mobile.pb', as_text=False)
    with open(here('mobile.tflite'), 'wb') as f:
        f.write(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())


def with_coreml():
    import coremltools as ct
    import numpy as np
    from coremltools.converters.mil import Builder as mb

    r = np.random.default_rng(1)

    def weight(*shape):
        return (r.standard_normal(shape) * .1).astype(np.float32)

    def conv(x, ci, co, kernel, stride=1, groups=1):
        x = mb.conv(x=x, weight=weight(co, ci // groups, kernel, kernel), bias=weight(co), strides=[stride] * 2,
                    pad_type='custom', pad=[kernel // 2] * 4, groups=groups)
        return mb.relu6(x=x)

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 3, 32, 32))])
    def program(x):
        x = conv(x, 3, 16, 3, 2)
        for ci, co, stride in BLOCKS:
            x = conv(conv(x, ci, ci, 3, stride, ci), ci, co, 1)
        x = mb.reduce_mean(x=x, axes=[2, 3], keep_dims=False)
        x = mb.linear(x=x, weight=weight(10, 128), bias=weight(10))
        return mb.softmax(x=x, axis=1)

    net = ct.convert(program, convert_to='neuralnetwork')
    net.save(here('mobile.mlmodel'))


def caffe():
    def layer(name, kind, bottom, param='', top=None):
        return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{top or name}" {param} }}\n'

    def conv(name, bottom, co, kernel, stride=1, group=1):
        p = f'convolution_param {{ num_output: {co} kernel_size: {kernel} stride: {stride} pad: {kernel // 2} group: {group} }}'
        return layer(name, 'Convolution', bottom, p) + layer(name + '/relu6', 'ReLU6', name, top=name)

    text = 'name: "mobile"\nlayer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 32 dim: 32 } } }\n'
    text += conv('conv', 'data', 16, 3, 2)
    last = 'conv'
    for i, (ci, co, stride) in enumerate(BLOCKS):
        text += conv(f'dw{i}', last, ci, 3, stride, ci) + conv(f'pw{i}', f'dw{i}', co, 1)
        last = f'pw{i}'
    text += layer('pool', 'Pooling', last, 'pooling_param { pool: AVE global_pooling: true }')
    text += layer('fc', 'InnerProduct', 'pool', 'inner_product_param { num_output: 10 }')
    text += layer('prob', 'Softmax', 'fc')
    with open(here('mobile.prototxt'), 'w') as f:
        f.write(text)


{'torch': with_torch, 'tensorflow': with_tensorflow, 'coreml': with_coreml, 'caffe': caffe}[sys.argv[1]]()
