#!/usr/bin/env python3
"""Writes the fixtures of graph/format/gguf with llama.cpp's own library (pip
install gguf numpy): networks of the right structure with random weights."""

import gguf
import numpy as np

rng = np.random.default_rng(10)
D, HEADS, KV, FF, VOCAB, BLOCKS = 32, 4, 2, 64, 50, 2


def f(*shape):
    return rng.normal(0, 0.1, shape).astype('<f4')


def base(path, arch, heads=True):
    w = gguf.GGUFWriter(path, arch)
    w.add_name('tiny ' + arch)
    if heads:
        w.add_context_length(128)
        w.add_embedding_length(D)
        w.add_block_count(BLOCKS)
        w.add_head_count(HEADS)
        w.add_head_count_kv(KV)
        w.add_feed_forward_length(FF)
    w.add_array('tokenizer.ggml.tokens', ['a', 'b', 'c'])
    return w


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def add(w, name, a, q=None):
    if q is None:
        w.add_tensor(name, a)
    else:
        w.add_tensor(name, gguf.quants.quantize(a, q), raw_dtype=q)


def llama(path, moe=False):
    w = base(path, 'llama')
    if moe:
        w.add_expert_count(4)
        w.add_expert_used_count(2)
    q8 = gguf.GGMLQuantizationType.Q8_0
    add(w, 'token_embd.weight', f(VOCAB, D), q8)
    for i in range(BLOCKS):
        p = f'blk.{i}.'
        add(w, p + 'attn_norm.weight', f(D))
        add(w, p + 'attn_q.weight', f(D, D), q8)
        add(w, p + 'attn_k.weight', f(D // 2, D), q8)
        add(w, p + 'attn_v.weight', f(D // 2, D), q8)
        add(w, p + 'attn_output.weight', f(D, D), q8)
        add(w, p + 'ffn_norm.weight', f(D))
        if moe:
            add(w, p + 'ffn_gate_inp.weight', f(4, D))
            for n, s in (('gate', (4, FF, D)), ('up', (4, FF, D)), ('down', (4, D, FF))):
                add(w, p + f'ffn_{n}_exps.weight', f(*s).astype('<f2'))
        else:
            for n, s in (('gate', (FF, D)), ('up', (FF, D)), ('down', (D, FF))):
                add(w, p + f'ffn_{n}.weight', f(*s), gguf.GGMLQuantizationType.Q4_0)
    add(w, 'output_norm.weight', f(D))
    add(w, 'rope_freqs.weight', f(4))
    finish(w)


def other(path):
    w = base(path, 'wavtokenizer-dec', heads=False)
    add(w, 'conv1d.weight', f(4, 3, 3).astype('<f2'))
    finish(w)


if __name__ == '__main__':
    llama('llama.gguf')
    llama('moe.gguf', moe=True)
    other('other.gguf')
