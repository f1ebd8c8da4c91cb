#!/usr/bin/env python3
"""Writes ncnn.oracle.tsv: single layers of ncnn with random parameters, the
sizes of their inputs, and those of the results that the runtime gave. Needs:
pip install ncnn==1.0.20261020 numpy. Left out is what the runtime refuses, and
what inference leaves open (Fold, Diag, StatisticsPooling)."""
import os, random, tempfile
import ncnn, numpy as np

R = random.Random(1)
ri, flip = R.randint, lambda p=.5: R.random() < p
LAYERS = []


def layer(f):
    LAYERS.append(f)
    return f


def sizes(rank, lo=4, hi=12): return [ri(lo, hi) for _ in range(rank)]
def array(id, v): return '-%d=%d,%s' % (23300 + id, len(v), ','.join(map(str, v)))
def words(p): return ' '.join('%d=%s' % i for i in p.items())


def spatial(p, n, ids, values, chance=.6):
    """Parameters of w, h and d, each with a chance."""
    for i in ids[:n]:
        if flip(chance): p[i] = R.choice(values)


def convolution(kind, n, depthwise, transposed):
    def make():
        c = 2 * ri(1, 3)
        groups = R.choice([2, c]) if depthwise else 1
        k = [ri(1, 3) for _ in range(n)]
        p = {0: groups * ri(1, 3), **dict(zip((1, 11, 21), k))}
        spatial(p, n, (2, 12, 22), (1, 2), .4)
        spatial(p, n, (3, 13, 23), (1, 2, 3), .5)
        if flip(): p[4] = R.choice([0, 1, 2, -233, -234])
        if p.get(4, -1) >= 0: spatial(p, n, (15, 14, 16), (0, 1, 2), .4)
        if transposed: spatial(p, min(n, 2), (18, 19), (0, 1), .3)
        p[5], p[6] = ri(0, 1), p[0] * (c // groups) * int(np.prod(k))
        if depthwise: p[7] = groups
        return kind, 1, words(p), [[c] + sizes(n, 6)]
    LAYERS.append(make)


def pooling(kind, n):
    def make():
        p, m = {0: ri(0, 1)}, R.random()
        if m < .15: p[4] = 1
        elif m < .35:
            p[7], p[8] = 1, R.choice([1, 2, 3, -233])
            spatial(p, n - 1, (18, 28), (1, 2, 3))
        else:
            p[1] = ri(1, 3)
            spatial(p, n, (2, 12, 22), (1, 2, 3))
            spatial(p, n, (3, 13, 23), (0, 1), .4)
            if flip(): p[5] = ri(0, 3)
        return kind, 1, words(p), [[ri(1, 4)] + sizes(n, 6)]
    LAYERS.append(make)


for n, suffix in ((2, ''), (1, '1D'), (3, '3D')):
    for kind, d, t in (('Convolution', 0, 0), ('ConvolutionDepthWise', 1, 0), ('Deconvolution', 0, 1), ('DeconvolutionDepthWise', 1, 1)):
        convolution(kind + suffix, n, d, t)
    pooling('Pooling' + suffix, n)


@layer
def dense():
    x, n = sizes(ri(1, 3)), ri(1, 9)
    k = x[1] if len(x) == 2 and flip() else int(np.prod(x))
    return 'InnerProduct', 1, '0=%d 1=%d 2=%d' % (n, ri(0, 1), n * k), [x]


@layer
def embed(): return 'Embed', 1, '0=6 1=9 2=%d 3=54' % ri(0, 1), [[ri(1, 7)]]


@layer
def gemm():
    m, n, k, ta, tb = ri(2, 6), ri(2, 6), ri(2, 6), ri(0, 1), ri(0, 1)
    a, b = [k, m] if ta else [m, k], [n, k] if tb else [k, n]
    p, const = {2: ta, 3: tb, 14: ri(0, 1)}, R.choice(['', 'a', 'b'])
    if const == 'a': p.update({4: 1, 7: m, 9: k})
    if const == 'b': p.update({5: 1, 8: n, 9: k})
    return 'Gemm', 1, words(p), [x for w, x in (('a', a), ('b', b)) if w != const]


@layer
def mat_mul():
    m, n, k, tb = ri(2, 6), ri(2, 6), ri(2, 6), ri(0, 1)
    lead = [2, 3][:ri(0, 2)]
    return 'MatMul', 1, '0=%d' % tb, [lead + [m, k], lead + ([n, k] if tb else [k, n])]


def recurrent(kind, gates, outs):
    def make():
        i, h, t, d = ri(2, 6), ri(2, 6), ri(2, 6), ri(0, 2)
        p = '0=%d 1=%d 2=%d' % (h, (1 + d // 2) * gates * h * i, d)
        if kind == 'LSTM' and flip(): p = '0=2 1=%d 2=%d 3=%d' % ((1 + d // 2) * gates * h * i, d, h)
        return kind, R.choice([1, outs]), p, [[t, i]]
    LAYERS.append(make)


for r in (('LSTM', 4, 3), ('GRU', 3, 2), ('RNN', 1, 2)): recurrent(*r)


@layer
def multi_head():
    h = R.choice([1, 2, 4])
    e, s, t, k, v = h * ri(1, 3), ri(2, 6), ri(2, 6), ri(2, 6), ri(2, 6)
    return 'MultiHeadAttention', 1, '0=%d 1=%d 2=%d 3=%d 4=%d' % (e, h, e * e, k, v), [[s, e], [t, k], [t, v]]


@layer
def sdpa():
    h, d, s, t = R.choice([2, 4]), ri(2, 6), ri(2, 5), ri(2, 5)
    kv = h // R.choice([1, 2])
    return 'SDPA', 1, '', [[h, s, d], [kv, t, d], [kv, t, ri(2, 6)]]


@layer
def deformable():
    c, n, k, s, p, h, w = ri(1, 4), ri(1, 4), ri(1, 3), ri(1, 2), ri(0, 1), ri(5, 9), ri(5, 9)
    out = [(h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1]
    return 'DeformableConv2D', 1, '0=%d 1=%d 3=%d 4=%d 5=1 6=%d' % (n, k, s, p, c * n * k * k), [[c, h, w], [2 * k * k] + out, [k * k] + out]


@layer
def slices():
    x = sizes(ri(1, 4))
    a = ri(-len(x), len(x) - 1)
    if flip(): return 'Slice', 2, array(2, [ri(1, x[a] - 1)]) + ' 1=%d' % a, [x]
    x[a] *= 2
    return 'Slice', 2, array(0, R.choice([[-233, -233], [1, -233]])) + ' 1=%d' % a, [x]


@layer
def crop():
    x = sizes(ri(1, 3), 6)
    axes = R.sample(range(-len(x), 0), ri(1, len(x)))
    return 'Crop', 1, ' '.join([array(9, [R.choice([0, 1, -4]) for _ in axes]), array(10, [R.choice([4, -1, -233]) for _ in axes]), array(11, axes)]), [x]


@layer
def crop_like():
    x = sizes(3, 8)
    return 'Crop', 1, words({i: ri(0, 2) for i in (0, 1, 2) if flip()}), [x, [ri(2, 5) for _ in x]]


@layer
def padding():
    return 'Padding', 1, words({**{i: ri(0, 3) for i in (0, 1, 2, 3, 7, 8) if flip()}, 4: ri(0, 2)}), [sizes(ri(1, 4), 4, 8)]


@layer
def permute():
    r = ri(1, 4)
    return 'Permute', 1, '0=%d' % ri(0, {1: 0, 2: 1, 3: 5, 4: 23}[r]), [sizes(r, 2, 9)]


@layer
def squeeze():
    r = ri(2, 4)
    x = [R.choice([1, 1, 3]) for _ in range(r)]
    x[ri(0, r - 1)] = 3
    if flip(): return 'Squeeze', 1, array(3, R.sample(range(-r, r), 1)), [x]
    return 'Squeeze', 1, '0=1 1=%d 2=%d 11=%d' % (ri(0, 1), ri(0, 1), ri(0, 1)), [x]


@layer
def expand():
    r = ri(1, 3)
    return 'ExpandDims', 1, array(3, [ri(-r - 1, r)]), [sizes(r)]


@layer
def tile():
    r = ri(1, 4)
    return 'Tile', 1, '0=%d 1=%d' % (ri(-r, r - 1), ri(1, 3)), [sizes(r, 2, 5)]


@layer
def concat():
    x = sizes(ri(1, 4))
    a = ri(-len(x), len(x) - 1)
    return 'Concat', 1, '0=%d' % a, [x, [ri(1, 5) if i == a % len(x) else v for i, v in enumerate(x)]]


@layer
def interp():
    x, p = sizes(ri(2, 3)), {0: ri(1, 3)}
    if flip(): p.update({3: ri(1, 20), 4: ri(1, 20)})
    else: p.update({1: R.choice([.5, 2.0, 1.5]), 2: R.choice([.5, 2.0, 1.75])})
    return 'Interp', 1, words(p), [x]


@layer
def interp_of_pixel():
    p = {0: ri(1, 3), **R.choice([{3: ri(2, 20), 4: ri(2, 20)}, {1: 2.0, 2: 3.0}])}
    return 'Interp', 1, words(p), [sizes(1)]


@layer
def glu():
    x = sizes(ri(1, 3), 1, 4)
    return 'GLU', 1, '0=%d' % ri(0, len(x) - 1), [[2 * v for v in x]]


@layer
def unfold(): return 'Unfold', 1, words({1: ri(1, 3), 11: ri(1, 3), 2: ri(1, 2), 3: ri(1, 2), 13: ri(1, 2), 4: ri(0, 1), 14: ri(0, 2)}), [[ri(1, 3)] + sizes(2, 6)]


@layer
def interp_like(): return 'Interp', 1, '0=%d 5=1' % ri(1, 3), [sizes(3), sizes(ri(2, 3))]


@layer
def reduction():
    r = ri(1, 4)
    axes = '1=1' if flip(.3) else '1=0 ' + array(3, R.sample(range(-r, 0), ri(1, r)))
    return 'Reduction', 1, '0=%d %s 4=%d 5=1' % (ri(0, 10), axes, ri(0, 1)), [sizes(r, 2, 6)]


@layer
def blocks():
    b = ri(2, 3)
    return R.choice([('PixelShuffle', 1, '0=%d' % b, [[b * b * ri(1, 3), 4, 5]]), ('Reorg', 1, '0=%d' % b, [[3, b * ri(1, 3), b * 2]])])


@layer
def binary():
    x = sizes(3, 2, 5)
    return 'BinaryOp', 1, '0=%d' % ri(0, 9), [x, R.choice([x, [x[0], 1, 1], [1], [1, 1, x[2]]])]


@layer
def rois():
    p = '0=3 1=%d 2=1.0' % ri(2, 5)
    return R.choice([('ROIAlign', 1, p, [sizes(3), [4]]), ('ROIPooling', 1, p, [sizes(3), [4]]), ('PSROIPooling', 1, '0=3 1=3 2=1.0 3=2', [[18, 8, 8], [4]])])


@layer
def spectrogram():
    p = {0: R.choice([16, 20, 32]), 1: ri(0, 2), **{i: v for i, v in ((2, ri(3, 9)), (5, ri(0, 1)), (8, ri(0, 1))) if flip()}}
    return 'Spectrogram', 1, words(p), [[ri(60, 90)]]


@layer
def inverse_spectrogram():
    n = R.choice([16, 20, 32])
    p = {0: n, 1: ri(0, 2), **{i: v for i, v in ((2, ri(3, 9)), (5, ri(0, 1))) if flip()}}
    return 'InverseSpectrogram', 1, words(p), [[n // 2 + 1, ri(4, 9), 2]]


LETTERS = {1: [0], 2: [1, 0], 3: [2, 1, 0], 4: [2, 11, 1, 0]}


def text(kind, outs, params, inputs):
    lines = ['Input in%d 0 1 in%d %s' % (i, i, words(dict(sorted(zip(LETTERS[len(x)], x))))) for i, x in enumerate(inputs)]
    ins, tops = (' '.join(w + str(i) for i in range(n)) for w, n in (('in', len(inputs)), ('out', outs)))
    lines.append(f'{kind} layer {len(inputs)} {outs} {ins} {tops} {params}'.rstrip())
    return '\n'.join(['7767517', '%d %d' % (len(lines), len(inputs) + outs)] + lines) + '\n'


def run(param, outs, inputs, tmp):
    net = ncnn.Net()
    net.opt.use_packing_layout = net.opt.use_fp16_storage = net.opt.use_fp16_packed = False
    for name, data in (('a.param', param.encode()), ('a.bin', bytes(1 << 20))):
        with open(os.path.join(tmp, name), 'wb') as f: f.write(data)
    if net.load_param(os.path.join(tmp, 'a.param')) or net.load_model(os.path.join(tmp, 'a.bin')): return None
    ex, shapes = net.create_extractor(), []
    for i, x in enumerate(inputs): ex.input('in%d' % i, ncnn.Mat(np.zeros(x, np.float32)).clone())
    for o in range(outs):
        failed, m = ex.extract('out%d' % o)
        if failed: return None
        shapes.append([[], [m.w], [m.h, m.w], [m.c, m.h, m.w], [m.c, m.d, m.h, m.w]][m.dims])
    return shapes


rows = []
with tempfile.TemporaryDirectory() as tmp:
    for make in LAYERS:
        got = 0
        while got < 6:
            kind, outs, params, inputs = make()
            shapes = run(text(kind, outs, params, inputs), outs, inputs, tmp)
            if shapes is None: continue
            got += 1
            show = lambda s: ';'.join(','.join(map(str, x)) for x in s)
            row = '\t'.join([kind, params, show(inputs), show(shapes)])
            if row not in rows: rows.append(row)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'ncnn.oracle.tsv'), 'w') as f:
    f.write('\n'.join(rows) + '\n')
