#!/usr/bin/env python3
"""Writes tiny.mindir with MindSpore (pip install mindspore)."""
import os
import numpy as np
import mindspore as ms
from mindspore import nn, Tensor, ops
ms.set_context(mode=ms.GRAPH_MODE)
class Net(nn.Cell):
    def __init__(self):
        super().__init__()
        self.conv=nn.Conv2d(3,4,3,stride=2,pad_mode='same',has_bias=True)
        self.bn=nn.BatchNorm2d(4)
        self.relu=nn.ReLU()
        self.dw=nn.Conv2d(4,4,3,pad_mode='pad',padding=1,group=4)
        self.pool=nn.MaxPool2d(2,2)
        self.flat=nn.Flatten()
        self.fc=nn.Dense(16,5)
        self.sm=nn.Softmax()
    def construct(self,x):
        y=self.relu(self.bn(self.conv(x)))
        y=self.dw(y)+y
        y=ops.concat((self.pool(y),self.pool(y)),1)[:, :4]
        return self.sm(self.fc(self.flat(y)))
net=Net(); net.set_train(False)
ms.export(net,Tensor(np.ones((1,3,8,8),np.float32)),file_name=os.path.join(os.path.dirname(os.path.abspath(__file__)), 'tiny'),file_format='MINDIR')
