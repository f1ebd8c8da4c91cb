#!/usr/bin/env python3
"""Writes the fixtures of graph/format/darknet by hand from the order of values
in Darknet's sources (pip install numpy): there is no writer to be had."""

import struct

import numpy as np

rng = np.random.default_rng(3)

TINY = '''[net]
# a comment
batch=1
width=16
height=16
channels=3

[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky

[convolutional]
filters=8
groups=8
size=3
pad=1
activation=relu

[maxpool]
size=2
stride=2

[route]
layers = -2

[shortcut]
from=-3
activation=linear

[upsample]
stride=2

[route]
layers=-1
groups=2
group_id=1

[avgpool]

[connected]
output=6
activation=linear

[softmax]

[strange]
x=1
'''


def floats(n):
    return rng.normal(0, 0.1, n).astype('<f4').tobytes()


def tiny_weights():
    out = struct.pack('<iiiQ', 0, 2, 5, 32013312)
    out += floats(8 * 4) + floats(8 * 3 * 9)  # bias, scales, mean, variance, filters
    out += floats(8) + floats(8 * 9)
    out += floats(6) + floats(6 * 4)
    return out


if __name__ == '__main__':
    open('tiny.cfg', 'w').write(TINY)
    open('tiny.weights', 'wb').write(tiny_weights())
    open('text.cfg', 'w').write('[network]\ninputs=256\n\n[rnn]\noutput=64\n\n[connected]\noutput=256\n\n[softmax]\n\n[cost]\ntype=sse\n')
