"""Assembles the fixtures of this folder by hand: no free writer of DLC exists.

pip install flatbuffers; python gen.py
Slots and codes are those that doc.go names the sources of.
"""
import os, struct, zipfile
import flatbuffers

HERE = os.path.dirname(os.path.abspath(__file__))

class B(flatbuffers.Builder):
    def tab(self, **slots):
        """slots: s<number>_<kind>=value; kind o offset, i int32, u uint32, b uint8, f float32."""
        s = sorted((int(k[1:].split('_')[0]), k.split('_')[1], v) for k, v in slots.items() if v is not None)
        self.StartObject(max([x[0] for x in s], default=-1) + 1)
        for n, k, v in s:
            {'o': self.PrependUOffsetTRelativeSlot, 'i': self.PrependInt32Slot, 'u': self.PrependUint32Slot,
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
    def floats(self, v):
        self.StartVector(4, len(v), 4)
        for x in reversed(v): self.PrependFloat32(x)
        return self.EndVector()
    def strs(self, v): return self.vec([self.CreateString(x) for x in v])
    def done(self, root, ident, version):
        self.Finish(root, file_identifier=ident)
        return b'\xd5\x0a' + struct.pack('<HI', version, 0) + bytes(self.Output())

def store(name, **members):
    with zipfile.ZipFile(os.path.join(HERE, name), 'w') as z:
        for k, v in members.items():
            z.writestr(zipfile.ZipInfo({'model': 'model', 'params': 'model.params', 'meta': 'dlc.metadata'}[k], (2020, 1, 1, 0, 0, 0)), v)
    print(name, os.path.getsize(os.path.join(HERE, name)))

def v3():
    b = B(1024)
    def node(i, name, kind, inputs, outputs, dims, **more):
        lists = [b.tab(s0_o=b.CreateString(str(k)), s1_b=8, s9_o=b.ints(d)) for k, d in enumerate(dims)]
        attrs = [b.tab(s0_o=b.CreateString('OutputDims'), s1_b=11, s12_o=b.vec(lists))]
        for k, v in more.items():
            attrs.append(b.tab(s0_o=b.CreateString(k), s1_b=2, s3_i=v))
        return b.tab(s0_i=i, s1_o=b.CreateString(name), s2_o=b.CreateString(kind), s3_o=b.strs(inputs), s4_o=b.strs(outputs), s5_o=b.vec(attrs))
    nodes = [node(0, 'data', 'Input', [], ['data'], [[1, 8, 8, 3]]),
             node(1, 'conv1', 'Convolutional', ['data'], ['conv1'], [[1, 4, 4, 8]]),
             node(2, 'relu1', 'Neuron', ['conv1'], ['relu1'], [[1, 4, 4, 8]], type=1),
             node(3, 'fc', 'FullyConnected', ['relu1'], ['fc'], [[1, 5]]),
             node(4, 'prob', 'SoftMax', ['fc'], ['prob'], [[1, 5]])]
    model = b.done(b.tab(s1_o=b.vec(nodes)), b'NETD', 3)
    p = B(1024)
    def weight(name, shape):
        n = 1
        for d in shape: n *= d
        return p.tab(s0_o=p.CreateString(name), s1_o=p.ints(shape), s2_o=p.tab(s0_b=9, s2_o=p.floats([.5] * n)))
    def of(name, *w): return p.tab(s0_o=p.CreateString(name), s1_o=p.vec(list(w)))
    ws = [of('conv1', weight('weights', [3, 3, 3, 8]), weight('bias', [8])), of('fc', weight('weights', [5, 128]), weight('bias', [5]))]
    params = p.done(p.tab(s0_o=p.vec(ws)), b'NETP', 3)
    store('v3.dlc', model=model, params=params, meta='model-version=1.0\nconverter-command=snpe-onnx-to-dlc input=x\nconverter-version=1.68.0\n')
    open(os.path.join(HERE, 'model_only.dlc'), 'wb').write(model)

def v4(name, wide):
    b = B(1024)
    def tensor(name, location, shape, dtype, scale=None):
        info = None
        if scale: info = b.tab(s2_o=b.tab(s0_i=8, s3_f=scale, s4_i=-128))
        return b.tab(s1_o=b.CreateString(name), s2_i=location, s3_o=b.ints(shape), s5_o=info, s6_i=dtype)
    def attr(key, shape): return b.tab(s0_o=b.CreateString(key), s1_i=1, s4_o=tensor(key, 4, shape, 0x0132))
    def scalar(key, v): return b.tab(s0_o=b.CreateString(key), s3_o=b.tab(s0_i=0x0132, s1_i=v))
    def node(name, kind, inputs, outputs, *attrs):
        return b.tab(s0_o=b.CreateString(name), s1_o=b.CreateString(kind), s2_o=b.strs(inputs), s3_o=b.strs(outputs), s4_o=b.vec(list(attrs)))
    tensors = [tensor('x', 0, [1, 8, 8, 3], 0x0408, .02), tensor('w', 4, [3, 3, 3, 8], 0x0308, .01), tensor('b', 4, [8], 0x0332),
               tensor('c', 3, [1, 4, 4, 8], 0x0408, .05), tensor('p', 3, [1, 2, 2, 8], 0x0408, .05), tensor('y', 1, [1, 32], 0x0408, .05)]
    nodes = [node('conv', 'Conv2d', ['x', 'w', 'b'], ['c'], attr('stride', [2]), attr('pad_amount', [2, 2]), scalar('group', 1)),
             node('pool', 'PoolMax2d', ['c'], ['p'], attr('filter_size', [2]), attr('stride', [2])),
             node('flat', 'Reshape', ['p'], ['y'])]
    model = b.done(b.tab(s0_o=b.vec([b.tab(s0_o=b.CreateString('net'), s1_o=b.vec(nodes), s2_o=b.vec(tensors))])), b'NETD', 4)
    values = {'w': bytes(216), 'b': bytes(32)}
    attrs = [{'stride': [2, 2], 'pad_amount': [0, 1, 0, 1]}, {'filter_size': [2, 2], 'stride': [2, 2]}, {}]
    p = B(1024)
    def data(k, v): return p.tab(s0_o=p.CreateString(k), s1_o=p.CreateByteVector(v))
    per = [p.tab(s0_o=p.vec([data(k, struct.pack('<%di' % len(v), *v)) for k, v in a.items()])) for a in attrs]
    g = p.tab(s0_o=p.CreateString('net'), s1_o=p.vec([data(k, v) for k, v in values.items()]), s2_o=p.vec(per))
    root = p.tab(s0_o=p.vec([g]))
    if not wide:
        store(name, model=model, params=p.done(root, b'NETP', 4))
        return
    p.Finish(root)
    q = B(1024)
    inner = q.CreateByteVector(bytes(p.Output()))
    order = [values['b'], values['w']] + [struct.pack('<%di' % len(v), *v) for a in attrs for v in a.values()]
    buffers = q.vec([q.tab(s0_o=q.CreateByteVector(v)) for v in order])
    store(name, model=model, params=q.done(q.tab(s0_o=buffers, s1_o=inner), b'NR64', 4))

v3()
v4('v4.dlc', False)
v4('v4_64.dlc', True)
