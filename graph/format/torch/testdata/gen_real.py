#!/usr/bin/env python3
"""Writes the fixtures of graph/format/torch that PyTorch itself made (pip
install torch numpy): a Sequential, whose steps the code reaches by getattr,
traced and scripted; the scripted one calls functions outside classes. The
writer's order is kept (weights first); source positions are left out."""
import io
import zipfile

import torch
from torch import nn

torch.manual_seed(0)


def write(path, module):
    f = io.BytesIO()
    torch.jit.save(module, f)
    with zipfile.ZipFile(f) as old, zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            if not name.endswith('.debug_pkl'):
                new.writestr(zipfile.ZipInfo('sequential/' + name.split('/', 1)[1]), old.read(name))


net = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Hardswish(), nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.ReLU6()), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)).eval()
with torch.no_grad():
    write('sequential_trace.pt', torch.jit.trace(net, torch.zeros(1, 3, 16, 16)))
    write('sequential_script.pt', torch.jit.script(net))
