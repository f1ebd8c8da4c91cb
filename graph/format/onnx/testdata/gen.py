#!/usr/bin/env python3
"""Writes the fixtures of this folder with the onnx package (pip install onnx numpy).

conv.onnx      convolution net: raw and typed initializers, Constant nodes, symbolic batch, metadata
old.onnx       IR 3, opset 6: attributes that became operands later, aligned broadcasting, initializers as inputs
control.onnx   If, Loop (fixed trip count) and Scan with captured values, a body in a body
function.onnx  a model-local function called twice, attributes by reference
external.onnx  weights in external.onnx.data, and one in a file that is not there
quant.onnx     QDQ, QLinearConv, int4 and float8 constants, com.microsoft operators, sparse initializer
constants.onnx all weights as Constant nodes, no initializer
context.onnx   an EPContext node with an embedded blob
prefixed.bin   conv.onnx with a u32 length before it
ops.tsv        every operator of the package's schemas: domain, name, first version
"""
import os, struct
import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(1)


def info(name, shape, dtype=T.FLOAT):
    return h.make_tensor_value_info(name, dtype, shape)


def const(name, value, dtype=np.float32):
    return nh.from_array(np.asarray(value, dtype=dtype), name)


def save(name, graph, ir=8, opsets=((("", 13)),), functions=(), **kw):
    m = h.make_model(graph, opset_imports=[h.make_opsetid(d, v) for d, v in opsets], functions=functions,
                     producer_name="gaugenn fixtures", producer_version="1", **kw)
    m.ir_version = ir
    with open(os.path.join(here, name), "wb") as f:
        f.write(m.SerializeToString(deterministic=True))
    return m


def conv():
    w = const("w", rng.normal(size=(4, 3, 3, 3)))
    b = h.make_tensor("b", T.FLOAT, [4], [1, 2, 3, 4])              # packed float_data
    shape = h.make_tensor("flat", T.INT64, [2], [0, -1])            # packed int64_data
    half = h.make_tensor("half", T.FLOAT16, [1], [0x3c00 and 1.0])   # int32_data holding bits
    nodes = [
        h.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]),
        h.make_node("Constant", [], ["lo"], value_float=0.0),
        h.make_node("Constant", [], ["hi"], value=const("", 6.0)),
        h.make_node("Clip", ["c", "lo", "hi"], ["r"], name="relu6"),
        h.make_node("GlobalAveragePool", ["r"], ["p"]),
        h.make_node("Reshape", ["p", "flat"], ["f"]),
        h.make_node("Gemm", ["f", "g", ""], ["y"], transB=1),
        h.make_node("Cast", ["half"], ["one"], to=T.FLOAT),
        h.make_node("FancyOp", ["y"], ["z"], domain="my.domain", size=7, text="hello"),
    ]
    g = h.make_graph(nodes, "tiny", [info("x", ["batch", 3, 8, 8])], [info("y", ["batch", 5]), info("z", None)],
                     [w, b, shape, half, const("g", rng.normal(size=(5, 4)))], doc_string="graph doc",
                     value_info=[info("c", ["batch", 4, 4, 4])])
    m = h.make_model(g, opset_imports=[h.make_opsetid("", 13), h.make_opsetid("my.domain", 2)], producer_name="gaugenn fixtures",
                     producer_version="1", doc_string="a test model", domain="test", model_version=3)
    m.ir_version = 8
    h.set_model_props(m, {"task": "classification", "labels": "a,b,c,d,e"})
    data = m.SerializeToString(deterministic=True)
    open(os.path.join(here, "conv.onnx"), "wb").write(data)
    open(os.path.join(here, "prefixed.bin"), "wb").write(struct.pack("<I", len(data)) + data)


def old():
    nodes = [
        h.make_node("Add", ["x", "bias"], ["a"], broadcast=1, axis=1),
        h.make_node("Clip", ["a"], ["c"], min=0.0, max=6.0),
        h.make_node("Pad", ["c"], ["p"], pads=[0, 0, 1, 1, 0, 0, 1, 1]),
        h.make_node("Slice", ["p"], ["s"], axes=[2, 3], starts=[0, 0], ends=[4, 4]),
        h.make_node("Upsample", ["s"], ["u"], scales=[1.0, 1.0, 2.0, 2.0], mode="nearest"),
        h.make_node("ReduceMean", ["u"], ["m"], axes=[2, 3], keepdims=0),
        h.make_node("Unsqueeze", ["m"], ["q"], axes=[2]),
        h.make_node("Squeeze", ["q"], ["v"], axes=[2]),
        h.make_node("Split", ["v"], ["v1", "v2"], axis=1, split=[1, 2]),
        h.make_node("TopK", ["v2"], ["t", "ti"], k=1, axis=1),
        h.make_node("Softmax", ["v2"], ["y"]),
        h.make_node("Dropout", ["t"], ["z"], ratio=0.5),
        h.make_node("Tile", ["z", "reps"], ["zz"]),
    ]
    g = h.make_graph(nodes, "old", [info("x", [1, 3, 4, 4]), info("bias", [3]), info("reps", [2], T.INT64)],
                     [info("y", [1, 2]), info("zz", [1, 2]), info("v1", [1, 1]), info("ti", [1, 1], T.INT64)],
                     [const("bias", [1, 2, 3]), const("reps", [1, 2], np.int64)])
    save("old.onnx", g, ir=3, opsets=[("", 7)])
    for n in g.node:                      # opset 6 has broadcast and axis; the checker is not asked
        pass
    m = onnx.load(os.path.join(here, "old.onnx"))
    m.opset_import[0].version = 6
    open(os.path.join(here, "old.onnx"), "wb").write(m.SerializeToString(deterministic=True))


def control():
    deep = h.make_graph([h.make_node("Mul", ["x", "k"], ["deep"])], "deep", [], [info("deep", [2, 3])])
    then = h.make_graph([h.make_node("If", ["cond"], ["t"], then_branch=deep, else_branch=h.make_graph(
        [h.make_node("Neg", ["x"], ["n"])], "deep_else", [], [info("n", [2, 3])]))], "then", [], [info("t", [2, 3])])
    other = h.make_graph([h.make_node("Identity", ["x"], ["e"])], "else", [], [info("e", [2, 3])])
    body = h.make_graph([h.make_node("Add", ["s", "k"], ["s2"]), h.make_node("Identity", ["go"], ["go2"])], "loop_body",
                        [info("i", [], T.INT64), info("go", [], T.BOOL), info("s", [2, 3])], [info("go2", [], T.BOOL), info("s2", [2, 3])])
    step = h.make_graph([h.make_node("Add", ["acc", "row"], ["acc2"]), h.make_node("Identity", ["acc2"], ["out"])], "scan_body",
                        [info("acc", [3]), info("row", [3])], [info("acc2", [3]), info("out", [3])])
    nodes = [
        h.make_node("If", ["cond"], ["a"], then_branch=then, else_branch=other),
        h.make_node("Loop", ["trips", "always", "a"], ["l"], body=body),
        h.make_node("Scan", ["zero", "l"], ["sum", "rows"], body=step, num_scan_inputs=1),
    ]
    g = h.make_graph(nodes, "control", [info("x", [2, 3]), info("cond", [], T.BOOL)], [info("sum", [3]), info("rows", [2, 3])],
                     [const("k", 2.0), const("trips", 5, np.int64), nh.from_array(np.array(True), "always"), const("zero", [0, 0, 0])])
    save("control.onnx", g, opsets=[("", 13)])


def function():
    fn = h.make_function("local", "Block", ["x", "w"], ["y"], [
        h.make_node("MatMul", ["x", "w"], ["m"]), h.make_node("LeakyRelu", ["m"], ["y"])], [h.make_opsetid("", 13)], ["slope"])
    a = onnx.AttributeProto()
    a.name, a.ref_attr_name, a.type = "alpha", "slope", onnx.AttributeProto.FLOAT
    fn.node[1].attribute.append(a)
    g = h.make_graph([h.make_node("Block", ["x", "w1"], ["h"], domain="local", slope=0.1),
                      h.make_node("Block", ["h", "w2"], ["y"], domain="local", slope=0.2)], "calls",
                     [info("x", [1, 4])], [info("y", [1, 2])], [const("w1", rng.normal(size=(4, 3))), const("w2", rng.normal(size=(3, 2)))])
    save("function.onnx", g, opsets=[("", 13), ("local", 1)], functions=[fn])


def external():
    w, b = rng.normal(size=(4, 4)).astype(np.float32), np.arange(4, dtype=np.float32)

    def outside(name, arr, location, offset):
        t = T(name=name, data_type=T.FLOAT, dims=arr.shape, data_location=T.EXTERNAL)
        for k, v in (("location", location), ("offset", str(offset)), ("length", str(arr.nbytes))):
            t.external_data.add(key=k, value=v)
        return t
    g = h.make_graph([h.make_node("Gemm", ["x", "w", "b"], ["h"]), h.make_node("Add", ["h", "lost"], ["y"])], "external",
                     [info("x", [1, 4])], [info("y", [1, 4])],
                     [outside("w", w, "external.onnx.data", 16), outside("b", b, "external.onnx.data", 0), outside("lost", b, "gone.bin", 0)])
    save("external.onnx", g)
    open(os.path.join(here, "external.onnx.data"), "wb").write(b.tobytes() + w.tobytes())


def quant():
    sparse = onnx.SparseTensorProto(dims=[3, 4])
    sparse.values.CopyFrom(const("sp", [1, 2]))
    sparse.indices.CopyFrom(const("", [1, 7], np.int64))
    i4 = h.make_tensor("i4", T.INT4, [3], [1, -2, 3])
    f8 = h.make_tensor("f8", T.FLOAT8E4M3FN, [2], [1.0, 2.0])
    q = lambda n, shape: nh.from_array(rng.integers(-100, 100, size=shape, dtype=np.int8), n)
    u8 = lambda n, v: nh.from_array(np.array(v, np.uint8), n)
    nodes = [
        h.make_node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]),
        h.make_node("QLinearConv", ["xq", "xs", "xz", "wq", "ws", "wz", "ys", "yz", "bq"], ["yq"], kernel_shape=[1, 1]),
        h.make_node("QLinearAdd", ["yq", "ys", "yz", "yq", "ys", "yz", "ys", "yz"], ["aq"], domain="com.microsoft"),
        h.make_node("DequantizeLinear", ["aq", "ys", "yz"], ["y"]),
        h.make_node("DequantizeLinear", ["i4", "s4"], ["d4"]),
        h.make_node("FusedConv", ["y", "wf"], ["c"], domain="com.microsoft", activation="Relu", kernel_shape=[1, 1]),
        h.make_node("MatMulNBits", ["m", "packed", "scales"], ["n"], domain="com.microsoft", K=32, N=2, bits=4, block_size=32),
        h.make_node("SkipLayerNormalization", ["m", "m", "gamma"], ["ln"], domain="com.microsoft"),
        h.make_node("Cast", ["f8"], ["f8f"], to=T.FLOAT),
        h.make_node("MatMul", ["three", "sp"], ["spm"]),
        h.make_node("LinearClassifier", ["m"], ["label", "score"], domain="ai.onnx.ml", coefficients=[1.0] * 32),
    ]
    g = h.make_graph(nodes, "quant", [info("x", [1, 2, 4, 4]), info("m", [1, 32]), info("three", [1, 3])],
                     [info("y", None), info("c", [1, 2, 4, 4]), info("n", [1, 2]), info("ln", [1, 32]), info("d4", [3]), info("f8f", [2]),
                      info("spm", [1, 4]), info("label", [1], T.INT64)],
                     [const("xs", 0.1), u8("xz", 128), q("wq", (3, 2, 1, 1)), const("ws", [.1, .2, .3]), nh.from_array(np.zeros(3, np.int8), "wz"),
                      const("ys", 0.2), u8("yz", 0), nh.from_array(np.arange(3, dtype=np.int32), "bq"), i4, const("s4", 0.5), f8,
                      const("wf", rng.normal(size=(2, 3, 1, 1))), u8("packed", np.zeros((2, 1, 16))), const("scales", [1, 2]),
                      const("gamma", np.ones(32))], sparse_initializer=[sparse])
    save("quant.onnx", g, ir=10, opsets=[("", 21), ("com.microsoft", 1), ("ai.onnx.ml", 3)])


def constants():
    weight = h.make_node("Constant", [], ["w"], value=const("w", np.arange(12).reshape(4, 3)))
    bias = h.make_node("Constant", [], ["b"], value=const("b", np.ones(3)))
    g = h.make_graph([weight, bias, h.make_node("MatMul", ["x", "w"], ["p"]), h.make_node("Add", ["p", "b"], ["y"])],
                     "nodes", [info("x", [1, 4])], [info("y", [1, 3])])
    save("constants.onnx", g)


def context():
    g = h.make_graph([h.make_node("EPContext", ["x"], ["y"], name="npu", domain="com.microsoft", embed_mode=1, main_context=1,
                                  ep_cache_context=b"\x01\x02\x03\x04" * 16, source="QNN", ep_sdk_version="2.20")], "context",
                     [info("x", [1, 4])], [info("y", [1, 4])])
    save("context.onnx", g, opsets=[("", 17), ("com.microsoft", 1)])


def ops():
    first = {}
    for s in onnx.defs.get_all_schemas_with_history():
        key = (s.domain, s.name)
        first[key] = min(first.get(key, 1 << 30), s.since_version)
    with open(os.path.join(here, "ops.tsv"), "w") as f:
        for (d, n), v in sorted(first.items()):
            f.write(f"{d}\t{n}\t{v}\n")


for make in (conv, old, control, function, external, quant, constants, context, ops):
    make()
