#!/usr/bin/env python3
"""Writes the fixtures of graph/format/ncnn. There is no writer of the format
to be had from Python, so the files are assembled from its documentation and
then loaded by the runtime itself (pip install ncnn numpy), which must accept
them and give an output."""

import struct

import ncnn
import numpy as np

rng = np.random.default_rng(1)
F16, INT8, BF16 = 0x01306B47, 0x000D4B38, 0x01348B83


def f32(*shape):
    return rng.normal(0, 0.1, shape).astype('<f4')


def tagged(a, tag=0):
    if tag == F16:
        raw = a.astype('<f2').tobytes()
    elif tag == INT8:
        raw = np.clip(a * 100, -127, 127).astype(np.int8).tobytes()
    else:
        raw = a.tobytes()
    return struct.pack('<I', tag) + raw + b'\0' * (-len(raw) % 4)


SMALL = '''7767517
11 12
Input data 0 1 data 0=8 1=8 2=3
Convolution conv1 1 1 data c1 0=4 1=3 3=2 4=1 5=1 6=108 9=1
BatchNorm bn1 1 1 c1 b1 0=4 1=0.001
ConvolutionDepthWise dw 1 1 b1 d1 0=4 1=3 4=1 5=1 6=36 7=4 9=3 -23310=2,0.0,6.0
Split sp 1 2 d1 s1 s2
PReLU pr 1 1 s1 p1 0=4
Pooling pool 1 1 s2 q1 0=1 4=1
InnerProduct fc1 1 1 q1 g1 0=4 1=1 2=16 9=4
BinaryOp mul 2 1 p1 g1 m1 0=2
InnerProduct fc2 1 1 m1 f2 0=5 1=1 2=320
Softmax prob 1 1 f2 prob 0=0
'''


def small_bin(tag):
    return b''.join([
        tagged(f32(108), tag), f32(4).tobytes(),
        f32(4).tobytes(), f32(4).tobytes(), abs(f32(4)).tobytes(), f32(4).tobytes(),
        tagged(f32(36), tag), f32(4).tobytes(),
        f32(4).tobytes(),
        tagged(f32(16), tag), f32(4).tobytes(),
        tagged(f32(320), tag), f32(5).tobytes(),
    ])


INT8_NET = '''7767517
3 3
Input data 0 1 data 0=8 1=8 2=3
Convolution conv1 1 1 data c1 0=4 1=3 4=1 5=1 6=108 8=2 9=1
InnerProduct fc 1 1 c1 out 0=5 1=1 2=1280 8=2
'''


def int8_bin():
    return b''.join([
        tagged(f32(108), INT8), f32(4).tobytes(), np.full(4, 100, '<f4').tobytes(), np.full(1, 50, '<f4').tobytes(),
        tagged(f32(1280), INT8), f32(5).tobytes(), np.full(5, 100, '<f4').tobytes(), np.full(1, 50, '<f4').tobytes(),
    ])


# Before the magic and before key=value: positions.
OLD = '''4 4
Input data 0 1 data 3 8 8
Convolution conv1 1 1 data c1 4 3 1 2 1 1 108
ReLU relu1 1 1 c1 r1 0.000000
Softmax prob 1 1 r1 prob 0
'''


def to_binary(text):
    """ncnn2mem's form: type and blob indexes for names."""
    lines = text.split('\n')
    layers, blobs = map(int, lines[1].split())
    out = struct.pack('<Iii', 7767517, layers, blobs)
    ids = {}
    for line in lines[2:]:
        f = line.split()
        if not f:
            continue
        nin, nout = int(f[2]), int(f[3])
        names = f[4:4 + nin + nout]
        for n in names[nin:]:
            ids[n] = len(ids)
        out += struct.pack('<iii', ncnn.layer_to_index(f[0]), nin, nout)
        out += b''.join(struct.pack('<i', ids[n]) for n in names)
        for p in f[4 + nin + nout:]:
            key, val = p.split('=')
            key, vals = int(key), val.split(',')
            out += struct.pack('<i', key)
            for v in vals:
                out += struct.pack('<f', float(v)) if '.' in v else struct.pack('<i', int(v))
        out += struct.pack('<i', -233)
    return out


# One layer of every type, for coverage; not a network that runs.
def every():
    special = {
        'Input': '0=8 1=6 2=4', 'MemoryData': '0=8 1=6 2=4', 'Convolution': '0=4 1=3 4=1 5=1 6=144 9=2 -23310=1,0.1',
        'ConvolutionDepthWise': '0=4 1=3 4=-233 5=1 6=36 7=4 8=1', 'Deconvolution': '0=4 1=2 3=2 5=1 6=64 9=4', 'DeconvolutionDepthWise': '0=4 1=2 3=2 6=16 7=4 18=1 20=16',
        'Convolution1D': '0=4 1=3 4=1 5=1 6=48 9=5', 'ConvolutionDepthWise1D': '0=4 1=3 4=1 6=12 7=4', 'Deconvolution1D': '0=4 1=3 6=48', 'DeconvolutionDepthWise1D': '0=4 1=3 6=12 7=4',
        'Convolution3D': '0=4 1=3 4=1 6=432 9=6', 'ConvolutionDepthWise3D': '0=4 1=3 4=1 6=108 7=4', 'Deconvolution3D': '0=4 1=3 6=432', 'DeconvolutionDepthWise3D': '0=4 1=3 6=108 7=4 25=9',
        'DeformableConv2D': '0=4 1=3 4=1 5=1 6=144', 'InnerProduct': '0=5 1=1 2=960 8=1 9=3', 'Embed': '0=8 1=10 2=1 3=80', 'Gemm': '2=0 3=1 4=0 5=1 6=1 7=0 8=5 9=8 10=4 14=1',
        'LSTM': '0=4 1=256 2=2 3=4 8=1', 'GRU': '0=4 1=96', 'RNN': '0=4 1=32', 'MultiHeadAttention': '0=8 1=2 2=64', 'BatchNorm': '0=4', 'Bias': '0=4', 'Scale': '0=4 1=1', 'PReLU': '0=4',
        'LayerNorm': '0=8', 'RMSNorm': '0=8', 'GroupNorm': '0=2 1=4', 'InstanceNorm': '0=4', 'Normalize': '0=1 3=4', 'Quantize': '0=1', 'Dequantize': '0=4 1=4', 'Requantize': '0=1 1=1 2=4',
        'Padding': '0=1 1=1 2=1 3=1 4=2 7=1 8=1', 'Pooling': '0=1 1=3 2=2 5=1', 'Pooling1D': '1=3 2=2 5=3', 'Pooling3D': '7=1 8=2', 'Reshape': '0=-1 1=6 2=0', 'Permute': '0=3',
        'Crop': '-23309=1,1 -23310=1,-233 -23311=1,2', 'Slice': '-23300=2,3,-233', 'Reduction': '0=3 1=0 -23303=2,1,2 4=1', 'Tile': '0=1 1=2', 'Interp': '0=2 1=2.0 2=2.0', 'Softmax': '0=1 1=1',
        'ExpandDims': '-23303=1,0', 'Squeeze': '-23303=1,0', 'PriorBox': '-23300=2,10.0,20.0 -23301=1,30.0 -23302=2,2.0,3.0', 'UnaryOp': '0=5', 'BinaryOp': '0=7 1=1 2=2.0', 'ArgMax': '0=1 1=2',
        'Clip': '0=0.0 1=6.0', 'Einsum': '0=ij,jk->ik', 'MVN': '0=1 1=1', 'LRN': '1=5', 'Cast': '0=1 1=2', 'ROIPooling': '0=7 1=7', 'ROIAlign': '0=7 1=7 3=2', 'DetectionOutput': '0=21 3=100',
        'Unfold': '1=3 4=1', 'Fold': '1=3 4=1 20=8', 'ShuffleChannel': '0=2', 'PixelShuffle': '0=2', 'Reorg': '0=2', 'Spectrogram': '0=400 2=160', 'MatMul': '0=1',
    }
    two = {'MatMul', 'Concat', 'Eltwise', 'PriorBox', 'DetectionOutput', 'ROIPooling', 'ROIAlign', 'GridSample', 'CopyTo', 'PSROIPooling', 'Einsum', 'DeformableConv2D', 'SDPA', 'RotaryEmbed', 'Noop'}
    names = {}
    for n in open(__file__.replace('testdata/gen.py', 'types.go')).read().split('"'):
        if ncnn.layer_to_index(n) >= 0:
            names[ncnn.layer_to_index(n)] = n
    lines = ['Input in 0 1 in 0=8 1=6 2=4']
    for i in sorted(names):
        n = names[i]
        nin = 0 if n in ('Input', 'MemoryData') else 2 if n in two else 1
        nout = 2 if n in ('Split', 'Slice') else 1
        lines.append(' '.join([n, n.lower(), str(nin), str(nout)] + ['in'] * nin + [f'{n}_{k}' for k in range(nout)] + ([special[n]] if n in special else [])))
    lines.append('MyLayer own 1 1 in own 0=1 1=x')
    return f'7767517\n{len(lines)} {len(lines) + 2}\n' + '\n'.join(lines) + '\n'


def write(name, data):
    with open(name, 'wb') as f:
        f.write(data.encode() if isinstance(data, str) else data)


def runs(param, weights, binary=False):
    net = ncnn.Net()
    assert (net.load_param_bin(param) if binary else net.load_param(param)) == 0, param
    assert net.load_model(weights) == 0, weights
    if binary:
        return
    ex = net.create_extractor()
    ex.input('data', ncnn.Mat(np.ones((3, 8, 8), np.float32)))
    ret, out = ex.extract('out' if 'small8' in param else 'prob')
    assert ret == 0 and np.array(out).shape == (5,), (param, ret, np.array(out).shape)


if __name__ == '__main__':
    write('small.param', SMALL)
    write('small.bin', small_bin(0))
    write('half.ncnn.param', SMALL)
    write('half.ncnn.bin', small_bin(F16))
    write('small8.param', INT8_NET)
    write('small8.bin', int8_bin())
    write('tiny.param.bin', to_binary(SMALL))
    write('tiny.bin', small_bin(0))
    write('old.param', OLD)
    write('every.param', every())
    runs('small.param', 'small.bin')
    runs('half.ncnn.param', 'half.ncnn.bin')
    runs('small8.param', 'small8.bin')
