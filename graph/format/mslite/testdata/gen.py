"""Assembles the fixtures of this folder by hand from the schema: the converter
is in no package registry.

pip install flatbuffers; python gen.py
"""
import os, struct
import flatbuffers

HERE = os.path.dirname(os.path.abspath(__file__))

class B(flatbuffers.Builder):
    def tab(self, **slots):
        """slots: s<number>_<kind>=value; kinds o offset, i int32, l int64, b uint8, d float64."""
        s = sorted((int(k[1:].split('_')[0]), k.split('_')[1], v) for k, v in slots.items() if v is not None)
        self.StartObject(max([x[0] for x in s], default=-1) + 1)
        for n, k, v in s:
            {'o': self.PrependUOffsetTRelativeSlot, 'i': self.PrependInt32Slot, 'l': self.PrependInt64Slot,
             'b': self.PrependUint8Slot, 'd': self.PrependFloat64Slot}[k](n, v, 0)
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

CONV, MAXPOOL, SOFTMAX, RESHAPE, MATMUL, REDUCE, CUSTOM, PARTIAL, RELU = 35, 92, 138, 119, 89, 118, 191, 108, 2

def build(name, external=False, split=False):
    b = B(1024)
    def tensor(name, dims, data=None, dtype=43, scales=None, location=None):
        ext = quant = None
        if location:
            ext = b.vec([b.tab(s1_o=b.CreateString('net.weights'), s2_l=location, s3_l=len(data))])
            data = None
        if scales: quant = b.vec([b.tab(s0_d=x, s1_i=3) for x in scales])
        return b.tab(s0_i=0 if data or ext else 2, s1_i=dtype, s2_o=b.ints(dims), s3_i=1, s6_o=b.CreateByteVector(data) if data else None, s7_o=quant, s9_o=b.CreateString(name), s12_o=ext)
    def node(name, kind, p, ins, outs):
        return b.tab(s0_o=b.CreateString(name), s1_i=2, s2_o=b.tab(s0_b=kind, s1_o=p), s3_o=b.ints(ins), s4_o=b.ints(outs))
    f = lambda n: struct.pack('<%df' % n, *([.5] * n))
    tensors = [tensor('x', [1, 8, 8, 3]), tensor('w', [4, 3, 3, 3], bytes(108), 32, [.1, .2, .3, .4]), tensor('b', [4], bytes(16), 34),
               tensor('c', [1, 4, 4, 4]), tensor('p', []), tensor('shape', [2], struct.pack('<2i', 1, -1), 34),
               tensor('r', []), tensor('fw', [5, 16], f(80), location=16 if external else None), tensor('y', [1, 5]), tensor('prob', [1, 5])]
    nodes = [node('conv', CONV, b.tab(s0_i=1, s1_o=b.longs([3, 3]), s2_o=b.longs([2, 2]), s3_o=b.longs([1, 1]), s4_b=1, s7_l=1, s8_l=3, s9_l=4, s10_b=3), [0, 1, 2], [3]),
             node('pool', MAXPOOL, b.tab(s0_o=b.longs([2, 2]), s1_o=b.longs([2, 2]), s3_b=2, s5_i=1), [3], [4]),
             node('flat', RESHAPE, b.tab(), [4, 5], [6]),
             node('fc', MATMUL, b.tab(s1_b=1, s2_b=1), [6, 7], [8]),
             node('soft', SOFTMAX, b.tab(s0_o=b.longs([-1])), [8], [9])]
    subs = None
    if split:
        nodes.append(node('call', PARTIAL, b.tab(s0_l=1), [0], [9]))
        subs = b.vec([b.tab(s0_o=b.CreateString('main'), s1_o=b.ints([0]), s2_o=b.ints([9]), s3_o=b.ints([5]), s4_o=b.ints([0, 9])),
                      b.tab(s0_o=b.CreateString('body'), s1_o=b.ints([0]), s2_o=b.ints([9]), s3_o=b.ints([0, 1, 2, 3, 4]), s4_o=b.ints(list(range(10))))])
    root = b.tab(s0_o=b.CreateString('net'), s1_o=b.CreateString('MindSpore Lite 2.0.0'), s3_o=b.ints([0]), s4_o=b.ints([9]),
                 s6_o=b.vec(nodes), s7_o=b.vec(tensors), s8_o=subs)
    b.Finish(root, file_identifier=b'MSL2')
    open(os.path.join(HERE, name), 'wb').write(bytes(b.Output()))

build('plain.ms')
build('external.ms', external=True)
build('split.ms', split=True)
open(os.path.join(HERE, 'net.weights'), 'wb').write(bytes(16) + bytes(320))
