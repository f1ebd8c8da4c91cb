#!/usr/bin/env python3
"""Assembles the fixtures of graph/format/vendor by hand from the layouts named in
doc.go and signatures.go: no tool that writes these formats can be had as a
package. Bodies are pseudo-random bytes. The libraries are compiled with cc and
export the symbols that the real code generators emit."""

import os
import random
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
random.seed(5)


def body(n):
    return bytes(random.randrange(256) for _ in range(n))


def flatbuffer(ident=None):
    """A root table of three u32 fields behind a vtable, and an identifier."""
    head = struct.pack('<I', 20) + (ident or b'\0\0\0\0')
    vtable = struct.pack('<HHHHH', 10, 16, 4, 8, 12) + b'\0\0'
    return head + vtable + struct.pack('<iIII', 12, 1, 2, 3) + body(64)


def nbg():
    layers = [b'ConvolutionReluPoolingLayer2', b'FullyConnectedReluLayer', b'SoftMax2Layer']
    head = b'VPMN' + struct.pack('<HH', 1, 2) + bytes(4) + b'lenet'.ljust(64, b'\0') + struct.pack('<I', len(layers)) + bytes(32)
    table = len(head) + 24
    head += struct.pack('<IIIIII', 0, 0, 0, 0, table, 72 * len(layers))
    return head + b''.join(n.ljust(64, b'\0') + struct.pack('<II', i, 1) for i, n in enumerate(layers)) + body(200)


def library(*symbols):
    with tempfile.TemporaryDirectory() as tmp:
        c, so = os.path.join(tmp, 'm.c'), os.path.join(tmp, 'm.so')
        open(c, 'w').write('\n'.join(f'int {s}(void) {{ return 0; }}' for s in symbols))
        subprocess.run(['cc', '-shared', '-nostdlib', '-Os', '-s', '-fno-asynchronous-unwind-tables', '-Wl,--build-id=none,-z,noseparate-code', '-o', so, c], check=True)
        return open(so, 'rb').read()


hef = body(80), body(120)
description = flatbuffer()
files = {
    'nbg.nb': nbg(),
    'enn.nnc': flatbuffer(b'ENNC'),
    'enn3.nnc': b'NNC3' + body(400),
    'hailo.hef': struct.pack('>IIIIQI', 0x01484546, 1, len(hef[0]), 7, len(hef[1]), 0) + hef[0] + hef[1],
    'tensorrt.engine': b'ptrt' + struct.pack('<IIQI', 0x61, 0, 300, 0) + body(300),
    'bmodel.bmodel': struct.pack('<IIII', 0xFF55AAEE, 64, len(description), 100) + bytes(48) + description + body(100),
    'cvimodel.cvimodel': b'CviModel' + struct.pack('<IBB', 100, 1, 4) + body(200),
    'cambricon.cambricon': b'\x7FMEF' + body(400),
    'sensetime.model': b'STEF' + body(400),
    'vnn.vnnmodel': struct.pack('<II', 0x4E2F, 3) + body(1200),
    'imgdnn.dnn': b'IMGDNN' + body(200),
    'kmodel.kmodel': b'LDMK' + struct.pack('<IIII', 5, 32, 0, 1) + body(200),
    'espdl.espdl': b'EDL2' + bytes(12) + flatbuffer(),
    'kann.kann': flatbuffer(b'KaNN'),
    'optimium.optimium': b'EZMODEL' + body(200),
    'halcon.hdl': b'HDLMODEL' + body(200),
    'qnn-library.so': library('QnnModel_composeGraphs', 'QnnModel_freeGraphsInfo'),
    'tvm-library.so': library('__tvm_main__', '__tvm_module_ctx'),
    'aitemplate.so': library('AITemplateModelContainerCreate', 'AITemplateModelContainerRun'),
    # Not models: a library that only mentions the symbol, and words that begin like one.
    'mentions.so.not': library('app_loads_models') + b'QnnModel_composeGraphs\0__tvm_main__\0AITemplateModelContainerCreate\0',
}
for name, data in files.items():
    open(os.path.join(HERE, name), 'wb').write(data)
