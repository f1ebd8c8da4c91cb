#!/usr/bin/env python3
"""Writes the fixtures of graph/format/torch without PyTorch (which is not to
be had for this Python): the pickles by Python's own pickler with stand-ins of
the same names, the archives and the code as torch.save and torch.jit.save
write them (pip install numpy)."""

import collections
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np

rng = np.random.default_rng(8)
MAGIC = 0x1950a86a20f9469cfc6c


def module(name):
    m = types.ModuleType(name)
    sys.modules[name] = m
    return m


torch, utils = module('torch'), module('torch._utils')
torch._utils = utils


def stand_in(where, name, owner):
    f = lambda *a: None  # noqa: E731
    f.__module__, f.__qualname__, f.__name__ = where, name, name
    setattr(owner, name, f)
    return f


for n in ('FloatStorage', 'HalfStorage', 'QInt8Storage', 'LongStorage'):
    c = type(n, (), {'__module__': 'torch'})
    setattr(torch, n, c)
rebuild = stand_in('torch._utils', '_rebuild_tensor_v2', utils)
rebuild_q = stand_in('torch._utils', '_rebuild_qtensor', utils)
rebuild_p = stand_in('torch._utils', '_rebuild_parameter', utils)
per_tensor_affine = stand_in('torch', 'per_tensor_affine', torch)


class Storage:
    def __init__(self, array, kind):
        self.array, self.kind = array, kind


class Tensor:
    def __init__(self, array, kind='FloatStorage', quant=None, param=False, storage=None, offset=0):
        self.shape = array.shape
        self.strides = [s // array.itemsize for s in array.strides]
        self.storage = storage or Storage(array, kind)
        self.quant, self.param, self.offset = quant, param, offset

    def __reduce__(self):
        args = (self.storage, self.offset, tuple(self.shape), tuple(self.strides))
        if self.quant:
            return rebuild_q, args + ((per_tensor_affine,) + self.quant, False, collections.OrderedDict())
        if self.param:
            return rebuild_p, (Tensor(self.storage.array, storage=self.storage), True, collections.OrderedDict())
        return rebuild, args + (False, collections.OrderedDict())


class Pickler(pickle.Pickler):
    def __init__(self, f):
        super().__init__(f, protocol=2)
        self.keys, self.ids = [], {}

    def persistent_id(self, o):
        if not isinstance(o, Storage):
            return None
        if id(o) not in self.ids:
            self.ids[id(o)] = str(len(self.keys))
            self.keys.append(o)
        return ('storage', getattr(torch, o.kind), self.ids[id(o)], 'cpu', o.array.size)


def dump(value, pickler=None):
    f = io.BytesIO()
    p = Pickler(f)
    p.dump(value)
    return f.getvalue(), p.keys


def f32(*shape):
    return rng.normal(0, 1, shape).astype('<f4')


shared = f32(4, 3)
STATE = collections.OrderedDict([
    ('conv.weight', Tensor(f32(4, 3, 3, 3))), ('conv.bias', Tensor(f32(4), param=True)), ('half', Tensor(rng.normal(0, 1, (2, 2)).astype('<f2'), 'HalfStorage')),
    ('count', Tensor(np.array(7, '<i8'), 'LongStorage')), ('q', Tensor(rng.integers(-9, 9, (5, 4)).astype('i1'), 'QInt8Storage', quant=(0.5, 3))), ('strided', Tensor(shared.T, storage=Storage(shared, 'FloatStorage'))),
])


def archive(path, entries):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED) as z:
        for name, data in entries:
            z.writestr(zipfile.ZipInfo('net/' + name), data)


def state_zip(path):
    data, keys = dump(STATE)
    archive(path, [('data.pkl', data), ('byteorder', 'little')] + [(f'data/{i}', s.array.tobytes()) for i, s in enumerate(keys)] + [('version', '3\n')])


def legacy(path):
    data, keys = dump({'state_dict': STATE, 'epoch': 3, 'optimizer': {'lr': Tensor(f32(9))}})
    out = b''.join(pickle.dumps(x, 2) for x in (MAGIC, 1001, {'protocol_version': 1001, 'little_endian': True})) + data
    out += pickle.dumps([str(i) for i in range(len(keys))], 2)
    for s in keys:
        out += struct.pack('<q', s.array.size) + s.array.tobytes()
    open(path, 'wb').write(out)


CODE = '''class Net(Module):
  __parameters__ = []
  conv : __torch__.conv.Conv2d
  def forward(self: __torch__.Net,
    x: Tensor) -> Tensor:
    _0 = (self.conv).forward(x, )
    _1 = torch.relu_(_0)
    if torch.__isnot__(None, None):
      _2 = torch.tanh(_1)
    else:
      _2 = torch.add(_1, CONSTANTS.c0, alpha=1)
    a, b, = torch.chunk(_2, 2, 1)
    n = int(torch.mul(torch.size(a, 0), 2))
    if torch.gt(n, 4):
      c = torch.cat([a, b], 1)
    else:
      c = torch.cat([b, a], 1)
    y = ops.quantized.linear_dynamic(torch.flatten(c, 1, -1), self.packed, True)
    return annotate(Tensor, torch.softmax(y, -1, dtype=None))
'''

CONV = '''class Conv2d(Module):
  __parameters__ = ["weight", "bias", ]
  weight : Tensor
  bias : Tensor
  def forward(self: __torch__.conv.Conv2d,
    input: Tensor) -> Tensor:
    _0 = torch.conv2d(input, self.weight, self.bias, [1, 1], [1, 1], [1, 1], 1)
    return _0
'''


def make_class(mod, name):
    m = sys.modules.get(mod) or module(mod)
    c = type(name, (), {'__module__': mod, '__reduce__': lambda self: (type(self).__new__, (), self.__dict__)})
    setattr(m, name, c)
    return c


class Obj:
    """A TorchScript object: class without arguments, state set on it."""

    def __init__(self, cls, **state):
        self.cls, self.state = cls, state

    def __reduce__(self):
        return self.cls, (), self.state


def script(path, mobile):
    for m in ('__torch__', '__torch__.conv', '__torch__.packed'):
        module(m)
    net, conv, packed = make_class('__torch__', 'Net'), make_class('__torch__.conv', 'Conv2d'), make_class('__torch__.packed', 'LinearPackedParams')
    root = Obj(net, training=False, conv=Obj(conv, weight=Tensor(f32(4, 3, 3, 3)), bias=Tensor(f32(4))), packed=Obj(packed, w=Tensor(rng.integers(-9, 9, (5, 64)).astype('i1'), 'QInt8Storage', quant=(0.1, 0))))
    data, keys = dump(root)
    consts, ckeys = dump((Tensor(f32(1)),))
    entries = [('data.pkl', data), ('code/__torch__.py', CODE), ('code/__torch__/conv.py', CONV), ('constants.pkl', consts)]
    if mobile:
        entries.append(('bytecode.pkl', pickle.dumps((4, ('__torch__.Net.forward', (('instructions', ()),))), 2)))
    archive(path, entries + [(f'data/{i}', s.array.tobytes()) for i, s in enumerate(keys)] + [(f'constants/{i}', s.array.tobytes()) for i, s in enumerate(ckeys)] + [('version', '3\n')])


if __name__ == '__main__':
    state_zip('state.pth')
    legacy('legacy.pth')
    script('script.pt', False)
    script('mobile.ptl', True)
