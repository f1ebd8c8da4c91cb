#!/usr/bin/env python3
"""Writes pir.json and pir.pdiparams, the form of Paddle 3 (pip install
paddlepaddle setuptools): convolutions, batch norm, lists, attributes that are
operands there, an attention product."""
import os
import paddle
import paddle.nn as nn
import paddle.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
paddle.seed(1)


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2D(3, 8, 3, 2, 1), nn.BatchNorm2D(8)
        self.depth, self.up = nn.Conv2D(8, 8, 3, 1, 1, groups=8), nn.Conv2DTranspose(8, 4, 2, 2)
        self.rnn, self.last = nn.LSTM(4, 6), nn.Linear(6, 5)

    def forward(self, x):
        y = F.hardswish(self.depth(F.relu(self.norm(self.first(x)))))
        a, b = paddle.split(self.up(y), 2, axis=1)
        y = paddle.concat([a, b], axis=1)
        y = F.adaptive_avg_pool2d(F.interpolate(y, scale_factor=2, mode="nearest"), [4, 2])
        y = paddle.transpose(paddle.reshape(y, [1, 4, 8]), [0, 2, 1])
        z = paddle.einsum("bij,bkj->bik", y, y)
        return F.softmax(self.last(self.rnn(y)[0])), paddle.mean(z, axis=[1, 2])


net = Net()
net.eval()
paddle.jit.save(net, os.path.join(here, "pir"), input_spec=[paddle.static.InputSpec([1, 3, 16, 16], "float32", name="image")])
