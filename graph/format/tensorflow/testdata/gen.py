#!/usr/bin/env python3
"""Writes the fixtures of this folder with TensorFlow (pip install tensorflow-cpu).

frozen.pb      convolution net, frozen: Conv2D, depthwise, transposed, bias, batch norm, pool, matmul, typed constants
frozen.pbtxt   the same graph as text
saved_model.pb a SavedModel with variables, a function call and an If; its checkpoint in variables/
flow.pb        TF1 control flow (Switch, Merge) and a While with its functions
"""
import os, shutil, tempfile
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from google.protobuf import text_format

here = os.path.dirname(os.path.abspath(__file__))
v1 = tf.compat.v1
rng = np.random.default_rng(1)


def weights(*shape):
    return rng.normal(size=shape).astype(np.float32)


def frozen():
    g = tf.Graph()
    with g.as_default():
        x = v1.placeholder(tf.float32, [None, 8, 8, 3], name="input")
        w = tf.identity(tf.constant(weights(3, 3, 3, 4), name="w"), name="w/read")
        y = tf.nn.conv2d(x, w, [1, 2, 2, 1], "SAME", name="conv")
        y = tf.nn.bias_add(y, tf.constant(weights(4), name="b"), name="bias")
        y, _, _ = v1.nn.fused_batch_norm(y, tf.ones([4]), tf.zeros([4]), tf.zeros([4]), tf.ones([4]), is_training=False, name="bn")
        y = tf.nn.relu6(y, name="relu6")
        y = tf.nn.depthwise_conv2d(y, tf.constant(weights(3, 3, 4, 2), name="dw"), [1, 1, 1, 1], "VALID", name="depthwise")
        y = tf.nn.conv2d_transpose(y, tf.constant(weights(2, 2, 3, 8), name="tw"), [1, 4, 4, 3], [1, 2, 2, 1], name="deconv")
        y = tf.nn.max_pool2d(y, 2, 2, "VALID", name="pool")
        y = tf.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]], name="pad")
        y = tf.concat([y, y], 3, name="concat")
        y = tf.compat.v1.image.resize_bilinear(y, [6, 6], name="resize")
        a, b = tf.split(y, 2, axis=3, name="split")
        y = tf.reduce_mean(a * b, [1, 2], keepdims=True, name="mean")
        y = tf.squeeze(y, [1, 2], name="squeeze")
        y = tf.matmul(y, tf.constant(weights(3, 5), name="fc"), name="matmul")
        y = tf.nn.softmax(y, name="output")
        tf.fill([2, 3], 7.0, name="filled")
        tf.constant(3, tf.int32, [4], name="repeated")
    d = g.as_graph_def()
    open(os.path.join(here, "frozen.pb"), "wb").write(d.SerializeToString(deterministic=True))
    open(os.path.join(here, "frozen.pbtxt"), "w").write(text_format.MessageToString(d))


def flow():
    g = tf.Graph()
    with g.as_default():
        v1.disable_control_flow_v2()
        x = v1.placeholder(tf.float32, [2, 2], name="x")
        p = v1.placeholder(tf.bool, [], name="p")
        y = v1.cond(p, lambda: x + 1.0, lambda: x * 2.0)
        v1.enable_control_flow_v2()
        y = tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, tf.matmul(v, v)), [tf.constant(0), y])[1]
        tf.identity(y, name="y")
    open(os.path.join(here, "flow.pb"), "wb").write(g.as_graph_def().SerializeToString(deterministic=True))


class Net(tf.Module):
    def __init__(self):
        self.w = tf.Variable(weights(4, 3), name="w")
        self.b = tf.Variable(weights(3), name="b")

    @tf.function
    def block(self, x):
        return tf.nn.relu(tf.matmul(x, self.w) + self.b)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def serve(self, x):
        y = self.block(x)
        return {"y": tf.cond(tf.reduce_sum(y) > 0, lambda: y * 2.0, lambda: y)}


def saved():
    v1.enable_control_flow_v2()
    with tempfile.TemporaryDirectory() as d:
        n = Net()
        tf.saved_model.save(n, d, signatures={"serving_default": n.serve})
        shutil.copy(os.path.join(d, "saved_model.pb"), os.path.join(here, "saved_model.pb"))
        for name in ("variables.index", "variables.data-00000-of-00001"):
            shutil.copy(os.path.join(d, "variables", name), os.path.join(here, "variables", name))


frozen()
flow()
saved()
