"""Writes the fixtures of this folder: pip install flatbuffers, python3 gen.py.

Barracuda files are laid out as its ModelLoader.cs reads them, Sentis files as
ModelWriter.cs and program.fbs say, with the FlatBuffers library's own builder.
"""
import struct

import flatbuffers


def i32(*v):
    return struct.pack("<%di" % len(v), *v)


def text(s):
    b = s.encode()
    return i32(len(b)) + b


def ints(v):
    return i32(len(v), *v)


def texts(v):
    return i32(len(v)) + b"".join(map(text, v))


def barracuda(version, half=False):
    """A convolution with a fused Relu, a dense layer, Softmax; kernels HWIO."""
    shape8 = (lambda s: [1, 1, s[0], 1, 1] + s[1:] if version > 16 else s)
    weights = b""

    def const(name, dims):
        nonlocal weights
        n = 1
        for d in dims:
            n *= d
        at = len(weights) // (2 if half else 4)
        weights += b"".join(struct.pack("<e" if half else "<f", (i % 7) / 8) for i in range(n))
        return text(name) + ints(shape8(dims)) + struct.pack("<q", at) + i32(4, n)

    def layer(name, kind, inputs, consts=(), activation=0, stride=(), pad=(), axis=-1):
        return (
            text(name) + i32(kind, activation) + ints([]) + ints([]) + ints(pad) + ints(stride) + ints([]) + i32(axis)
            + struct.pack("<ff", 1, 0) + ints([]) + texts(inputs) + i32(len(consts)) + b"".join(consts)
        )

    b = struct.pack("<q", version)
    b += i32(1) + text("image") + ints([1, 1, -1, 1, 1, 8, 8, 3] if version > 16 else [-1, 8, 8, 3])
    b += texts(["scores"])
    b += i32(1) + ints(shape8([1, 1, 1, 4])) + text("state_in") + text("state_out")
    layers = [
        layer("conv", 20, ["image"], [const("conv/K", [3, 3, 3, 4]), const("conv/B", [1, 1, 1, 4])], activation=1, stride=[2, 2], pad=[1, 1, 1, 1]),
        layer("flat", 200, ["conv"]),
        layer("fc", 1, ["flat"], [const("fc/W", [64, 1, 1, 5]), const("fc/B", [1, 1, 1, 5])]),
        layer("offset", 255, [], [const("offset", [1, 1, 1, 5])]),
        layer("sum", 100, ["fc", "offset"]),
        layer("scores", 50, ["sum"], activation=2),
    ]
    b += i32(len(layers)) + b"".join(layers)
    if version >= 20:
        b += i32(1 if half else 0)
    if version >= 19:
        b += b"\0" * (16 - len(b) % 16)
    b += weights
    b += text("ONNX") + text("7") + text("pytorch") + i32(1) + text("conv") + text("a warning")
    if version >= 18:
        b += i32(1) + text("author") + text("nobody")
    return b


class Builder(flatbuffers.Builder):
    def table(self, fields):
        """fields: (slot, kind, value) in slot order; offsets are made before."""
        self.StartObject(1 + max(f[0] for f in fields) if fields else 0)
        for slot, kind, value in fields:
            {"u8": self.PrependByteSlot, "i32": self.PrependInt32Slot, "u32": self.PrependUint32Slot, "u64": self.PrependUint64Slot,
             "f32": self.PrependFloat32Slot, "bool": self.PrependBoolSlot, "off": self.PrependUOffsetTRelativeSlot}[kind](slot, value, 0)
        return self.EndObject()

    def offsets(self, v):
        self.StartVector(4, len(v), 4)
        for o in reversed(v):
            self.PrependUOffsetTRelative(o)
        return self.EndVector()

    def ints(self, v):
        self.StartVector(4, len(v), 4)
        for o in reversed(v):
            self.PrependInt32(o)
        return self.EndVector()


def sentis(version):
    b = Builder(1)
    values = []

    def value(kind, table):
        values.append(b.table([(0, "u8", kind), (1, "off", table)]))
        return len(values) - 1

    weights = b""

    def tensor(dims=None, dyn=None, const=False, dtype=0):
        nonlocal weights
        f = [(0, "u8", dtype)]
        if const:
            n = 1
            for d in dims:
                n *= d
            f += [(1, "i32", 4 * n)]
            at = len(weights)
            weights += struct.pack("<%df" % n, *[(i % 5) / 4 for i in range(n)]) if dtype == 0 else struct.pack("<%di" % n, *range(n))
        if dims is not None:
            f += [(2, "off", b.ints(dims))]
        if const:
            f += [(3, "u32", 1), (4, "i32", at)]
        if dyn is not None:
            d = []
            for x in dyn:
                if isinstance(x, int):
                    t = b.table([(0, "i32", x)])
                    d.append(b.table([(0, "u8", 1), (1, "off", t)]))
                else:
                    t = b.table([(0, "u8", ord(x) - ord("N"))])
                    d.append(b.table([(0, "u8", 2), (1, "off", t)]))
            f += [(5, "u8", 1), (6, "off", b.offsets(d))]
        return value(6, b.table(sorted(f)))

    def number(n):
        return value(2, b.table([(0, "i32", n)]))

    names = [b.CreateString("image")]
    image = tensor(dyn=["N", 3, 8, 8])
    kernel, bias = tensor([4, 3, 3, 3], const=True), tensor([4], const=True)
    conv_args = [number(0), value(8, b.table([(0, "off", b.ints([1, 1]))])), number(1), value(8, b.table([(0, "off", b.ints([1, 1, 1, 1]))])),
                 value(8, b.table([(0, "off", b.ints([2, 2]))])), number(0), number(1)]
    conv = tensor(dyn=["N", 4, 4, 4])
    shape = tensor([2], const=True, dtype=1)
    reshape_args = [value(4, b.table([(0, "bool", False)]))]
    flat = tensor(dyn=["N", 64])
    w = tensor([64, 5], const=True)
    out = tensor(dyn=["N", 5])
    ops = [b.table([(0, "off", b.CreateString(n))]) for n in ("Conv", "Reshape", "MatMul2D", "Softmax")]
    scores = tensor(dyn=["N", 5])
    softmax_args = [number(-1)]
    chains = []
    for op, ins, outs, args in [(0, [image, kernel, bias], [conv], conv_args), (1, [conv, shape], [flat], reshape_args),
                                (2, [flat, w, -1], [out], []), (3, [out], [scores], softmax_args)]:
        i, o, a = b.ints(ins), b.ints(outs), b.ints(args)
        call = b.table([(0, "i32", op), (1, "off", a)])
        step = b.table([(0, "u8", 1), (1, "off", call)])
        chains.append(b.table([(0, "off", i), (1, "off", o), (2, "off", b.offsets([step]))]))
    onames = b.offsets([b.CreateString("scores")])
    name = b.CreateString("pytorch")
    fields = [(0, "off", name), (1, "off", b.offsets(values)), (2, "off", b.ints([image])), (3, "off", b.offsets(names)), (4, "off", b.ints([scores])),
              (5, "off", onames), (6, "off", b.offsets(chains)), (7, "off", b.offsets(ops))]
    if version >= 8:
        fields.append((9, "off", b.offsets([b.CreateString("batch")])))
    plan = b.table(fields)
    segments = b.offsets([b.table([(0, "u64", len(weights)), (1, "u64", len(weights))])])
    root = b.table([(0, "u32", version), (1, "off", plan), (3, "off", segments)])
    b.FinishSizePrefixed(root)
    description = bytes(b.Output())

    c = flatbuffers.Builder(1)
    v = c.CreateByteVector(weights)
    c.StartObject(1)
    c.PrependUOffsetTRelativeSlot(0, v, 0)
    c.FinishSizePrefixed(c.EndObject())
    return description, bytes(c.Output())


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


write("v16.nn", barracuda(16))
write("v17.nn", barracuda(17))
write("v20.nn", barracuda(20))
write("half.nn", barracuda(20, half=True))
d, w = sentis(4)
write("v4.sentis", d + w)
d, w = sentis(8)
write("v8.sentis", d + w)
# As objects of one file of assets: the names are those that files of assets give.
write("Data", d)
write("Data#12", w)
