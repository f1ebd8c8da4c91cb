"""Assembles the fixture of this folder by hand from the schema: Paddle Lite's
optimiser is in no package registry any more.

pip install flatbuffers; python gen.py
"""
import os, struct
import flatbuffers

HERE = os.path.dirname(os.path.abspath(__file__))
INT, FLOAT, STRING, INTS, BOOLEAN = 0, 1, 2, 3, 6
FP32 = 5

class B(flatbuffers.Builder):
    def tab(self, **slots):
        s = sorted((int(k[1:].split('_')[0]), k.split('_')[1], v) for k, v in slots.items() if v is not None)
        self.StartObject(max([x[0] for x in s], default=-1) + 1)
        for n, k, v in s:
            {'o': self.PrependUOffsetTRelativeSlot, 'i': self.PrependInt32Slot, 'l': self.PrependInt64Slot,
             'b': self.PrependUint8Slot, 'f': self.PrependFloat32Slot}[k](n, v, 0)
        return self.EndObject()
    def vec(self, items):
        self.StartVector(4, len(items), 4)
        for i in reversed(items): self.PrependUOffsetTRelative(i)
        return self.EndVector()
    def ints(self, v):
        self.StartVector(4, len(v), 4)
        for x in reversed(v): self.PrependInt32(x)
        return self.EndVector()
    def longs(self, v):
        self.StartVector(8, len(v), 8)
        for x in reversed(v): self.PrependInt64(x)
        return self.EndVector()

b = B(1024)
def attr(name, v):
    n = b.CreateString(name)
    if isinstance(v, bool): return b.tab(s0_o=n, s1_i=BOOLEAN, s8_b=int(v))
    if isinstance(v, int): return b.tab(s0_o=n, s1_i=INT, s2_i=v)
    if isinstance(v, float): return b.tab(s0_o=n, s1_i=FLOAT, s3_f=v)
    if isinstance(v, str): return b.tab(s0_o=n, s1_i=STRING, s4_o=b.CreateString(v))
    return b.tab(s0_o=n, s1_i=INTS, s5_o=b.ints(v))
def named(d):
    out = []
    for k, v in d.items():
        args = b.vec([b.CreateString(x) for x in v])
        out.append(b.tab(s0_o=b.CreateString(k), s1_o=args))
    return b.vec(out)
def op(kind, ins, outs, **attrs):
    return b.tab(s0_o=b.CreateString(kind), s1_o=named(ins), s2_o=named(outs), s3_o=b.vec([attr(k, v) for k, v in attrs.items()]))
def var(name, dims):
    t = b.tab(s0_i=FP32, s1_o=b.longs(dims))
    return b.tab(s0_o=b.CreateString(name), s1_o=b.tab(s0_i=7, s2_o=b.tab(s0_o=t)), s2_b=1)

variables = [var('x', [-1, 3, 8, 8]), var('w', [4, 3, 3, 3]), var('b', [4]), var('c', [-1, 4, 4, 4]), var('p', [-1, 4, 1, 1]), var('fw', [4, 5]), var('fb', [5]), var('y', [-1, 5])]
ops = [op('feed', {'X': ['feed']}, {'Out': ['x']}, col=0),
       op('conv2d', {'Input': ['x'], 'Filter': ['w'], 'Bias': ['b']}, {'Output': ['c']}, strides=[2, 2], paddings=[1, 1, 1, 1], dilations=[1, 1], groups=1, with_act=True, act_type='relu'),
       op('io_copy', {'Input': ['c']}, {'Out': ['c']}),
       op('pool2d', {'X': ['c']}, {'Out': ['p']}, pooling_type='avg', ksize=[1, 1], global_pooling=True, strides=[1, 1], paddings=[0, 0]),
       op('fc', {'Input': ['p'], 'W': ['fw'], 'Bias': ['fb']}, {'Out': ['y']}, in_num_col_dims=1),
       op('softmax', {'X': ['y']}, {'Out': ['y']}, axis=-1),
       op('fetch', {'X': ['y']}, {'Out': ['fetch']}, col=0)]
block = b.tab(s2_o=b.vec(variables), s3_o=b.vec(ops))
b.Finish(b.tab(s0_o=b.vec([block])))
topology = bytes(b.Output())

def param(name, dims):
    q, n = B(256), 1
    for d in dims: n *= d
    data = q.CreateByteVector(struct.pack('<%df' % n, *([.25] * n)))
    t = q.tab(s2_o=q.longs(dims), s3_i=FP32, s4_o=data)
    q.Finish(q.tab(s1_o=q.CreateString(name), s2_b=1, s3_o=t))
    body = bytes(q.Output())
    return struct.pack('<II', len(body) + 4, 4) + body

records = [param('w', [4, 3, 3, 3]), param('b', [4]), param('fw', [4, 5]), param('fb', [5])]
out = struct.pack('<H16sQ', 2, b'v2.12', len(topology)) + topology + struct.pack('<HHHHI', 0, 8, 6, len(records), 432) + b''.join(records)
open(os.path.join(HERE, 'net.nb'), 'wb').write(out)
print(len(out))
