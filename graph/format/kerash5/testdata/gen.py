#!/usr/bin/env python3
"""Writes the fixtures of graph/format/kerash5 with Keras itself on its numpy
backend (pip install keras h5py numpy), and a file in the form of Keras 2 with
h5py, which Keras 3 does not write any more."""

import json
import os

os.environ['KERAS_BACKEND'] = 'jax'

import h5py
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(13)


def functional():
    x = inp = keras.Input((8, 8, 3), name='image')
    x = layers.Conv2D(4, 3, padding='same', strides=2, activation='relu', name='conv')(x)
    x = layers.BatchNormalization(name='bn')(x)
    y = layers.SeparableConv2D(4, 3, padding='same', use_bias=False, name='sep')(x)
    x = layers.Add(name='add')([x, y])
    x = layers.DepthwiseConv2D(3, padding='valid', name='dw')(x)
    x = layers.Conv2DTranspose(2, 2, strides=2, name='up')(x)
    inner = keras.Sequential([keras.Input((4, 4, 2)), layers.Conv2D(3, 1, name='inner_conv'), layers.ReLU(6.0, name='inner_relu')], name='inner')
    x = inner(x)
    x = layers.GlobalAveragePooling2D(name='gap')(x)
    x = layers.Dense(5, activation='softmax', name='fc')(x)
    return keras.Model(inp, x, name='small')


def sequence():
    return keras.Sequential([
        keras.Input((6,), dtype='int32'), layers.Embedding(20, 4), layers.LSTM(3, return_sequences=True), layers.Bidirectional(layers.GRU(2)), layers.Dense(2), layers.Dense(1),
    ], name='text')


def keras2(path):
    """A Sequential model as Keras 2 wrote it: no InputLayer, a shared layer."""
    rng = np.random.default_rng(1)
    config = {'class_name': 'Model', 'config': {'name': 'two', 'layers': [
        {'class_name': 'InputLayer', 'name': 'a', 'config': {'batch_input_shape': [None, 4], 'dtype': 'float32', 'name': 'a'}, 'inbound_nodes': []},
        {'class_name': 'InputLayer', 'name': 'b', 'config': {'batch_input_shape': [None, 4], 'dtype': 'float32', 'name': 'b'}, 'inbound_nodes': []},
        {'class_name': 'Dense', 'name': 'shared', 'config': {'units': 3, 'activation': 'relu', 'use_bias': True, 'name': 'shared'}, 'inbound_nodes': [[['a', 0, 0, {}]], [['b', 0, 0, {}]]]},
        {'class_name': 'Lambda', 'name': 'mine', 'config': {'name': 'mine'}, 'inbound_nodes': [[['shared', 0, 0, {}]]]},
        {'class_name': 'Concatenate', 'name': 'join', 'config': {'axis': -1, 'name': 'join'}, 'inbound_nodes': [[['mine', 0, 0, {}], ['shared', 1, 0, {}]]]},
    ], 'input_layers': [['a', 0, 0], ['b', 0, 0]], 'output_layers': [['join', 0, 0]]}}
    with h5py.File(path, 'w') as f:
        f.attrs['keras_version'], f.attrs['backend'], f.attrs['model_config'] = b'2.2.4', b'tensorflow', json.dumps(config).encode()
        g = f.create_group('model_weights').create_group('shared')
        g.attrs['weight_names'] = [b'shared/kernel:0', b'shared/bias:0']
        g.create_dataset('shared/kernel:0', data=rng.normal(0, 1, (4, 3)).astype('f4'))
        g.create_dataset('shared/bias:0', data=np.zeros(3, 'f4'))


if __name__ == '__main__':
    m = functional()
    m.save('functional.h5')
    m.save('functional.keras')
    m.save_weights('functional.weights.h5')
    sequence().save('sequence.keras')
    keras2('keras2.h5')
    print('params', m.count_params(), sequence().count_params())
