#!/usr/bin/env python3
"""Writes the fixtures of this folder with PaddlePaddle (pip install paddlepaddle).

tiny.pdmodel, tiny.pdiparams   convolutions, pooling, batch norm, fully connected, shapes; parameters in one file
"""
import os
os.environ["FLAGS_enable_pir_api"] = "0"
import paddle
import paddle.nn.functional as F

here = os.path.dirname(os.path.abspath(__file__))
paddle.seed(1)
paddle.enable_static()
main, start = paddle.static.Program(), paddle.static.Program()
with paddle.static.program_guard(main, start):
    x = paddle.static.data("x", [-1, 3, 8, 8], "float32")
    y = paddle.static.nn.conv2d(x, 4, 3, stride=2, padding=1, act="relu")
    y = paddle.static.nn.batch_norm(y, is_test=True)
    y = paddle.static.nn.conv2d(y, 4, 3, padding="SAME", groups=4, bias_attr=False)
    y = F.hardswish(y)
    y = F.interpolate(y, scale_factor=2, mode="nearest")
    y = paddle.concat([y, y], axis=1)
    a, b = paddle.split(y, 2, axis=1)
    y = F.max_pool2d(a + b, 2, 2)
    y = F.adaptive_avg_pool2d(y, 1)
    y = paddle.flatten(y, 1)
    y = paddle.static.nn.fc(y, 5)
    y = paddle.reshape(y, [-1, 5, 1])
    y = paddle.transpose(y, [0, 2, 1])
    y = paddle.squeeze(y, [1])
    y = F.softmax(y)
exe = paddle.static.Executor(paddle.CPUPlace())
exe.run(start)
paddle.static.save_inference_model(os.path.join(here, "tiny"), [x], [y], exe, program=main)
