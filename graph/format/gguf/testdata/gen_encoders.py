#!/usr/bin/env python3
"""Writes the encoders of graph/format/gguf with llama.cpp's own library (pip
install gguf numpy): networks of the right structure with random weights."""

import os

import gguf
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(11)
D, FF = 32, 64


def f(*shape):
    return rng.normal(0, 0.1, shape).astype('<f4')


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def pair(w, name, *shape):
    w.add_tensor(name + '.weight', f(*shape))
    w.add_tensor(name + '.bias', f(shape[0]))


w = gguf.GGUFWriter(os.path.join(HERE, 'bert.gguf'), 'bert')
w.add_name('tiny bert')
w.add_context_length(64)
w.add_embedding_length(D)
w.add_block_count(1)
w.add_head_count(4)
w.add_feed_forward_length(FF)
w.add_causal_attention(False)
w.add_tensor('token_embd.weight', f(50, D))
w.add_tensor('token_types.weight', f(2, D))
w.add_tensor('position_embd.weight', f(64, D))
pair(w, 'token_embd_norm', D)
for n in ('attn_q', 'attn_k', 'attn_v', 'attn_output'):
    pair(w, 'blk.0.' + n, D, D)
pair(w, 'blk.0.attn_output_norm', D)
pair(w, 'blk.0.ffn_up', FF, D)
pair(w, 'blk.0.ffn_down', D, FF)
pair(w, 'blk.0.layer_output_norm', D)
finish(w)

w = gguf.GGUFWriter(os.path.join(HERE, 'mmproj.gguf'), 'clip')
for key, v in (('image_size', 32), ('patch_size', 8), ('embedding_length', D), ('block_count', 1), ('attention.head_count', 4), ('feed_forward_length', FF)):
    w.add_uint32('clip.vision.' + key, v)
w.add_tensor('v.patch_embd.weight', f(D, 3, 8, 8))
w.add_tensor('v.class_embd', f(D))
w.add_tensor('v.position_embd.weight', f(17, D))
pair(w, 'v.pre_ln', D)
for n in ('attn_q', 'attn_k', 'attn_v', 'attn_out'):
    pair(w, 'v.blk.0.' + n, D, D)
pair(w, 'v.blk.0.ln1', D)
pair(w, 'v.blk.0.ln2', D)
pair(w, 'v.blk.0.ffn_down', FF, D)  # the names as converters before 2025 gave them
pair(w, 'v.blk.0.ffn_up', D, FF)
pair(w, 'v.post_ln', D)
pair(w, 'mm.0', 48, D)
pair(w, 'mm.2', 48, 48)
finish(w)
