#!/usr/bin/env python3
"""Assembles the containers before GGUF by hand (pip install numpy), as the
converters of their time wrote them (llama.cpp convert-pth-to-ggml.py and
convert-lora-to-ggml.py, whisper.cpp convert-pt-to-ggml.py, ggml's gpt-2 example):
those scripts need checkpoints of published models, which are not ours."""

import os
import struct

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(5)
SIZES = {0: (1, 4), 1: (1, 2), 2: (32, 18), 102: (32, 20), 8: (32, 34)}  # 102: q4_0 with scales of 32 bits


class File:
    def __init__(self, magic, *numbers):
        self.b = bytearray(magic + struct.pack(f'<{len(numbers)}i', *numbers))

    def words(self, n, scored=False):
        for i in range(n):
            w = b'w%d' % i
            self.b += struct.pack('<I', len(w)) + w + (struct.pack('<f', -i) if scored else b'')

    def tensor(self, name, *shape, kind=0, align=1):
        block, size = SIZES[kind]
        self.b += struct.pack('<iii', len(shape), len(name), kind % 100) + struct.pack(f'<{len(shape)}i', *shape[::-1]) + name.encode()
        self.b += b'\0' * (-len(self.b) % align)
        self.b += rng.bytes(int(np.prod(shape)) // block * size)

    def save(self, name):
        open(os.path.join(HERE, name), 'wb').write(self.b)


def llama(f, kind, align):
    f.words(20, scored=align > 1)
    put = lambda n, *s, k=kind: f.tensor(n, *s, kind=k, align=align)
    put('tok_embeddings.weight', 20, 32)
    put('norm.weight', 32, k=0)
    put('output.weight', 20, 32)
    for i in range(2):
        p = f'layers.{i}.'
        for w, rows in (('wq', 32), ('wk', 16), ('wv', 16), ('wo', 32)):
            put(f'{p}attention.{w}.weight', rows, 32)
        put(p + 'attention_norm.weight', 32, k=0)
        put(p + 'feed_forward.w1.weight', 64, 32)
        put(p + 'feed_forward.w2.weight', 32, 64)
        put(p + 'feed_forward.w3.weight', 64, 32)
        put(p + 'ffn_norm.weight', 32, k=0)


f = File(b'lmgg', 20, 32, 256, 4, 2, 8, 1)
llama(f, 1, 1)
f.save('llama.ggml')
f = File(b'tjgg', 1, 20, 32, 256, 4, 2, 8, 2)
llama(f, 102, 32)
f.save('llama_v1.ggjt')
f = File(b'tjgg', 3, 20, 32, 256, 4, 2, 8, 2)
llama(f, 2, 32)
f.save('llama_v3.ggjt')

f = File(b'lmgg', 30, 1500, 8, 2, 1, 448, 8, 2, 1, 80, 1)
f.b += struct.pack('<ii', 80, 11) + rng.random(80 * 11, dtype='f').tobytes() + struct.pack('<i', 28)
f.words(28)
f.tensor('encoder.positional_embedding', 1500, 8)
f.tensor('encoder.conv1.weight', 8, 80, 3, kind=1)
f.tensor('encoder.conv1.bias', 8, 1)
f.tensor('encoder.conv2.weight', 8, 8, 3, kind=1)
f.tensor('encoder.conv2.bias', 8, 1)
for part in ('encoder', 'decoder'):
    p = part + '.blocks.0.'
    for norm in ('attn_ln', 'mlp_ln') + (('cross_attn_ln',) if part == 'decoder' else ()):
        f.tensor(p + norm + '.weight', 8)
        f.tensor(p + norm + '.bias', 8)
    for att in ('attn',) + (('cross_attn',) if part == 'decoder' else ()):
        for w in ('query', 'key', 'value', 'out'):
            f.tensor(f'{p}{att}.{w}.weight', 8, 8, kind=1)
            if w != 'key':
                f.tensor(f'{p}{att}.{w}.bias', 8)
    f.tensor(p + 'mlp.0.weight', 32, 8, kind=1)
    f.tensor(p + 'mlp.0.bias', 32)
    f.tensor(p + 'mlp.2.weight', 8, 32, kind=1)
    f.tensor(p + 'mlp.2.bias', 8)
f.tensor('encoder.ln_post.weight', 8)
f.tensor('encoder.ln_post.bias', 8)
f.tensor('decoder.positional_embedding', 448, 8)
f.tensor('decoder.token_embedding.weight', 30, 8, kind=1)
f.tensor('decoder.ln.weight', 8)
f.tensor('decoder.ln.bias', 8)
f.save('whisper.ggml')

f = File(b'algg', 1, 8, 16)
f.tensor('layers.0.attention.wq.weight.loraA', 32, 8, align=32)
f.tensor('layers.0.attention.wq.weight.loraB', 32, 8, align=32)
f.save('adapter.ggla')

f = File(b'lmgg', 12, 64, 16, 2, 1, 1)
f.b += struct.pack('<i', 12)
f.words(12)
f.tensor('model/wte', 12, 16, kind=1)
f.tensor('model/h0/attn/c_attn/w', 48, 16, kind=1)
f.save('gpt2.ggml')
