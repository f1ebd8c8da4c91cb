#!/usr/bin/env python3
"""Writes onnx.oracle.json: small ONNX models of one to a few nodes, made here,
with the result shapes that onnx.shape_inference (strict, with data propagation)
gives, or, where it leaves a dimension open that constants decide, those of
onnx.reference.ReferenceEvaluator. Needs: pip install onnx numpy."""
import base64, json, os
import numpy as np, onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh, shape_inference
from onnx.reference import ReferenceEvaluator

CASES = []
def typed(s): return s if len(s) == 2 and isinstance(s[0], tuple) else (s, T.FLOAT)
def case(name, nodes, inputs, consts=(), outs=1, opset=21, run=False):
    """nodes: (op, inputs, outputs, attrs); inputs: name -> shape or (shape, type); consts: name -> array."""
    outputs = ['y'] + ['y%d' % i for i in range(1, outs)]
    g = h.make_graph([h.make_node(o, i.split() if isinstance(i, str) else i, u.split(), **a) for o, i, u, a in nodes], name,
        [h.make_tensor_value_info(n, typed(s)[1], typed(s)[0]) for n, s in inputs.items()],
        [h.make_empty_tensor_value_info(o) for o in outputs],
        [nh.from_array(np.asarray(v), n) for n, v in dict(consts).items()])
    m = h.make_model(g, opset_imports=[h.make_opsetid('', opset)], producer_name='')
    inf = shape_inference.infer_shapes(m, strict_mode=False, data_prop=True)
    got = {o.name: o.type.tensor_type for o in inf.graph.output}
    shapes = []
    for o in outputs:
        t = got[o]
        shapes.append([d.dim_value if d.HasField('dim_value') else -1 for d in t.shape.dim] if t.HasField('shape') else None)
    if run or any(s is None or -1 in s for s in shapes):
        feed = {}
        for n, s in inputs.items():
            dims, ty = typed(s)
            feed[n] = np.zeros([d if isinstance(d, int) else 2 for d in dims], h.tensor_dtype_to_np_dtype(ty))
        if all(isinstance(d, int) for s in inputs.values() for d in typed(s)[0]):
            shapes = [list(np.asarray(x).shape) for x in ReferenceEvaluator(m).run(None, feed)]
    CASES.append({'name': name, 'model': base64.b64encode(m.SerializeToString(deterministic=True)).decode(), 'shapes': shapes})

def one(op, inputs, consts=(), outs=1, opset=21, run=False, suffix='', **attrs):
    names = ' '.join(list(inputs) + list(dict(consts)))
    case(f'{op}{suffix}', [(op, names, ' '.join(['y'] + ['y%d' % i for i in range(1, outs)]), attrs)], inputs, consts, outs, opset, run)

def i64(*v): return np.array(v, np.int64)
R = np.zeros

# Windows, in all padding forms, groups, dilations and one to three axes. Opset
# 22 states what runtimes do with a last window that starts in the padding.
k = 0
for n, c, sp, co, ker in [(1, 3, (32, 32), 8, (3, 3)), (2, 4, (17, 23), 6, (5, 3)), (1, 2, (40,), 4, (7,)), (1, 2, (6, 7, 8), 4, (2, 3, 2))]:
    for s in (1, 2, 3):
        for pad in ('NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'):
            k += 1
            a = dict(kernel_shape=ker, strides=[s] * len(sp))
            if pad == 'NOTSET': a['pads'] = [1] * (2 * len(sp)); a['dilations'] = [2 if min(sp) > 8 else 1] * len(sp)
            else: a['auto_pad'] = pad
            g = 2 if c % 2 == 0 else 1
            one('Conv', {'x': (n, c) + sp}, {'w': R((co, c // g) + ker, np.float32)}, suffix=f' {k}', group=g, **a)
            if pad != 'NOTSET' or max(ker) > 1: one('MaxPool', {'x': (n, c) + sp}, opset=22, suffix=f' {k}', **{**a, **({'ceil_mode': k % 2} if pad == 'NOTSET' else {})})
            if pad in ('NOTSET', 'SAME_UPPER') and s <= min(ker): one('ConvTranspose', {'x': (n, c) + sp}, {'w': R((c, co // g) + ker, np.float32)}, suffix=f' {k}', group=g, **{**a, **({'output_padding': [s - 1] * len(sp)} if pad == 'NOTSET' else {})})
one('AveragePool', {'x': (1, 4, 11, 11)}, opset=22, suffix=' ceil', kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
one('AveragePool', {'x': (1, 4, 11, 11)}, opset=22, suffix=' ceil padded', kernel_shape=[2, 2], strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1)
one('LpPool', {'x': (1, 4, 11, 11)}, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 0, 1, 0])
for o in ('GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'): one(o, {'x': (2, 3, 5, 6, 7)})
one('MaxPool', {'x': (1, 2, 8, 8)}, outs=2, suffix=' with indices', kernel_shape=[2, 2], strides=[2, 2])
one('RoiAlign', {'x': (1, 8, 20, 20), 'r': (5, 4), 'b': ((5,), T.INT64)}, output_height=3, output_width=4)
one('DeformConv', {'x': (1, 4, 9, 9), 'w': (6, 4, 3, 3), 'o': (1, 18, 7, 7)}, kernel_shape=[3, 3])

# Products and recurrence.
for a, b in [((4, 5), (5, 6)), ((2, 1, 4, 5), (3, 5, 6)), ((5,), (2, 5, 6)), ((2, 4, 5), (5,)), ((5,), (5,))]:
    one('MatMul', {'a': a, 'b': b}, suffix=f' {len(a)}{len(b)}')
for ta in (0, 1):
    for tb in (0, 1): one('Gemm', {'a': (5, 4) if ta else (4, 5), 'b': (6, 5) if tb else (5, 6), 'c': (6,)}, suffix=f' {ta}{tb}', transA=ta, transB=tb)
for i, (eq, ins) in enumerate([('ij,jk->ik', [(4, 5), (5, 6)]), ('bhqd,bhkd->bhqk', [(2, 3, 4, 5), (2, 3, 6, 5)]), ('...ii->...i', [(3, 4, 4)]), ('ij->', [(3, 4)]), ('i,j', [(3,), (4,)]), ('...ij,...jk->...ik', [(2, 1, 3, 4), (5, 4, 6)])]):
    one('Einsum', {'x%d' % j: s for j, s in enumerate(ins)}, suffix=f' {i}', equation=eq)
for o, gates in (('LSTM', 4), ('GRU', 3), ('RNN', 1)):
    for d, n in (('forward', 1), ('bidirectional', 2)):
        for lay in (0, 1):
            one(o, {'x': (2, 7, 5) if lay else (7, 2, 5), 'w': (n, gates * 6, 5), 'r': (n, gates * 6, 6)}, outs=3 if o == 'LSTM' else 2, suffix=f' {d} {lay}', hidden_size=6, direction=d, layout=lay)
one('Attention', {'q': (2, 3, 4, 8), 'k': (2, 3, 6, 8), 'v': (2, 3, 6, 10)}, opset=23)
one('Attention', {'q': (2, 4, 24), 'k': (2, 6, 24), 'v': (2, 6, 30)}, opset=23, suffix=' 3d', q_num_heads=3, kv_num_heads=3)

# Elementwise, normalisation, reductions.
for o in ('Relu', 'Sigmoid', 'Exp', 'Erf', 'HardSwish', 'Softplus', 'Not'): one(o, {'x': ((2, 3), T.BOOL) if o == 'Not' else (2, 3)})
for o in ('Add', 'Mul', 'Pow', 'Less', 'Max', 'Mean'): one(o, {'a': (2, 1, 4), 'b': (3, 1)})
one('Where', {'c': ((3, 1), T.BOOL), 'a': (1, 4), 'b': (2, 1, 1)})
one('PRelu', {'x': (2, 3, 4), 's': (3, 1)})
one('BatchNormalization', {'x': (2, 3, 4, 5), 's': (3,), 'b': (3,), 'm': (3,), 'v': (3,)})
one('LayerNormalization', {'x': (2, 3, 4, 5), 's': (4, 5)}, outs=3, axis=2)
one('InstanceNormalization', {'x': (2, 3, 4), 's': (3,), 'b': (3,)})
one('GroupNormalization', {'x': (2, 4, 4), 's': (4,), 'b': (4,)}, num_groups=2)
one('LRN', {'x': (2, 4, 4, 4)}, size=3)
one('Cast', {'x': (2, 3)}, to=T.FLOAT16)
one('QuantizeLinear', {'x': (2, 3), 's': ()}, {'z': np.uint8(0)})
one('DynamicQuantizeLinear', {'x': (2, 3)}, outs=3)
for o in ('ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceL2', 'ReduceLogSumExp'):
    for keep in (0, 1):
        one(o, {'x': (2, 3, 4)}, {'a': i64(0, -1)}, suffix=f' {keep}', keepdims=keep)
one('ReduceSum', {'x': (2, 3, 4)}, suffix=' all')
one('ReduceSum', {'x': (2, 3, 4)}, suffix=' none', noop_with_empty_axes=1)
for keep in (0, 1): one('ArgMax', {'x': (2, 3, 4)}, suffix=f' {keep}', axis=-1, keepdims=keep)
one('TopK', {'x': (2, 9)}, {'k': i64(4)}, outs=2, axis=1)
one('CumSum', {'x': (2, 9)}, {'a': np.array(1, np.int64)})

# Movement.
for i, (s, w) in enumerate([((2, 3, 4), (4, -1)), ((2, 3, 4), (0, -1)), ((0, 3), (0, 3)), ((2, 3, 4), (24,)), ((2, 3, 4), (1, 2, -1, 2))]):
    one('Reshape', {'x': s}, {'s': i64(*w)}, suffix=f' {i}')
for ax in (0, 1, 2, -1): one('Flatten', {'x': (2, 3, 4)}, suffix=f' {ax}', axis=ax)
one('Squeeze', {'x': (1, 3, 1)}, suffix=' all'); one('Squeeze', {'x': (1, 3, 1)}, {'a': i64(-1)})
one('Unsqueeze', {'x': (3, 4)}, {'a': i64(0, -1, 2)})
one('Transpose', {'x': (2, 3, 4)}, perm=[2, 0, 1]); one('Transpose', {'x': (2, 3, 4)}, suffix=' reversed')
one('Concat', {'a': (2, 3), 'b': (2, 5), 'c': (2, 1)}, axis=-1)
one('Split', {'x': (2, 7)}, {'s': i64(3, 4)}, outs=2, axis=1)
one('Split', {'x': (2, 7)}, outs=3, suffix=' uneven', axis=1, num_outputs=3)
for i, (b, e, a, s) in enumerate([((1, 2), (5, 4), (0, 1), (1, 1)), ((-3,), (2**63 - 1,), (1,), (1,)), ((-1,), (-2**63,), (0,), (-2,)), ((0,), (-1,), (1,), (3,)), ((100,), (200,), (0,), (1,)), ((7, 0), (0, 9), (0, 1), (-1, 2))]):
    one('Slice', {'x': (8, 9)}, {'b': i64(*b), 'e': i64(*e), 'a': i64(*a), 's': i64(*s)}, suffix=f' {i}')
one('Pad', {'x': (2, 3)}, {'p': i64(0, 1, 2, -1)}); one('Pad', {'x': (2, 3, 4), }, {'p': i64(1, 2), 'v': np.float32(0), 'a': i64(-2)}, suffix=' axes')
one('Gather', {'x': (5, 6), 'i': ((2, 3), T.INT64)}, axis=1); one('Gather', {'x': (5, 6)}, {'i': np.array(1, np.int64)}, suffix=' scalar', axis=0)
one('GatherElements', {'x': (5, 6), 'i': ((5, 2), T.INT64)}, axis=1)
one('GatherND', {'x': (2, 3, 4), 'i': ((2, 5, 1), T.INT64)}, batch_dims=1)
one('ScatterND', {'x': (8,), 'i': ((4, 1), T.INT64), 'u': (4,)})
one('Tile', {'x': (2, 3)}, {'r': i64(2, 2)}); one('Expand', {'x': (3, 1)}, {'s': i64(2, 1, 6)})
case('Resize sizes', [('Resize', ['x', '', '', 's'], 'y', {'mode': 'linear'})], {'x': (1, 3, 4, 5)}, {'s': i64(1, 3, 8, 9)})
case('Resize scales', [('Resize', ['x', '', 's'], 'y', {'mode': 'nearest'})], {'x': (1, 3, 4, 5)}, {'s': np.array([1, 1, 1.5, 2.3], np.float32)})
for pol in ('not_larger', 'not_smaller', 'stretch'):
    case('Resize ' + pol, [('Resize', ['x', '', '', 's'], 'y', {'axes': [2, 3], 'keep_aspect_ratio_policy': pol})], {'x': (1, 3, 4, 8)}, {'s': i64(7, 9)})
one('DepthToSpace', {'x': (1, 12, 2, 3)}, blocksize=2); one('SpaceToDepth', {'x': (1, 3, 4, 6)}, blocksize=2)
one('GridSample', {'x': (1, 3, 4, 5), 'g': (1, 6, 7, 2)})
one('Trilu', {'x': (3, 4)}); one('ReverseSequence', {'x': (4, 3), 'l': ((3,), T.INT64)}, time_axis=0, batch_axis=1)
one('Range', {}, {'a': np.array(2, np.int64), 'b': np.array(11, np.int64), 'c': np.array(2, np.int64)})
one('OneHot', {'i': ((2, 3), T.INT64)}, {'d': i64(5), 'v': np.array([0, 1], np.float32)}, axis=1)
one('EyeLike', {'x': (3, 4)}); one('Shape', {'x': (3, 4, 5)}, start=1); one('Size', {'x': (3, 4)})
one('DFT', {'x': (1, 10, 2)}, opset=17, axis=1); one('DFT', {'x': (1, 10, 1)}, opset=17, suffix=' one sided', axis=1, onesided=1)

# Chains whose shapes depend on values, as exporters write them.
case('flatten by shape', [('Shape', 'x', 's', {}), ('Gather', 's zero', 'b', {'axis': 0}), ('Unsqueeze', 'b axis', 'b1', {}), ('Concat', 'b1 rest', 't', {'axis': 0}), ('Reshape', 'x t', 'y', {})],
     {'x': (2, 3, 4)}, {'zero': np.array(0, np.int64), 'axis': i64(0), 'rest': i64(-1)})
case('flatten by shape, open batch', [('Shape', 'x', 's', {}), ('Gather', 's zero', 'b', {'axis': 0}), ('Unsqueeze', 'b axis', 'b1', {}), ('Concat', 'b1 rest', 't', {'axis': 0}), ('Reshape', 'x t', 'y', {})],
     {'x': ('N', 3, 4)}, {'zero': np.array(0, np.int64), 'axis': i64(0), 'rest': i64(-1)})
case('split heads', [('Shape', 'x', 's', {}), ('Slice', 's b e', 'bs', {}), ('Concat', 'bs heads', 't', {'axis': 0}), ('Reshape', 'x t', 'r', {}), ('Transpose', 'r', 'y', {'perm': [0, 2, 1, 3]})],
     {'x': (2, 10, 64)}, {'b': i64(0), 'e': i64(2), 'heads': i64(4, 16)})
case('pad to a multiple', [('Shape', 'x', 's', {}), ('Gather', 's two', 'w', {}), ('Add', 'w seven', 'a', {}), ('Div', 'a eight', 'd', {}), ('Mul', 'd eight', 'm', {}), ('Sub', 'm w', 'p', {}), ('Concat', 'zeros p', 'q', {'axis': 0}), ('Pad', 'x q', 'y', {})],
     {'x': (1, 3, 13)}, {'two': i64(2), 'seven': i64(7), 'eight': i64(8), 'zeros': i64(0, 0, 0, 0, 0)})
case('upsample by shape', [('Shape', 'x', 's', {}), ('Slice', 's b e', 'hw', {}), ('Cast', 'hw', 'f', {'to': T.FLOAT}), ('Mul', 'f scale', 'g', {}), ('Floor', 'g', 'h', {}), ('Cast', 'h', 'i', {'to': T.INT64}), ('Slice', 's z b', 'nc', {}), ('Concat', 'nc i', 't', {'axis': 0}), ('Resize', ['x', '', '', 't'], 'y', {})],
     {'x': (1, 3, 7, 9)}, {'b': i64(2), 'e': i64(4), 'z': i64(0), 'scale': np.array(1.5, np.float32)})
case('expand with where', [('Shape', 'ref', 's', {}), ('ConstantOfShape', 'n', 'ones', {'value': h.make_tensor('v', T.INT64, [1], [1])}), ('Mul', 'ones minus', 'neg', {}), ('Equal', 'want neg', 'c', {}), ('Where', 'c ones want', 't', {}), ('Expand', 'x t', 'y', {})],
     {'x': (1, 1, 5), 'ref': (2, 3)}, {'n': i64(3), 'minus': np.array(-1, np.int64), 'want': i64(4, -1, -1)})
case('positions', [('Shape', 'x', 's', {}), ('Gather', 's one', 'n', {'axis': 0}), ('Range', 'zero n one', 'r', {}), ('Unsqueeze', 'r ax', 'u', {}), ('Expand', 'u s', 'y', {})],
     {'x': ((3, 12), T.INT64)}, {'one': np.array(1, np.int64), 'zero': np.array(0, np.int64), 'ax': i64(0)})
case('elements', [('Shape', 'x', 's', {}), ('ReduceProd', 's', 'p', {'keepdims': 1}), ('ConstantOfShape', 'p', 'y', {})], {'x': (3, 4, 5)})
case('torch pad', [('ConstantOfShape', 'n', 'z', {'value': h.make_tensor('v', T.INT64, [1], [0])}), ('Concat', 'pads z', 'c', {'axis': 0}), ('Reshape', 'c two', 'm', {}), ('Slice', 'm b e ax st', 'rev', {}), ('Transpose', 'rev', 'tr', {'perm': [1, 0]}), ('Reshape', 'tr flat', 'p', {}), ('Pad', 'x p', 'y', {})],
     {'x': (1, 3, 8, 8)}, {'n': i64(4), 'pads': i64(1, 2, 3, 4), 'two': i64(-1, 2), 'b': i64(-1), 'e': i64(-2**63), 'ax': i64(0), 'st': i64(-1), 'flat': i64(-1)})
case('split a shape', [('Shape', 'x', 's', {}), ('Split', 's', 'a b c', {'num_outputs': 3}), ('Mul', 'a b', 'm', {}), ('Concat', 'm c', 't', {'axis': 0}), ('Reshape', 'x t', 'y', {})], {'x': (2, 2, 3)})

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, 'onnx.oracle.json'), 'w') as f:
    f.write('[\n' + ',\n'.join(json.dumps(c) for c in CASES) + '\n]\n')
print(len(CASES), 'cases')
