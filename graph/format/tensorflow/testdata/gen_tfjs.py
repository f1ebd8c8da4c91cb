#!/usr/bin/env python3
"""Writes the TensorFlow.js fixture of graph/format/tensorflow with the real
converter (pip install tensorflow-cpu; pip install --no-deps tensorflowjs, whose
optional imports are not needed): a small SavedModel, its graph fused and its
weights quantised to 16 bits in shards of 1 kB."""

import importlib.abc
import importlib.machinery
import os
import sys
import tempfile
import types
from unittest.mock import MagicMock

HERE = os.path.dirname(os.path.abspath(__file__))
ABSENT = ('jax', 'flax', 'tensorflow_decision_forests', 'tensorflow_hub', 'importlib_resources')


class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for packages that the converter imports and this file does not use."""

    def find_spec(self, name, path, target=None):
        if name.split('.')[0] in ABSENT:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        class Empty(types.ModuleType):
            def __getattr__(self, n):
                if n.startswith('__'):
                    raise AttributeError(n)
                return MagicMock()
        return Empty(spec.name)

    def exec_module(self, m):
        pass


sys.meta_path.insert(0, Absent())
os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')
import numpy as np
import tensorflow as tf
for n, t in (('object', object), ('bool', bool)):
    if n not in vars(np):
        setattr(np, n, t)
from tensorflowjs.converters import tf_saved_model_conversion_v2 as convert

rng = np.random.default_rng(3)


class Net(tf.Module):
    def __init__(self):
        super().__init__()
        v = lambda *s: tf.Variable((rng.random(s) * .2 - .1).astype('f'))
        self.w, self.b, self.dw, self.fc = v(3, 3, 3, 8), v(8), v(3, 3, 8, 1), v(8, 40)

    @tf.function(input_signature=[tf.TensorSpec([1, 16, 16, 3], tf.float32, name='image')])
    def __call__(self, image):
        x = tf.nn.relu6(tf.nn.bias_add(tf.nn.conv2d(image, self.w, 2, 'SAME'), self.b))
        x = tf.nn.relu(tf.nn.depthwise_conv2d(x, self.dw, [1, 1, 1, 1], 'SAME'))
        return tf.nn.softmax(tf.matmul(tf.reduce_mean(x, [1, 2]), self.fc))


with tempfile.TemporaryDirectory() as tmp:
    net = Net()
    tf.saved_model.save(net, tmp + '/saved', signatures=net.__call__)
    convert.convert_tf_saved_model(tmp + '/saved', tmp + '/web', quantization_dtype_map={'float16': '*'}, weight_shard_size_bytes=1024)
    for name in os.listdir(tmp + '/web'):
        data = open(os.path.join(tmp, 'web', name), 'rb').read()
        open(os.path.join(HERE, 'web.json' if name == 'model.json' else name), 'wb').write(data)
