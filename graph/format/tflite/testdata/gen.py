"""Makes the fixtures of this folder.

pip install tensorflow-cpu ai-edge-litert; python gen.py
The *_converted files come from TensorFlow's converter; the others are written
with the schema classes of ai-edge-litert, for features converters rarely use.
"""
import io, os, struct, sys, zipfile
import numpy as np
import flatbuffers
from flatbuffers import flexbuffers
from ai_edge_litert import schema_py_generated as s

HERE = os.path.dirname(os.path.abspath(__file__))

def save(name, data):
    with open(os.path.join(HERE, name), 'wb') as f:
        f.write(data)
    print(name, len(data))

# ---- converted models

def converted():
    import tensorflow as tf
    tf.random.set_seed(1)
    k = tf.keras
    x = k.Input((32, 32, 3), batch_size=1, name='image')
    y = k.layers.Conv2D(8, 3, strides=2, padding='same', activation='relu6')(x)
    y = k.layers.DepthwiseConv2D(3, padding='same', activation='relu6')(y)
    y = k.layers.Conv2D(16, 1)(y)
    y = k.layers.Conv2DTranspose(4, 3, strides=2, padding='same')(y)
    y = k.layers.GlobalAveragePooling2D()(y)
    y = k.layers.Dense(10, activation='softmax')(y)
    model = k.Model(x, y)
    c = tf.lite.TFLiteConverter.from_keras_model(model)
    save('mobile_converted.tflite', c.convert())
    c = tf.lite.TFLiteConverter.from_keras_model(model)
    c.optimizations = [tf.lite.Optimize.DEFAULT]
    c.representative_dataset = lambda: ([np.random.rand(1, 32, 32, 3).astype('float32')] for _ in range(4))
    c.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    c.inference_input_type = c.inference_output_type = tf.int8
    save('mobile_int8_converted.tflite', c.convert())

    class M(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
        def loop(self, x):
            i = tf.constant(2)
            _, x = tf.while_loop(lambda i, x: i < 12, lambda i, x: (i + 3, x * 1.5 + 1.0), [i, x])
            return {'y': x}
        @tf.function(input_signature=[tf.TensorSpec([3], tf.float32)])
        def branch(self, x):
            return {'y': tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2.0, lambda: tf.nn.relu(x))}
    m = M()
    c = tf.lite.TFLiteConverter.from_concrete_functions([m.loop.get_concrete_function()], m)
    save('while_converted.tflite', c.convert())
    import tempfile
    d = tempfile.mkdtemp()
    tf.saved_model.save(m, d, signatures={'loop': m.loop, 'branch': m.branch})
    save('signatures_converted.tflite', tf.lite.TFLiteConverter.from_saved_model(d).convert())

    x = k.Input((6, 5), batch_size=1)
    y = k.layers.LSTM(7)(x)
    c = tf.lite.TFLiteConverter.from_keras_model(k.Model(x, y))
    save('lstm_converted.tflite', c.convert())

# ---- hand-assembled models

class Net:
    """A model with one subgraph, assembled tensor by tensor."""
    def __init__(self, description='made by gen.py'):
        self.m = s.ModelT()
        self.m.version, self.m.description = 3, description
        self.m.buffers, self.m.operatorCodes, self.m.metadata = [s.BufferT()], [], []
        self.g = s.SubGraphT()
        self.g.tensors, self.g.operators, self.g.name = [], [], 'main'
        self.m.subgraphs = [self.g]
    def buffer(self, data):
        b = s.BufferT()
        b.data = np.frombuffer(bytes(data), np.uint8)
        self.m.buffers.append(b)
        return len(self.m.buffers) - 1
    def tensor(self, name, shape, kind=s.TensorType.FLOAT32, data=None, signature=None, has_rank=True):
        t = s.TensorT()
        t.name, t.shape, t.type, t.hasRank = name, shape, kind, has_rank
        t.buffer = 0 if data is None else self.buffer(data)
        if signature is not None: t.shapeSignature = signature
        self.g.tensors.append(t)
        return len(self.g.tensors) - 1
    def op(self, code, inputs, outputs, options=None, kind=0, options2=None, kind2=0, custom=None, custom_options=None):
        for i, c in enumerate(self.m.operatorCodes):
            if c.builtinCode == code and c.customCode == custom: break
        else:
            c = s.OperatorCodeT()
            c.builtinCode, c.deprecatedBuiltinCode, c.version, c.customCode = code, min(code, 127), 1, custom
            self.m.operatorCodes.append(c)
            i = len(self.m.operatorCodes) - 1
        o = s.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = i, inputs, outputs
        if options is not None: o.builtinOptions, o.builtinOptionsType = options, kind
        if options2 is not None: o.builtinOptions2, o.builtinOptions2Type = options2, kind2
        if custom_options is not None: o.customOptions = np.frombuffer(custom_options, np.uint8)
        self.g.operators.append(o)
    def pack(self, inputs, outputs, identifier=b'TFL3'):
        self.g.inputs, self.g.outputs = inputs, outputs
        b = flatbuffers.Builder(1024)
        b.Finish(self.m.Pack(b), file_identifier=identifier)
        return bytes(b.Output())

O, T = s.BuiltinOperator, s.TensorType

def quant(scales, zeros, axis=0):
    q = s.QuantizationParametersT()
    q.scale, q.zeroPoint, q.quantizedDimension = scales, zeros, axis
    return q

def operands():
    """Operators whose operands are reordered or state an attribute."""
    n = Net()
    i32 = lambda name, *v: n.tensor(name, [len(v)], T.INT32, struct.pack('<%di' % len(v), *v))
    scalar = lambda name, v: n.tensor(name, [], T.INT32, struct.pack('<i', v))
    x = n.tensor('x', [1, 4, 4, 6])
    a, b = n.tensor('split_a', [1, 4, 4, 3]), n.tensor('split_b', [1, 4, 4, 3])
    so = s.SplitOptionsT(); so.numSplits = 2
    n.op(O.SPLIT, [scalar('split_axis', 3), x], [a, b], so, s.BuiltinOptions.SplitOptions)
    w = n.tensor('w', [5, 3, 3, 3], T.FLOAT32, bytes(4 * 5 * 27))
    up = n.tensor('up', [1, 8, 8, 5])
    to = s.TransposeConvOptionsT(); to.padding, to.strideW, to.strideH = s.Padding.SAME, 2, 2
    n.op(O.TRANSPOSE_CONV, [i32('up_shape', 1, 8, 8, 5), w, a], [up], to, s.BuiltinOptions.TransposeConvOptions)
    v1, v2 = n.tensor('v1', [1, 4, 4, 1]), n.tensor('v2', [1, 4, 4, 2])
    vo = s.SplitVOptionsT(); vo.numSplits = 2
    n.op(O.SPLIT_V, [b, i32('sizes', 1, -1), scalar('v_axis', -1)], [v1, v2], vo, s.BuiltinOptions.SplitVOptions)
    d = n.tensor('dense', [4, 4])
    n.op(O.SPARSE_TO_DENSE, [i32('at', 1), i32('dense_shape', 4, 4), n.tensor('val', [1], T.FLOAT32, bytes(4)), n.tensor('def', [], T.FLOAT32, bytes(4))], [d],
         s.SparseToDenseOptionsT(), s.BuiltinOptions.SparseToDenseOptions)
    gw = n.tensor('group_w', [4, 3, 3, 3], T.FLOAT32, bytes(4 * 4 * 27))
    gc = n.tensor('grouped', [1, 2, 2, 4])
    co = s.Conv2DOptionsT(); co.padding, co.strideW, co.strideH = s.Padding.VALID, 1, 1
    co.dilationWFactor = co.dilationHFactor = 1; co.fusedActivationFunction = s.ActivationFunctionType.RELU6
    n.op(O.CONV_2D, [x, gw], [gc], co, s.BuiltinOptions.Conv2DOptions)
    # a scalar of a file that states ranks, and a tensor of unknown rank
    u = n.tensor('unranked', [], has_rank=False)
    n.op(O.CUSTOM, [up], [u], custom='my:op', custom_options=b'\x01\x02\x03')
    free = n.tensor('free', [1, 8, 8, 5], signature=[-1, 8, -1, 5])
    n.op(O.RELU_0_TO_1, [up], [free])
    save('operands.tflite', n.pack([x], [free, v1, v2, d, gc, u]))

def quantised():
    """Types and quantisations of the newest schema."""
    n = Net()
    x = n.tensor('x', [1, 64], T.BFLOAT16)
    w = n.tensor('w4', [8, 64], T.INT4, bytes(range(256)))
    n.g.tensors[w].quantization = quant(list(np.linspace(.1, 1, 8)), [0] * 8, 0)
    y = n.tensor('y', [1, 8], T.BFLOAT16)
    fo = s.FullyConnectedOptionsT(); fo.keepNumDims = True
    n.op(O.FULLY_CONNECTED, [x, w, -1], [y], fo, s.BuiltinOptions.FullyConnectedOptions)
    sc = n.tensor('scales', [8, 2], T.FLOAT16, bytes(32))
    w2 = n.tensor('w_block', [8, 64], T.INT4, bytes(256))
    q = s.QuantizationParametersT()
    bq = s.BlockwiseQuantizationT(); bq.scales, bq.zeroPoints, bq.blockSize = sc, -1, 32
    q.details, q.detailsType, q.quantizedDimension = bq, s.QuantizationDetails.BlockwiseQuantization, 1
    n.g.tensors[w2].quantization = q
    z = n.tensor('z', [1, 8], T.BFLOAT16)
    n.op(O.FULLY_CONNECTED, [x, w2, -1], [z], s.FullyConnectedOptionsT(), s.BuiltinOptions.FullyConnectedOptions)
    for i, (name, kind, size) in enumerate([('u4', T.UINT4, 4), ('i2', T.INT2, 2), ('f8a', T.FLOAT8_E4M3FN, 8), ('f8b', T.FLOAT8_E5M2, 8), ('u16', T.UINT16, 16)]):
        c = n.tensor(name, [8], kind, bytes(size))
        o = n.tensor('out_' + name, [8])
        n.op(O.DEQUANTIZE, [c], [o])
    # CSR 4x4 with values 1, 2, 3
    t = n.tensor('sparse', [4, 4], T.FLOAT32, struct.pack('<3f', 1, 2, 3))
    sp = s.SparsityParametersT(); sp.traversalOrder = [0, 1]
    d0, d1 = s.DimensionMetadataT(), s.DimensionMetadataT()
    d0.format, d0.denseSize = s.DimensionType.DENSE, 4
    d1.format = s.DimensionType.SPARSE_CSR
    seg, idx = s.Uint8VectorT(), s.Uint16VectorT()
    seg.values, idx.values = [0, 1, 1, 3, 3], [2, 0, 3]
    d1.arraySegments, d1.arraySegmentsType = seg, s.SparseIndexVector.Uint8Vector
    d1.arrayIndices, d1.arrayIndicesType = idx, s.SparseIndexVector.Uint16Vector
    sp.dimMetadata = [d0, d1]
    n.g.tensors[t].sparsity = sp
    # 4x4 in 2x2 blocks, one of four kept
    t2 = n.tensor('sparse_block', [4, 4], T.FLOAT32, struct.pack('<4f', 1, 2, 3, 4))
    sp = s.SparsityParametersT(); sp.traversalOrder, sp.blockMap = [0, 1, 2, 3], [0, 1]
    e = [s.DimensionMetadataT() for _ in range(4)]
    e[0].format, e[0].denseSize = s.DimensionType.DENSE, 2
    e[1].format = s.DimensionType.SPARSE_CSR
    seg, idx = s.Int32VectorT(), s.Int32VectorT()
    seg.values, idx.values = [0, 0, 1], [1]
    e[1].arraySegments, e[1].arraySegmentsType = seg, s.SparseIndexVector.Int32Vector
    e[1].arrayIndices, e[1].arrayIndicesType = idx, s.SparseIndexVector.Int32Vector
    e[2].format, e[2].denseSize = s.DimensionType.DENSE, 2
    e[3].format, e[3].denseSize = s.DimensionType.DENSE, 2
    sp.dimMetadata = e
    n.g.tensors[t2].sparsity = sp
    o1, o2 = n.tensor('densified', [4, 4]), n.tensor('densified_block', [4, 4])
    n.op(O.DENSIFY, [t], [o1], s.DensifyOptionsT(), s.BuiltinOptions.DensifyOptions)
    n.op(O.DENSIFY, [t2], [o2], s.DensifyOptionsT(), s.BuiltinOptions.DensifyOptions)
    save('quantised.tflite', n.pack([x], [y, z, o1, o2]))

def outside():
    """Buffers and byte code behind the FlatBuffer, as in models above 2 GB and compiled ones."""
    n = Net()
    x = n.tensor('x', [1, 4])
    w = n.tensor('w', [2, 4])
    b = s.BufferT(); b.offset, b.size = 0x0102030405, 32
    n.m.buffers.append(b); n.g.tensors[w].buffer = len(n.m.buffers) - 1
    y, z = n.tensor('y', [1, 2]), n.tensor('z', [1, 2])
    n.op(O.FULLY_CONNECTED, [x, w, -1], [y], s.FullyConnectedOptionsT(), s.BuiltinOptions.FullyConnectedOptions)
    fb = flexbuffers.Builder()
    with fb.Map():
        fb.UInt('bytecode_offset', 0x0a0b0c0d)
        fb.UInt('bytecode_size', 0x30)
        fb.String('name', 'qnn_partition_0')
    options = bytes(fb.Finish())
    n.op(O.CUSTOM, [y], [z], custom='DISPATCH_OP', custom_options=options)
    data = n.pack([x], [z])
    at = (len(data) + 15) // 16 * 16
    assert data.count(struct.pack('<Q', 0x0102030405)) == 1 and data.count(struct.pack('<I', 0x0a0b0c0d)) == 1
    data = data.replace(struct.pack('<Q', 0x0102030405), struct.pack('<Q', at))
    data = data.replace(struct.pack('<I', 0x0a0b0c0d), struct.pack('<I', at + 32))
    data += bytes(at - len(data)) + bytes(range(32)) + b'\xab' * 0x30
    save('outside.tflite', data)

def external():
    """Constants in a companion file, by buffer group."""
    n = Net()
    g = s.ExternalBufferGroupT(); g.name = 'external.weights'
    e = s.ExternalBufferT(); e.id, e.group, e.offset, e.length = 7, 0, 16, 32
    miss = s.ExternalBufferT(); miss.id, miss.group, miss.offset, miss.length = 8, 0, 40, 32
    n.m.externalBufferGroups, n.m.externalBuffers = [g], [e, miss]
    x, w, w2 = n.tensor('x', [1, 4]), n.tensor('w', [2, 4]), n.tensor('w2', [2, 4])
    n.g.tensors[w].externalBuffer, n.g.tensors[w2].externalBuffer = 7, 8
    y, z = n.tensor('y', [1, 2]), n.tensor('z', [1, 2])
    for a, o in ((w, y), (w2, z)):
        n.op(O.FULLY_CONNECTED, [x, a, -1], [o], s.FullyConnectedOptionsT(), s.BuiltinOptions.FullyConnectedOptions)
    save('external.tflite', n.pack([x], [y, z]))
    save('external.weights', bytes(range(48)))

# ---- metadata, written slot by slot (metadata_schema.fbs has no package of its own here)

def table(b, slots):
    """Writes a table; slots: {slot: (kind, value)} with kinds u8, u32, f32, off."""
    b.StartObject(max(slots) + 1 if slots else 0)
    for k, (kind, v) in sorted(slots.items()):
        if kind == 'off': b.PrependUOffsetTRelativeSlot(k, v, 0)
        elif kind == 'u8': b.PrependUint8Slot(k, v, 0)
        elif kind == 'u32': b.PrependUint32Slot(k, v, 0)
        elif kind == 'f32': b.PrependFloat32Slot(k, v, 0)
    return b.EndObject()

def vector(b, items, width=4):
    b.StartVector(width, len(items), width)
    for i in reversed(items): b.PrependUOffsetTRelative(i)
    return b.EndVector()

def floats(b, v):
    b.StartVector(4, len(v), 4)
    for x in reversed(v): b.PrependFloat32(x)
    return b.EndVector()

def described():
    b = flatbuffers.Builder(256)
    st = b.CreateString
    norm = table(b, {0: ('off', floats(b, [127.5])), 1: ('off', floats(b, [128.0]))})
    unit = table(b, {0: ('u8', 1), 1: ('off', norm)})
    size = table(b, {0: ('u32', 32), 1: ('u32', 24)})
    image = table(b, {0: ('u8', 1), 1: ('off', size)})
    content = table(b, {0: ('u8', 2), 1: ('off', image)})
    stats = table(b, {0: ('off', floats(b, [1.0])), 1: ('off', floats(b, [-1.0]))})
    units = vector(b, [unit])
    inp = table(b, {0: ('off', st('image')), 1: ('off', st('Input image')), 3: ('off', content), 4: ('off', units), 5: ('off', stats)})
    labels = table(b, {0: ('off', st('labels.txt')), 1: ('off', st('The classes.')), 2: ('u8', 2), 3: ('off', st('en'))})
    files = vector(b, [labels])
    out = table(b, {0: ('off', st('probability')), 6: ('off', files)})
    ins, outs = vector(b, [inp]), vector(b, [out])
    sub = table(b, {2: ('off', ins), 3: ('off', outs)})
    subs = vector(b, [sub])
    root = table(b, {0: ('off', st('Fixture classifier')), 1: ('off', st('Tells three classes apart.')), 2: ('off', st('v1')),
                     3: ('off', subs), 4: ('off', st('gaugeNN')), 5: ('off', st('Apache-2.0')), 7: ('off', st('1.0.0'))})
    b.Finish(root, file_identifier=b'M001')
    n = Net('MLIR Converted.')
    x, y = n.tensor('x', [1, 24, 32, 3]), n.tensor('y', [1, 24, 32, 3])
    n.op(O.LOGISTIC, [x], [y])
    for name, data in (('min_runtime_version', b'1.5.0\0\0\0\0\0\0\0\0\0\0\0'), ('TFLITE_METADATA', bytes(b.Output())), ('my_tool', b'abc')):
        e = s.MetadataT(); e.name, e.buffer = name, n.buffer(data)
        n.m.metadata.append(e)
    z = io.BytesIO(n.pack([x], [y]))
    with zipfile.ZipFile(z, 'a') as f:
        info = zipfile.ZipInfo('labels.txt', (2020, 1, 1, 0, 0, 0))
        f.writestr(info, 'cat\ndog\nbird\n')
    save('described.tflite', z.getvalue())

def old():
    """A model as of 2017, without file identifier."""
    n = Net('old')
    x, y = n.tensor('x', [1, 4]), n.tensor('y', [1, 4])
    n.op(O.TANH, [x], [y])
    save('old.tflite', n.pack([x], [y], None))

def hlo():
    n = Net()
    x, w = n.tensor('x', [2, 3, 4]), n.tensor('w', [2, 4, 5])
    y = n.tensor('y', [2, 3, 5])
    o = s.StablehloDotGeneralOptionsT()
    o.lhsBatchingDimensions, o.rhsBatchingDimensions, o.lhsContractingDimensions, o.rhsContractingDimensions = [0], [0], [2], [1]
    n.op(O.STABLEHLO_DOT_GENERAL, [x, w], [y], options2=o, kind2=s.BuiltinOptions2.StablehloDotGeneralOptions)
    r, zero = n.tensor('r', [2, 5]), n.tensor('zero', [], T.FLOAT32, bytes(4))
    o = s.StablehloReduceOptionsT(); o.dimensions, o.bodySubgraphIndex = [1], 1
    n.op(O.STABLEHLO_REDUCE, [y, zero], [r], options2=o, kind2=s.BuiltinOptions2.StablehloReduceOptions)
    z = n.tensor('z', [2, 5])
    o = s.StableHLOCompositeOptionsT(); o.name, o.decompositionSubgraphIndex = 'odml.rms_norm', 2
    n.op(O.STABLEHLO_COMPOSITE, [r], [z], options2=o, kind2=s.BuiltinOptions2.StableHLOCompositeOptions)
    main = n.g
    n.g.inputs, n.g.outputs = [x, w], [z]
    for name, code, shape in (('add', O.STABLEHLO_ADD, []), ('rms_norm.impl', O.STABLEHLO_MULTIPLY, [2, 5])):
        n.g = s.SubGraphT(); n.g.tensors, n.g.operators, n.g.name = [], [], name
        n.m.subgraphs.append(n.g)
        a = n.tensor('a', shape)
        b = n.tensor('b', shape) if name == 'add' else a
        c = n.tensor('c', shape)
        n.op(code, [a, b], [c])
        n.g.inputs, n.g.outputs = [a, b] if a != b else [a], [c]
    n.g = main
    save('stablehlo.tflite', n.pack([x, w], [z]))

def recurrent():
    """The recurrent operators with their long operand lists."""
    n = Net()
    f = lambda name, *shape: n.tensor(name, list(shape), T.FLOAT32, bytes(4 * int(np.prod(shape))))
    state = lambda name, *shape: n.tensor(name, list(shape))
    x = n.tensor('x', [1, 6, 5])                  # batch, time, input
    def gates(p, cells, ins, outs, coupled=False, peephole=False, projection=0):
        w = [-1 if coupled and k == 'i' else f(f'{p}_w{k}', cells, ins) for k in 'ifco']
        r = [-1 if coupled and k == 'i' else f(f'{p}_r{k}', cells, outs) for k in 'ifco']
        c = [f(f'{p}_p{k}', cells) if peephole and not (coupled and k == 'i') else -1 for k in 'ifo']
        b = [-1 if coupled and k == 'i' else f(f'{p}_b{k}', cells) for k in 'ifco']
        proj = [f(f'{p}_proj', projection, cells), -1] if projection else [-1, -1]
        return w + r + c + b + proj
    lo = s.UnidirectionalSequenceLSTMOptionsT(); lo.timeMajor = False
    y = n.tensor('lstm', [1, 6, 3])
    n.op(O.UNIDIRECTIONAL_SEQUENCE_LSTM, [x] + gates('l', 7, 5, 3, coupled=True, peephole=True, projection=3) + [state('h', 1, 3), state('c', 1, 7)], [y],
         lo, s.BuiltinOptions.UnidirectionalSequenceLSTMOptions)
    bo = s.BidirectionalSequenceLSTMOptionsT(); bo.mergeOutputs, bo.timeMajor = True, False
    z = n.tensor('bilstm', [1, 6, 8])
    n.op(O.BIDIRECTIONAL_SEQUENCE_LSTM, [x] + gates('f', 4, 5, 4) + gates('b', 4, 5, 4) + [state('fh', 1, 4), state('fc', 1, 4), state('bh', 1, 4), state('bc', 1, 4)] + [-1] * 9, [z],
         bo, s.BuiltinOptions.BidirectionalSequenceLSTMOptions)
    ro = s.SequenceRNNOptionsT(); ro.timeMajor = False
    r = n.tensor('rnn', [1, 6, 2])
    n.op(O.UNIDIRECTIONAL_SEQUENCE_RNN, [x, f('rw', 2, 5), f('rr', 2, 2), f('rb', 2), state('rs', 1, 2)], [r], ro, s.BuiltinOptions.SequenceRNNOptions)
    so = s.SVDFOptionsT(); so.rank = 2
    xs, v = n.tensor('xs', [1, 5]), n.tensor('svdf', [1, 4])
    n.op(O.SVDF, [xs, f('wf', 8, 5), f('wt', 8, 10), f('sb', 4), state('ss', 1, 80)], [v], so, s.BuiltinOptions.SVDFOptions)
    bl = s.LSTMOptionsT(); bl.kernelType = s.LSTMKernelType.BASIC
    out = [n.tensor(k, sh) for k, sh in (('act', [1, 4]), ('st', [1, 4]), ('cat', [1, 9]), ('tmp', [1, 16]))]
    n.op(O.LSTM, [xs, state('pa', 1, 4), f('bw', 16, 9), f('bb', 16), state('ps', 1, 4)], out, bl, s.BuiltinOptions.LSTMOptions)
    save('recurrent.tflite', n.pack([x, xs], [y, z, r, v] + out))

def customs():
    """Custom operators whose options are known, and compiled ones."""
    n = Net()
    x = n.tensor('x', [1, 4, 4, 6])
    up = n.tensor('up', [1, 8, 8, 2])
    n.op(O.CUSTOM, [x, n.tensor('w', [2, 2, 2, 6], T.FLOAT32, bytes(192)), n.tensor('b', [2], T.FLOAT32, bytes(8))], [up],
         custom='Convolution2DTransposeBias', custom_options=struct.pack('<3i', 1, 2, 2))
    v, i = n.tensor('v', [1, 4, 4, 2]), n.tensor('i', [1, 4, 4, 2])
    n.op(O.CUSTOM, [up], [v, i], custom='MaxPoolingWithArgmax2D', custom_options=struct.pack('<6i', 1, 2, 2, 2, 2, 0))
    u = n.tensor('u', [1, 8, 8, 2])
    n.op(O.CUSTOM, [v, i], [u], custom='MaxUnpooling2D', custom_options=struct.pack('<6i', 1, 2, 2, 2, 2, 0))
    fb = flexbuffers.Builder()
    with fb.Map():
        fb.Int('max_detections', 10); fb.Int('num_classes', 90); fb.Int('detections_per_class', 100)
    boxes, scores, anchors = n.tensor('boxes', [1, 20, 4]), n.tensor('scores', [1, 20, 91]), n.tensor('anchors', [20, 4], T.FLOAT32, bytes(320))
    det = [n.tensor(k, sh) for k, sh in (('db', [1, 10, 4]), ('dc', [1, 10]), ('ds', [1, 10]), ('dn', [1]))]
    n.op(O.CUSTOM, [boxes, scores, anchors], det, custom='TFLite_Detection_PostProcess', custom_options=bytes(fb.Finish()))
    e, q, w = n.tensor('e', [1, 4]), n.tensor('q', [1, 4]), n.tensor('ww', [1, 4])
    n.op(O.CUSTOM, [u], [e], custom='edgetpu-custom-op', custom_options=bytes(1000))
    n.op(O.CUSTOM, [e, e], [q], custom='FlexSub', custom_options=b'x')
    n.op(O.CUSTOM, [q], [w], custom='FlexUnheardOf', custom_options=b'xy')
    save('customs.tflite', n.pack([x, boxes, scores], [w, u] + det))

def loops():
    """WHILE in forms that fix the trip count and forms that do not, and CALL_ONCE."""
    n = Net()
    i32 = lambda name, v=None: n.tensor(name, [], T.INT32, None if v is None else struct.pack('<i', v))
    main, x = n.g, i32('x')
    start, ten, hundred = i32('start', 0), i32('ten', 10), i32('hundred', 100)
    cases = [  # name, operands, compare, add, counter first
        ('down', [hundred], ('>', 4), ('-', 8), True), ('limit_operand', [start, ten], ('<', None), ('+', 3), True),
        ('mirrored', [start], ('>', 7), ('+', 2), False), ('unknown_start', [x], ('<', 5), ('+', 1), True),
        ('endless', [start], ('<', 5), ('-', 1), True), ('times', [start], ('<', 5), ('*', 2), True)]
    outputs = []
    for k, (name, operands, (cmp, limit), (how, step), first) in enumerate(cases):
        o = s.WhileOptionsT(); o.condSubgraphIndex, o.bodySubgraphIndex = 1 + 2 * k, 2 + 2 * k
        outs = [i32(f'{name}_{j}') for j in range(len(operands))]
        outputs += outs
        n.op(O.WHILE, operands, outs, o, s.BuiltinOptions.WhileOptions)
    once = s.CallOnceOptionsT(); once.initSubgraphIndex = 1 + 2 * len(cases)
    n.op(O.CALL_ONCE, [], [], once, s.BuiltinOptions.CallOnceOptions)
    main.inputs, main.outputs = [x], outputs
    def sub(name):
        n.g = s.SubGraphT(); n.g.tensors, n.g.operators, n.g.name = [], [], name
        n.m.subgraphs.append(n.g)
    for name, operands, (cmp, limit), (how, step), first in cases:
        sub(name + '_cond')
        ins = [i32(f'c{j}') for j in range(len(operands))]
        lim = ins[1] if limit is None else i32('limit', limit)
        t = n.tensor('t', [], T.BOOL)
        n.op({'<': O.LESS, '>': O.GREATER}[cmp], [ins[0], lim] if first else [lim, ins[0]], [t])
        n.g.inputs, n.g.outputs = ins, [t]
        sub(name + '_body')
        ins = [i32(f'b{j}') for j in range(len(operands))]
        nxt = i32('next')
        n.op({'+': O.ADD, '-': O.SUB, '*': O.MUL}[how], [ins[0], i32('step', step)], [nxt])
        n.g.inputs, n.g.outputs = ins, [nxt] + ins[1:]
    sub('init')
    n.g.inputs = n.g.outputs = []
    n.g = main
    save('loops.tflite', n.pack([x], outputs))

if __name__ == '__main__':
    recurrent(); customs(); loops()
    operands(); quantised(); outside(); external(); described(); old(); hlo()
    if '--hand' not in sys.argv: converted()
