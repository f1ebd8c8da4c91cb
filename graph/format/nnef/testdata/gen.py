#!/usr/bin/env python3
"""Writes the fixture of graph/format/nnef: the text by hand, checked by the
reference parser, the tensors by its writer (pip install nnef numpy)."""

import os

import nnef
import numpy as np

rng = np.random.default_rng(12)

GRAPH = '''version 1.0;

# a small network
graph small( input ) -> ( output )
{
    input = external<scalar>(shape = [1, 3, 8, 8]);
    filter = variable<scalar>(shape = [4, 3, 3, 3], label = 'conv_filter');
    bias = variable<scalar>(shape = [1, 4], label = 'conv_bias');
    conv1 = conv(input, filter, bias, border = 'constant', padding = [(1, 1), (1, 1)], stride = [2, 2], dilation = [1, 1], groups = 1);
    relu1 = relu(conv1);
    plane = variable<scalar>(shape = [4, 1, 3, 3], label = 'plane');
    dw = conv(relu1, plane, 0.0, groups = 4);
    pool1 = max_pool(dw, size = [1, 1, 2, 2], border = 'ignore', padding = [(0, 0), (0, 0), (0, 0), (0, 0)], stride = [1, 1, 2, 2]);
    half = mul(pool1, 0.5);
    [a, b] = split(half, axis = 1, ratios = [1, 1]);
    joined = concat([b, a], axis = 1);
    flat = reshape(joined, shape = [1, 16]);
    weight = variable<scalar>(shape = [5, 16], label = 'fc_weight');
    fc = linear(flat, weight);
    output = softmax(fc, axes = [1]);
}
'''

if __name__ == '__main__':
    open('graph.nnef', 'w').write(GRAPH)
    for label, shape in (('conv_filter', (4, 3, 3, 3)), ('conv_bias', (1, 4)), ('plane', (4, 1, 3, 3)), ('fc_weight', (5, 16))):
        with open(label + '.dat', 'wb') as f:
            nnef.write_tensor(f, rng.normal(0, 1, shape).astype('f4'))
    g = nnef.load_graph(os.getcwd())
    nnef.infer_shapes(g)
    print({k: t.shape for k, t in g.tensors.items()})
