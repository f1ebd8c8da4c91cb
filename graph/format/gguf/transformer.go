package gguf

import (
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// promptTokens is the length of the prefill, and of the cache when decoding.
const promptTokens = 512

// sizes are what the metadata says of a decoder-only transformer.
type sizes struct {
	blocks, embed, heads, kvHeads, keyDim, valueDim, experts, used, context int64
}

func (f *file) sizes() (sizes, bool) {
	a := f.text("general.architecture")
	get := func(k string, def int64) int64 { return f.int(a+"."+k, def) }
	s := sizes{blocks: get("block_count", 0), embed: get("embedding_length", 0), heads: get("attention.head_count", 0), context: get("context_length", promptTokens)}
	s.kvHeads = get("attention.head_count_kv", s.heads)
	if s.heads <= 0 || s.embed <= 0 || s.blocks <= 0 || s.blocks > 4096 || s.embed > 1<<20 || s.heads > 1<<14 || s.kvHeads <= 0 || s.kvHeads > s.heads {
		return s, false
	}
	s.keyDim = get("attention.key_length", s.embed/s.heads)
	s.valueDim = get("attention.value_length", s.embed/s.heads)
	s.experts, s.used = get("expert_count", 0), get("expert_used_count", 0)
	return s, s.keyDim > 0 && s.valueDim > 0 && s.keyDim < 1<<16 && s.valueDim < 1<<16 && s.context > 0
}

// build makes the graphs. Tensors that no operator takes are kept at the end of
// the first graph, so that all are counted.
func build(m *graph.Model, f *file) {
	s, ok := f.sizes()
	byName := map[string]*graph.Tensor{}
	for i := range f.tensors {
		byName[f.key(f.tensors[i].Name)] = &f.tensors[i]
	}
	if ok {
		_, qkv := byName["blk.0.attn_qkv.weight"]
		_, q := byName["blk.0.attn_q.weight"]
		_, table := byName["token_embd.weight"]
		_, up := byName["blk.0.ffn_up.weight"]
		_, moe := byName["blk.0.ffn_up_exps.weight"]
		ok = (qkv || q) && table && (up || moe) && byName["blk.0.ssm_in.weight"] == nil && byName["blk.0.attn_q_a.weight"] == nil
	}
	arch := f.text("general.architecture")
	switch {
	case arch == "clip" && f.vision(m, byName):
		return
	case ok && encoderArchitectures[arch]:
		f.encode(m, s, byName)
		return
	case otherEncoders[arch]:
		ok = false
	}
	if !ok {
		m.Graphs = []*graph.Graph{{Tensors: f.tensors}}
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("tensors only: the operators of architecture %q are not known here", clip(arch))})
		return
	}
	past := min(s.context, promptTokens)
	m.Metadata = append(m.Metadata, graph.KeyValue{Key: m.Format + ".kv_cache_bytes_per_token_f16", Value: fmt.Sprint(s.blocks * s.kvHeads * (s.keyDim + s.valueDim) * 2)})
	used := map[string]bool{}
	for _, g := range []struct {
		name         string
		tokens, past int64
	}{{fmt.Sprintf("decode after %d", past), 1, past}, {fmt.Sprintf("prefill of %d", past), past, 0}} {
		t := &transformer{g: &graph.Graph{Name: g.name}, f: f, s: s, byName: byName, ids: map[string]graph.TensorID{}, tokens: g.tokens, past: g.past, used: used}
		t.build()
		m.Graphs = append(m.Graphs, t.g)
	}
	f.finish(m, used, fmt.Sprintf("operators follow from architecture %q; %s and %s", clip(arch), m.Graphs[0].Name, m.Graphs[1].Name))
}

// finish adds the tensors that no operator takes to the first graph, and notes
// where the operators come from.
func (f *file) finish(m *graph.Model, used map[string]bool, note string) {
	left := 0
	for i := range f.tensors {
		if !used[f.key(f.tensors[i].Name)] {
			m.Graphs[0].Tensors = append(m.Graphs[0].Tensors, f.tensors[i])
			left++
		}
	}
	m.Notes = append(m.Notes, graph.Note{Text: note})
	if left > 0 {
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("%d tensors are in no operator", left)})
	}
}

// transformer builds one graph.
type transformer struct {
	g      *graph.Graph
	f      *file
	s      sizes
	byName map[string]*graph.Tensor
	ids    map[string]graph.TensorID
	used   map[string]bool
	tokens int64
	past   int64
	block  int64
}

func (t *transformer) tensor(x graph.Tensor) graph.TensorID {
	t.g.Tensors = append(t.g.Tensors, x)
	return graph.TensorID(len(t.g.Tensors) - 1)
}

// weight returns a stored tensor, NoTensor where the file has none.
func (t *transformer) weight(name string) graph.TensorID {
	if id, ok := t.ids[name]; ok {
		return id
	}
	x, ok := t.byName[name]
	if !ok {
		return graph.NoTensor
	}
	t.used[name] = true
	id := t.tensor(*x)
	t.ids[name] = id
	return id
}

// part names a tensor of the current block.
func (t *transformer) part(name string) string { return fmt.Sprintf("blk.%d.%s", t.block, name) }

// node adds an operator with one float32 result.
func (t *transformer) node(word string, op graph.Op, a graph.Attrs, in ...graph.TensorID) graph.TensorID {
	for len(in) > 1 && in[len(in)-1] == graph.NoTensor {
		in = in[:len(in)-1]
	}
	out := t.tensor(graph.Tensor{DType: graph.Float32})
	t.g.Nodes = append(t.g.Nodes, graph.Node{Name: fmt.Sprintf("%s_%d", word, len(t.g.Nodes)), SourceOp: word, Op: op, Attrs: a, Inputs: in, Outputs: []graph.TensorID{out}})
	return out
}

// norm is RMSNorm, or LayerNorm where there is a bias.
func (t *transformer) norm(x graph.TensorID, name string) graph.TensorID {
	w, b := t.weight(name+".weight"), t.weight(name+".bias")
	if w == graph.NoTensor {
		return x
	}
	a := &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true}
	if b != graph.NoTensor {
		return t.node("NORM", graph.LayerNormalization, a, x, w, b)
	}
	return t.node("RMS_NORM", graph.RMSNormalization, a, x, w)
}

// linear is a product with a weight, and its bias; x where there is no weight.
func (t *transformer) linear(x graph.TensorID, name string) graph.TensorID {
	w := t.weight(name + ".weight")
	if w == graph.NoTensor {
		return x
	}
	return t.node("MUL_MAT", graph.FullyConnected, &graph.FullyConnectedAttrs{KeepDims: true}, x, w, t.weight(name+".bias"))
}

func (t *transformer) reshape(x graph.TensorID, shape ...int64) graph.TensorID {
	return t.node("RESHAPE", graph.Reshape, &graph.ReshapeAttrs{Shape: shape}, x)
}

func (t *transformer) build() {
	ids := t.tensor(graph.Tensor{Name: "tokens", DType: graph.Int32, Shape: graph.ShapeOf(t.tokens)})
	t.g.Inputs = []graph.TensorID{ids}
	x := t.node("GET_ROWS", graph.EmbeddingLookup, nil, ids, t.weight("token_embd.weight"))
	if p := t.weight("position_embd.weight"); p != graph.NoTensor {
		positions := t.tensor(graph.Tensor{Name: "positions", DType: graph.Int32, Shape: graph.ShapeOf(t.tokens)})
		t.g.Inputs = append(t.g.Inputs, positions)
		x = t.node("ADD", graph.Add, nil, x, t.node("GET_ROWS", graph.EmbeddingLookup, nil, positions, p))
	}
	x = t.norm(x, "token_embd_norm")
	for t.block = 0; t.block < t.s.blocks; t.block++ {
		if t.byName[t.part("attn_norm.weight")] == nil && t.byName[t.part("attn_output.weight")] == nil {
			break
		}
		h := t.norm(t.attention(t.norm(x, t.part("attn_norm"))), t.part("post_attention_norm"))
		if t.byName[t.part("ffn_norm.weight")] == nil && t.byName[t.part("post_attention_norm.weight")] == nil { // in parallel
			x = t.node("ADD", graph.Add, nil, x, t.node("ADD", graph.Add, nil, h, t.feedForward(t.norm(x, t.part("attn_norm")))))
			continue
		}
		x = t.node("ADD", graph.Add, nil, x, h)
		x = t.node("ADD", graph.Add, nil, x, t.norm(t.feedForward(t.norm(x, t.part("ffn_norm"))), t.part("post_ffw_norm")))
	}
	x = t.norm(x, "output_norm")
	out := t.weight("output.weight")
	if out == graph.NoTensor { // tied to the embedding
		out = t.weight("token_embd.weight")
	}
	// Only the last token's logits are wanted.
	if t.tokens > 1 {
		x = t.node("VIEW", graph.Slice, &graph.SliceAttrs{Starts: []int64{-1}, Ends: []int64{math.MaxInt64}, Steps: []int64{1}, Axes: []int{0}}, x)
	}
	x = t.node("MUL_MAT", graph.FullyConnected, &graph.FullyConnectedAttrs{KeepDims: true}, x, out, t.weight("output.bias"))
	t.g.Outputs = []graph.TensorID{x}
}

// attention projects, appends to the cache, attends and projects back.
func (t *transformer) attention(x graph.TensorID) graph.TensorID {
	s := t.s
	var q, k, v graph.TensorID
	if t.byName[t.part("attn_qkv.weight")] != nil {
		all := t.linear(x, t.part("attn_qkv"))
		cut := func(from, n int64) graph.TensorID {
			return t.node("VIEW", graph.Slice, &graph.SliceAttrs{Starts: []int64{from}, Ends: []int64{from + n}, Steps: []int64{1}, Axes: []int{1}}, all)
		}
		q = cut(0, s.heads*s.keyDim)
		k = cut(s.heads*s.keyDim, s.kvHeads*s.keyDim)
		v = cut((s.heads+s.kvHeads)*s.keyDim, s.kvHeads*s.valueDim)
	} else {
		q, k, v = t.linear(x, t.part("attn_q")), t.linear(x, t.part("attn_k")), t.linear(x, t.part("attn_v"))
	}
	q = t.split(q, s.heads, s.keyDim, "attn_q_norm")
	k = t.cached(t.split(k, s.kvHeads, s.keyDim, "attn_k_norm"), "k", s.keyDim)
	v = t.cached(t.heads(t.reshape(v, t.tokens, s.kvHeads, s.valueDim)), "v", s.valueDim)
	o := t.node("FLASH_ATTN_EXT", graph.Attention, &graph.AttentionAttrs{Heads: s.heads, KVHeads: s.kvHeads, HeadDim: s.keyDim}, q, k, v)
	o = t.node("PERMUTE", graph.Transpose, &graph.PermAttrs{Perm: []int{0, 2, 1, 3}}, o)
	o = t.reshape(o, t.tokens, s.heads*s.valueDim)
	return t.linear(t.norm(o, t.part("attn_sub_norm")), t.part("attn_output"))
}

// split makes heads of a projection, normalises and rotates them.
func (t *transformer) split(x graph.TensorID, heads, dim int64, norm string) graph.TensorID {
	x = t.norm(t.reshape(x, t.tokens, heads, dim), t.part(norm))
	if t.byName["position_embd.weight"] == nil {
		x = t.node("ROPE", graph.RotaryEmbedding, nil, x)
	}
	return t.heads(x)
}

// heads turns [tokens, heads, dim] into [1, heads, tokens, dim].
func (t *transformer) heads(x graph.TensorID) graph.TensorID {
	x = t.node("PERMUTE", graph.Transpose, &graph.PermAttrs{Perm: []int{1, 0, 2}}, x)
	return t.node("RESHAPE", graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{0}}, x)
}

// cached puts the tokens of before in front.
func (t *transformer) cached(x graph.TensorID, kind string, dim int64) graph.TensorID {
	if t.past == 0 {
		return x
	}
	cache := t.tensor(graph.Tensor{Name: fmt.Sprintf("cache_%s_%d", kind, t.block), DType: graph.Float16, Shape: graph.ShapeOf(1, t.s.kvHeads, t.past, dim), IsVariable: true})
	return t.node("CPY", graph.Concat, &graph.AxisAttrs{Axis: 2}, cache, x)
}

// feedForward is the gated or plain network, or a mixture of experts.
func (t *transformer) feedForward(x graph.TensorID) graph.TensorID {
	if t.byName[t.part("ffn_up_exps.weight")] != nil && t.s.used > 0 {
		return t.experts(x)
	}
	up := t.linear(x, t.part("ffn_up"))
	if t.byName[t.part("ffn_gate.weight")] != nil {
		gate := t.node("SILU", graph.Silu, nil, t.linear(x, t.part("ffn_gate")))
		up = t.node("MUL", graph.Mul, nil, gate, up)
	} else {
		up = t.node("GELU", graph.Gelu, nil, up)
	}
	return t.linear(up, t.part("ffn_down"))
}

// experts routes each token to a few networks: their weights are gathered and
// multiplied, which is what is read and computed.
func (t *transformer) experts(x graph.TensorID) graph.TensorID {
	k := t.s.used
	scores := t.node("SOFT_MAX", graph.Softmax, &graph.AxisAttrs{Axis: -1}, t.linear(x, t.part("ffn_gate_inp")))
	values := t.node("TOP_K", graph.TopK, &graph.TopKAttrs{K: k, Axis: -1}, scores)
	n := &t.g.Nodes[len(t.g.Nodes)-1]
	chosen := t.tensor(graph.Tensor{DType: graph.Int32})
	n.Outputs = append(n.Outputs, chosen)
	expert := func(x graph.TensorID, name string) graph.TensorID {
		w := t.weight(t.part(name + ".weight"))
		if w == graph.NoTensor {
			return x
		}
		picked := t.node("GET_ROWS", graph.Gather, &graph.GatherAttrs{}, w, chosen)
		return t.node("MUL_MAT_ID", graph.MatMul, &graph.MatMulAttrs{TransB: true}, x, picked)
	}
	wide := t.reshape(x, t.tokens, 1, 1, t.s.embed)
	up := expert(wide, "ffn_up_exps")
	if t.byName[t.part("ffn_gate_exps.weight")] != nil {
		up = t.node("MUL", graph.Mul, nil, t.node("SILU", graph.Silu, nil, expert(wide, "ffn_gate_exps")), up)
	} else {
		up = t.node("GELU", graph.Gelu, nil, up)
	}
	down := expert(up, "ffn_down_exps")
	weighted := t.node("MUL", graph.Mul, nil, down, t.reshape(values, t.tokens, k, 1, 1))
	sum := t.node("SUM_ROWS", graph.ReduceSum, &graph.ReduceAttrs{Axes: []int{1, 2}}, weighted)
	if t.byName[t.part("ffn_up_shexp.weight")] != nil {
		shared := t.node("MUL", graph.Mul, nil, t.node("SILU", graph.Silu, nil, t.linear(x, t.part("ffn_gate_shexp"))), t.linear(x, t.part("ffn_up_shexp")))
		sum = t.node("ADD", graph.Add, nil, sum, t.linear(shared, t.part("ffn_down_shexp")))
	}
	return sum
}
