package gguf

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
)

// encoderArchitectures are text encoders: no cache, no logits, norms behind the
// sums. Source: llama.cpp, llm_build_bert.
var encoderArchitectures = map[string]bool{
	"bert": true, "nomic-bert": true, "nomic-bert-moe": true, "jina-bert-v2": true, "jina-bert-v3": true,
}

// otherEncoders are architectures that have the tensors of a decoder and are none,
// whose operators are not known here.
var otherEncoders = map[string]bool{"modern-bert": true, "neo-bert": true, "eurobert": true, "gemma-embedding": true, "t5encoder": true, "wavtokenizer-dec": true, "t5": true}

// encode makes the one graph of a text encoder, over a prompt.
func (f *file) encode(m *graph.Model, s sizes, byName map[string]*graph.Tensor) {
	n := min(s.context, promptTokens)
	t := &transformer{g: &graph.Graph{Name: fmt.Sprintf("encode %d tokens", n)}, f: f, s: s, byName: byName, ids: map[string]graph.TensorID{}, tokens: n, used: map[string]bool{}}
	ids := t.tensor(graph.Tensor{Name: "tokens", DType: graph.Int32, Shape: graph.ShapeOf(n)})
	t.g.Inputs = []graph.TensorID{ids}
	x := t.node("GET_ROWS", graph.EmbeddingLookup, nil, ids, t.weight("token_embd.weight"))
	if w := t.weight("token_types.weight"); w != graph.NoTensor {
		kinds := t.tensor(graph.Tensor{Name: "token_types", DType: graph.Int32, Shape: graph.ShapeOf(n)})
		t.g.Inputs = append(t.g.Inputs, kinds)
		x = t.node("ADD", graph.Add, nil, x, t.node("GET_ROWS", graph.EmbeddingLookup, nil, kinds, w))
	}
	if w := t.weight("position_embd.weight"); w != graph.NoTensor {
		positions := t.tensor(graph.Tensor{Name: "positions", DType: graph.Int32, Shape: graph.ShapeOf(n)})
		t.g.Inputs = append(t.g.Inputs, positions)
		x = t.node("ADD", graph.Add, nil, x, t.node("GET_ROWS", graph.EmbeddingLookup, nil, positions, w))
	}
	x = t.norm(x, "token_embd_norm")
	for t.block = 0; t.block < s.blocks && t.byName[t.part("attn_output.weight")] != nil; t.block++ {
		x = t.norm(t.node("ADD", graph.Add, nil, x, t.attention(x)), t.part("attn_output_norm"))
		x = t.norm(t.node("ADD", graph.Add, nil, x, t.feedForward(x)), t.part("layer_output_norm"))
	}
	t.g.Outputs = []graph.TensorID{x}
	m.Graphs = []*graph.Graph{t.g}
	f.finish(m, t.used, fmt.Sprintf("operators follow from architecture %q: %s", clip(f.text("general.architecture")), t.g.Name))
}

// vision makes the graph of an image encoder with its projector ("mmproj" files,
// architecture "clip"); it says no where sizes or tensors are missing.
// Source: llama.cpp tools/mtmd/clip.cpp, build_vit.
func (f *file) vision(m *graph.Model, byName map[string]*graph.Tensor) bool {
	get := func(k string) int64 { return f.int("clip.vision."+k, 0) }
	s := sizes{blocks: get("block_count"), embed: get("embedding_length"), heads: get("attention.head_count")}
	size, patch := get("image_size"), get("patch_size")
	table := byName["v.patch_embd.weight"]
	if s.heads <= 0 || s.embed < s.heads || s.embed > 1<<16 || s.blocks <= 0 || s.blocks > 4096 || patch <= 0 || size < patch || size > 1<<14 || table == nil || table.Shape.Len() != 4 || byName["v.blk.0.attn_q.weight"] == nil {
		return false
	}
	s.kvHeads, s.keyDim, s.valueDim = s.heads, s.embed/s.heads, s.embed/s.heads
	side := size / patch
	t := &transformer{g: &graph.Graph{Name: fmt.Sprintf("encode an image of %d", size)}, f: f, s: s, byName: byName, ids: map[string]graph.TensorID{}, tokens: side * side, used: map[string]bool{}}
	image := t.tensor(graph.Tensor{Name: "image", DType: graph.Float32, Shape: graph.ShapeOf(1, table.Shape.Dim(1).Int(), size, size)})
	t.g.Inputs = []graph.TensorID{image}
	a := &graph.ConvAttrs{Data: graph.NCHW(2), Filter: graph.OIHW(2), Window: graph.Window{Strides: []int64{patch, patch}}}
	x := t.node("CONV_2D", graph.Conv, a, image, t.weight("v.patch_embd.weight"), t.weight("v.patch_embd.bias"))
	x = t.reshape(x, s.embed, t.tokens)
	x = t.node("PERMUTE", graph.Transpose, &graph.PermAttrs{Perm: []int{1, 0}}, x)
	if c := t.weight("v.class_embd"); c != graph.NoTensor {
		x = t.node("CONCAT", graph.Concat, &graph.AxisAttrs{Axis: 0}, t.reshape(c, 1, s.embed), x)
		t.tokens++
	}
	if w := t.weight("v.position_embd.weight"); w != graph.NoTensor {
		x = t.node("ADD", graph.Add, nil, x, w)
	}
	x = t.norm(x, "v.pre_ln")
	for t.block = 0; t.block < s.blocks && t.byName[fmt.Sprintf("v.blk.%d.attn_q.weight", t.block)] != nil; t.block++ {
		x = t.visionBlock(x, fmt.Sprintf("v.blk.%d.", t.block))
	}
	x = t.norm(x, "v.post_ln")
	for i, name := range []string{"mm.0", "mm.2"} {
		if i > 0 && t.byName[name+".weight"] != nil {
			x = t.node("GELU", graph.Gelu, nil, x)
		}
		x = t.linear(x, name)
	}
	t.g.Outputs = []graph.TensorID{x}
	m.Graphs = []*graph.Graph{t.g}
	f.finish(m, t.used, fmt.Sprintf("operators follow from architecture \"clip\": %s; of projectors, linear ones alone", t.g.Name))
	return true
}

// visionBlock attends and feeds forward, norms in front of both.
func (t *transformer) visionBlock(x graph.TensorID, p string) graph.TensorID {
	s := t.s
	h := t.norm(x, p+"ln1")
	part := func(which string) graph.TensorID {
		return t.heads(t.reshape(t.linear(h, p+which), t.tokens, s.heads, s.keyDim))
	}
	o := t.node("FLASH_ATTN_EXT", graph.Attention, &graph.AttentionAttrs{Heads: s.heads, KVHeads: s.heads, HeadDim: s.keyDim}, part("attn_q"), part("attn_k"), part("attn_v"))
	o = t.node("PERMUTE", graph.Transpose, &graph.PermAttrs{Perm: []int{0, 2, 1, 3}}, o)
	x = t.node("ADD", graph.Add, nil, x, t.linear(t.reshape(o, t.tokens, s.embed), p+"attn_out"))
	first, second := p+"ffn_up", p+"ffn_down"
	// Converters before 2025 gave the two each other's name.
	if w := t.byName[first+".weight"]; w != nil && w.Shape.Len() == 2 && w.Shape.Dim(1).Int() != s.embed {
		first, second = second, first
	}
	h = t.node("GELU", graph.Gelu, nil, t.linear(t.norm(x, p+"ln2"), first))
	return t.node("ADD", graph.Add, nil, x, t.linear(h, second))
}
