package gguf

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
)

// whisperFrames are the mel frames of the window of 30 s that an encoder sees.
const whisperFrames = 3000

// whisper makes the encoder, with the keys and values that the decoder's cross
// attention takes from it, and the decoder of one token.
//
// Source: Radford et al., Robust Speech Recognition via Large-Scale Weak
// Supervision (2022), and whisper.cpp's graph.
func (o *oldFile) whisper(m *graph.Model) {
	n := o.nums
	past := min(n["n_text_ctx"], promptTokens)
	ok := n["n_audio_head"] > 0 && n["n_text_head"] > 0 && n["n_audio_state"] >= n["n_audio_head"] && n["n_text_state"] >= n["n_text_head"] && past > 0 &&
		n["n_audio_layer"] <= 1024 && n["n_text_layer"] <= 1024 && n["n_audio_ctx"] > 0
	byName := map[string]*graph.Tensor{}
	for i := range o.tensors {
		byName[o.tensors[i].Name] = &o.tensors[i]
	}
	if !ok || byName["encoder.conv1.weight"] == nil || byName["decoder.token_embedding.weight"] == nil {
		m.Graphs = []*graph.Graph{{Tensors: o.tensors}}
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: "tensors only: sizes or tensors of an encoder and decoder are missing"})
		return
	}
	used := map[string]bool{}
	begin := func(name string) *transformer {
		t := &transformer{g: &graph.Graph{Name: name}, f: &o.file, byName: byName, ids: map[string]graph.TensorID{}, used: used}
		m.Graphs = append(m.Graphs, t.g)
		return t
	}
	begin("encode 30 s").whisperEncoder(n)
	begin(fmt.Sprintf("decode after %d", past)).whisperDecoder(n, past)
	m.Metadata = append(m.Metadata, graph.KeyValue{Key: "ggml.kv_cache_bytes_per_token_f16", Value: fmt.Sprint(n["n_text_layer"] * n["n_text_state"] * 2 * 2)})
	o.finish(m, used, fmt.Sprintf("operators follow from the architecture: %s, and %s for every token", m.Graphs[0].Name, m.Graphs[1].Name))
}

func (t *transformer) whisperEncoder(n map[string]int64) {
	x := t.tensor(graph.Tensor{Name: "mel", DType: graph.Float32, Shape: graph.ShapeOf(1, n["n_mels"], whisperFrames)})
	t.g.Inputs = []graph.TensorID{x}
	for i, stride := range []int64{1, 2} {
		name := fmt.Sprintf("encoder.conv%d", i+1)
		a := &graph.ConvAttrs{Data: graph.NCHW(1), Filter: graph.OIHW(1), Window: graph.Window{Strides: []int64{stride}, PadBegin: []int64{1}, PadEnd: []int64{1}}}
		x = t.node("CONV_1D", graph.Conv, a, x, t.weight(name+".weight"))
		x = t.node("ADD", graph.Add, nil, x, t.weight(name+".bias"))
		x = t.node("GELU", graph.Gelu, nil, x)
	}
	t.tokens = n["n_audio_ctx"]
	state := n["n_audio_state"]
	x = t.reshape(t.node("PERMUTE", graph.Transpose, &graph.PermAttrs{Perm: []int{0, 2, 1}}, x), whisperFrames/2, state)
	x = t.node("ADD", graph.Add, nil, x, t.weight("encoder.positional_embedding"))
	for i := range n["n_audio_layer"] {
		p := fmt.Sprintf("encoder.blocks.%d.", i)
		x = t.node("ADD", graph.Add, nil, x, t.whisperSelf(t.norm(x, p+"attn_ln"), p+"attn", n["n_audio_head"], state, ""))
		x = t.node("ADD", graph.Add, nil, x, t.whisperMLP(x, p))
	}
	x = t.norm(x, "encoder.ln_post")
	t.g.Outputs = []graph.TensorID{x}
	for i := range n["n_text_layer"] {
		p := fmt.Sprintf("decoder.blocks.%d.cross_attn.", i)
		t.g.Outputs = append(t.g.Outputs, t.linear(x, p+"key"), t.linear(x, p+"value"))
	}
}

func (t *transformer) whisperDecoder(n map[string]int64, past int64) {
	t.tokens, t.past = 1, past
	state, heads := n["n_text_state"], n["n_text_head"]
	ids := t.tensor(graph.Tensor{Name: "tokens", DType: graph.Int32, Shape: graph.ShapeOf(1)})
	positions := t.tensor(graph.Tensor{Name: "positions", DType: graph.Int32, Shape: graph.ShapeOf(1)})
	t.g.Inputs = []graph.TensorID{ids, positions}
	x := t.node("GET_ROWS", graph.EmbeddingLookup, nil, ids, t.weight("decoder.token_embedding.weight"))
	x = t.node("ADD", graph.Add, nil, x, t.node("GET_ROWS", graph.EmbeddingLookup, nil, positions, t.weight("decoder.positional_embedding")))
	for i := range n["n_text_layer"] {
		p := fmt.Sprintf("decoder.blocks.%d.", i)
		x = t.node("ADD", graph.Add, nil, x, t.whisperSelf(t.norm(x, p+"attn_ln"), p+"attn", heads, state, fmt.Sprint(i)))
		x = t.node("ADD", graph.Add, nil, x, t.whisperCross(t.norm(x, p+"cross_attn_ln"), p+"cross_attn", heads, state, n["n_audio_ctx"], i))
		x = t.node("ADD", graph.Add, nil, x, t.whisperMLP(x, p))
	}
	x = t.norm(x, "decoder.ln")
	x = t.node("MUL_MAT", graph.FullyConnected, &graph.FullyConnectedAttrs{KeepDims: true}, x, t.weight("decoder.token_embedding.weight"))
	t.g.Outputs = []graph.TensorID{x}
}

// whisperSelf attends over the tokens, and those of a cache where there is one.
func (t *transformer) whisperSelf(x graph.TensorID, name string, heads, state int64, cache string) graph.TensorID {
	part := func(which string) graph.TensorID {
		return t.heads(t.reshape(t.linear(x, name+"."+which), t.tokens, heads, state/heads))
	}
	q, k, v := part("query"), part("key"), part("value")
	if cache != "" {
		keep := func(x graph.TensorID, which string) graph.TensorID {
			c := t.tensor(graph.Tensor{Name: "cache_" + which + "_" + cache, DType: graph.Float16, Shape: graph.ShapeOf(1, heads, t.past, state/heads), IsVariable: true})
			return t.node("CPY", graph.Concat, &graph.AxisAttrs{Axis: 2}, c, x)
		}
		k, v = keep(k, "k"), keep(v, "v")
	}
	return t.whisperAttend(q, k, v, name, heads, state)
}

// whisperCross attends over the keys and values of the encoder.
func (t *transformer) whisperCross(x graph.TensorID, name string, heads, state, frames, layer int64) graph.TensorID {
	q := t.heads(t.reshape(t.linear(x, name+".query"), t.tokens, heads, state/heads))
	given := func(which string) graph.TensorID {
		c := t.tensor(graph.Tensor{Name: fmt.Sprintf("cross_%s_%d", which, layer), DType: graph.Float16, Shape: graph.ShapeOf(1, heads, frames, state/heads), IsVariable: true})
		t.g.Inputs = append(t.g.Inputs, c)
		return c
	}
	return t.whisperAttend(q, given("k"), given("v"), name, heads, state)
}

func (t *transformer) whisperAttend(q, k, v graph.TensorID, name string, heads, state int64) graph.TensorID {
	o := t.node("FLASH_ATTN_EXT", graph.Attention, &graph.AttentionAttrs{Heads: heads, KVHeads: heads, HeadDim: state / heads}, q, k, v)
	o = t.node("PERMUTE", graph.Transpose, &graph.PermAttrs{Perm: []int{0, 2, 1, 3}}, o)
	return t.linear(t.reshape(o, t.tokens, state), name+".out")
}

func (t *transformer) whisperMLP(x graph.TensorID, prefix string) graph.TensorID {
	h := t.node("GELU", graph.Gelu, nil, t.linear(t.norm(x, prefix+"mlp_ln"), prefix+"mlp.0"))
	return t.linear(h, prefix+"mlp.2")
}
