"""Makes the fixtures of this folder with PyTorch's own writer.

pip install torch; python gen.py
"""
import os
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.n = torch.nn.BatchNorm2d(8)
        self.layers = torch.nn.ModuleList([torch.nn.Conv2d(8, 8, 3, padding=1, groups=8), torch.nn.Conv2d(8, 4, 1)])
        self.f = torch.nn.Linear(4, 5)
    def forward(self, x):
        x = torch.relu(self.n(self.a(x)))
        for l in self.layers:
            x = torch.nn.functional.relu6(l(x))
        for i in range(3):
            x = x * 2 + i
        y, z = torch.split(x, [1, 3], 1)
        x = torch.cat([z, y], 1)
        x = torch.nn.functional.max_pool2d(x, 2)
        return torch.softmax(self.f(x.mean(dim=[2, 3])), -1)

torch.jit.script(Net().eval())._save_for_lite_interpreter(os.path.join(HERE, 'scripted.ptl'), _use_flatbuffer=True)
torch.jit.trace(Net().eval(), torch.randn(1, 3, 16, 16))._save_for_lite_interpreter(os.path.join(HERE, 'traced.ptl'), _use_flatbuffer=True)
