"""Makes the fixtures of this folder with ExecuTorch's own exporter.

pip install torch executorch; python gen.py
"""
import os
import torch
from executorch.exir import to_edge, to_edge_transform_and_lower, EdgeCompileConfig
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.b = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.n = torch.nn.BatchNorm2d(8)
        self.l = torch.nn.LayerNorm(8)
        self.f = torch.nn.Linear(8, 5)
    def forward(self, x):
        x = torch.nn.functional.relu6(self.n(self.b(torch.relu(self.a(x)))))
        x = torch.nn.functional.max_pool2d(x, 2)
        x = x.mean(dim=[2, 3])
        x = self.l(x)
        y = torch.cat([x, x], 1)[:, 2:10]
        return torch.softmax(self.f(y), -1)

net, x = Net().eval(), (torch.randn(1, 3, 16, 16),)
with torch.no_grad():
    edge = to_edge(torch.export.export(net, x), compile_config=EdgeCompileConfig(_check_ir_validity=False))
    open(os.path.join(HERE, 'portable.pte'), 'wb').write(edge.to_executorch().buffer)
    low = to_edge_transform_and_lower(torch.export.export(net, x), partitioner=[XnnpackPartitioner()])
    open(os.path.join(HERE, 'xnnpack.pte'), 'wb').write(low.to_executorch().buffer)
from executorch.exir import ExecutorchBackendConfig
from executorch.exir.passes.external_constants_pass import external_constants_pass
with torch.no_grad():
    prog = to_edge(torch.export.export(net, x), compile_config=EdgeCompileConfig(_check_ir_validity=False)).to_executorch(ExecutorchBackendConfig(external_constants=True))
    open(os.path.join(HERE, 'external.pte'), 'wb').write(prog.buffer)
    prog.write_tensor_data_to_file(HERE)
for f in ('portable.pte', 'xnnpack.pte'): print(f, os.path.getsize(os.path.join(HERE, f)))
