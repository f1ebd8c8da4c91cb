package gguf

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const oldName = "ggml"

// Old is the entry of the containers before GGUF in the list of formats.
//
// A magic, in some a version, a list of numbers whose meaning follows from the
// program that reads the file, a vocabulary, and tensors up to the end. The
// meaning is found by trying: a layout counts when vocabulary and tensors lead
// exactly to the end of the file.
//
// Sources: ggml-org/llama.cpp llama.cpp of 2023 (ggml, ggmf, ggjt 1 to 3) and
// convert-lora-to-ggml.py; ggml-org/whisper.cpp models/convert-pt-to-ggml.py;
// ggml-org/ggml examples gpt-2, gpt-j, gpt-neox, starcoder.
var Old = format.Format{
	Name:       oldName,
	Title:      "GGML before GGUF (llama.cpp, whisper.cpp)",
	Extensions: []string{"bin", "ggml"},
	Magic:      `u32 "ggml", "ggmf", "ggjt" or "ggla" ("lmgg", "fmgg", "tjgg", "algg" at 0), then tensors that lead to the end`,
	Container:  "own header, vocabulary and tensors",
	Reads:      "Sizes, vocabulary size, tensors with block types; operators of LLaMA (decode, prefill) and Whisper (encoder, decoder).",
	ReadsNot:   "Operators of other architectures (tensors only), voice activity and multimodal files.",
	Match:      matchOld,
	Parse: func(in format.Input) (*graph.Model, error) {
		m, err := parseOld(in)
		if err != nil {
			return nil, format.In(err, oldName, in)
		}
		return m, nil
	},
}

// layout is what a program wrote between magic and tensors.
type layout struct {
	arch string
	// fields are the names of the numbers, in order.
	fields []string
	// vocab says how the vocabulary follows: its size again, a score per word.
	counted, scored bool
	// filters says that mel filters precede the vocabulary (whisper).
	filters bool
	// plain has no vocabulary (lora).
	plain bool
}

var (
	llamaFields = []string{"n_vocab", "n_embd", "n_mult", "n_head", "n_layer", "n_rot", "ftype"}
	oldLayouts  = map[string][]layout{
		"lmgg": {
			{arch: "whisper", fields: []string{"n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer", "n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels", "ftype"}, counted: true, filters: true},
			{arch: "llama", fields: llamaFields},
			{arch: "gptneox", fields: []string{"n_vocab", "n_ctx", "n_embd", "n_head", "n_layer", "n_rot", "par_res", "ftype"}},
			{arch: "gptj", fields: []string{"n_vocab", "n_ctx", "n_embd", "n_head", "n_layer", "n_rot", "ftype"}, counted: true},
			{arch: "gpt2", fields: []string{"n_vocab", "n_ctx", "n_embd", "n_head", "n_layer", "ftype"}, counted: true},
		},
		"fmgg": {{arch: "llama", fields: llamaFields, scored: true}},
		"tjgg": {{arch: "llama", fields: llamaFields, scored: true}},
		"algg": {{arch: "lora", fields: []string{"r", "alpha"}, plain: true}},
	}
	// oldSizes are bytes per block while scales had 32 bits (before ggjt 3).
	oldSizes = map[uint32]ggmlType{
		2: {"q4_0", 32, 20, graph.BlockQuantized}, 3: {"q4_1", 32, 24, graph.BlockQuantized}, 4: {"q4_2", 16, 10, graph.BlockQuantized},
		5: {"q4_3", 16, 12, graph.BlockQuantized}, 8: {"q8_0", 32, 36, graph.BlockQuantized},
	}
)

func matchOld(h format.Head) format.Confidence {
	if len(h.Bytes) < 40 || oldLayouts[string(h.Bytes[:4])] == nil {
		return format.No
	}
	// The magic is followed by a version, or by the size of a vocabulary.
	v := binary.LittleEndian.Uint32(h.Bytes[4:])
	versioned := h.Bytes[0] != 'l'
	if versioned && (v == 0 || v > 8) || !versioned && (v < 2 || v > 1<<20) {
		return format.No
	}
	return format.Likely
}

func parseOld(in format.Input) (*graph.Model, error) {
	if matchOld(format.Head{Bytes: in.Data[:min(len(in.Data), format.MaxHead)], Size: int64(len(in.Data))}) == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "no ggml container")
	}
	lim := in.Limits.OrDefault()
	var best error
	furthest := int64(-1)
	for _, l := range oldLayouts[string(in.Data[:4])] {
		for _, old := range []bool{false, true} {
			o := &oldFile{file: file{values: map[string]any{}}, r: reader{data: in.Data, pos: 4, lim: lim}, old: old}
			err := o.read(l, string(in.Data[:4]))
			if err == nil {
				return o.model(l, in)
			}
			if n := int64(len(o.tensors)); n > furthest {
				furthest, best = n, err
			}
		}
	}
	return nil, best
}

// oldFile is a container being read.
type oldFile struct {
	file
	r    reader
	old  bool // scales of 32 bits
	nums map[string]int64
}

func (o *oldFile) word() int64 { return int64(int32(o.r.uint(4))) }

// read follows a layout to the end of the file.
func (o *oldFile) read(l layout, magic string) error {
	if magic != "lmgg" {
		o.version = uint32(o.r.uint(4))
	}
	o.nums = map[string]int64{}
	for _, name := range l.fields {
		o.nums[name] = o.word()
		o.metadata = append(o.metadata, graph.KeyValue{Key: "ggml." + name, Value: fmt.Sprint(o.nums[name])})
	}
	if !l.plain {
		if err := o.vocabulary(l); err != nil {
			return err
		}
	}
	align := int64(1)
	if magic == "tjgg" || magic == "algg" {
		align = 32
	}
	for o.r.pos < int64(len(o.r.data)) {
		if len(o.tensors) >= o.r.lim.Tensors {
			return format.Errorf(format.ErrLimit, o.r.pos, "more than %d tensors", o.r.lim.Tensors)
		}
		if err := o.tensor(align); err != nil {
			return err
		}
	}
	if len(o.tensors) == 0 {
		return format.Errorf(format.ErrTruncated, o.r.pos, "no tensors behind the vocabulary")
	}
	o.end = o.r.pos
	return nil
}

// vocabulary skips mel filters and words.
func (o *oldFile) vocabulary(l layout) error {
	at := o.r.pos
	n := o.nums["n_vocab"]
	for _, name := range l.fields {
		if v := o.nums[name]; v < 0 || v > 1<<20 {
			return format.Errorf(format.ErrMalformed, at, "%s is %d", name, v)
		}
	}
	if l.filters {
		mels, fft := o.word(), o.word()
		if mels != o.nums["n_mels"] || mels <= 0 || fft <= 0 || fft > 1<<16 {
			return format.Errorf(format.ErrMalformed, at, "mel filters of %d by %d", mels, fft)
		}
		o.r.take(4 * mels * fft)
	}
	if l.counted {
		if n = o.word(); n < 0 || n > o.nums["n_vocab"] {
			return format.Errorf(format.ErrMalformed, at, "vocabulary of %d words, the header says %d", n, o.nums["n_vocab"])
		}
	}
	for i := range n {
		size := o.r.uint(4)
		if size > 1<<16 {
			return format.Errorf(format.ErrMalformed, o.r.pos, "word %d of %d bytes", i, size)
		}
		o.r.take(int64(size))
		if l.scored {
			o.r.take(4)
		}
		if o.r.failed {
			return format.Errorf(format.ErrTruncated, at, "word %d of %d", i, n)
		}
	}
	return nil
}

// tensor reads rank, name length, type, dimensions, name and value.
func (o *oldFile) tensor(align int64) error {
	at := o.r.pos
	rank, size, kind := o.word(), o.word(), uint32(o.r.uint(4))
	if o.r.failed {
		return format.Errorf(format.ErrTruncated, at, "tensor %d", len(o.tensors))
	}
	g, ok := types[kind]
	if old, is := oldSizes[kind]; is && o.old {
		g, ok = old, true
	}
	if rank < 1 || rank > 4 || size < 1 || size > 256 || !ok {
		return format.Errorf(format.ErrMalformed, at, "tensor %d of rank %d, type %d, name of %d bytes", len(o.tensors), rank, kind, size)
	}
	dims, elems := make([]int64, rank), int64(1)
	for k := range dims { // innermost first
		d := o.word()
		if d <= 0 || elems > (1<<50)/d {
			return format.Errorf(format.ErrMalformed, at, "tensor %d: dimension %d", len(o.tensors), d)
		}
		dims[rank-1-int64(k)] = d
		elems *= d
	}
	t := graph.Tensor{Name: string(o.r.take(size)), Shape: graph.ShapeOf(dims...), DType: g.dtype}
	if strings.ContainsFunc(t.Name, func(c rune) bool { return c < ' ' || c > '~' }) {
		return format.Errorf(format.ErrMalformed, at, "tensor %d has the name %q", len(o.tensors), clip(t.Name))
	}
	if g.dtype == graph.BlockQuantized {
		t.Quant = &graph.Quant{Scheme: graph.QuantBlockwise, BlockSize: g.block, Axis: int(rank - 1), Word: g.name}
	}
	if elems%g.block != 0 {
		return format.Errorf(format.ErrMalformed, at, "tensor %q: %d elements of %s", clip(t.Name), elems, g.name)
	}
	o.r.pos = (o.r.pos + align - 1) / align * align
	bytes := elems / g.block * g.bytes
	data := o.r.take(bytes)
	if o.r.failed {
		return format.Errorf(format.ErrTruncated, at, "tensor %q of %d bytes beyond a file of %d", clip(t.Name), bytes, len(o.r.data))
	}
	t.Const = &graph.Const{Data: data, StoredBytes: bytes}
	o.tensors = append(o.tensors, t)
	return nil
}

// model makes the model of a file that was read to its end.
func (o *oldFile) model(l layout, in format.Input) (*graph.Model, error) {
	magic := in.Data[:4]
	m := &graph.Model{Format: oldName, FormatVersion: fmt.Sprintf("%c%c%c%c", magic[3], magic[2], magic[1], magic[0]), Producer: l.arch, Metadata: o.metadata}
	if o.version > 0 {
		m.FormatVersion += fmt.Sprintf(" %d", o.version)
	}
	switch l.arch {
	case "llama":
		o.llama()
		build(m, &o.file)
	case "whisper":
		o.whisper(m)
	default:
		m.Graphs = []*graph.Graph{{Tensors: o.tensors}}
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("tensors only: the operators of architecture %q are not known here", l.arch)})
	}
	return m, nil
}

// llamaNames are the parts of a block by their old names.
var llamaNames = strings.NewReplacer(
	"layers.", "blk.", "attention.wq", "attn_q", "attention.wk", "attn_k", "attention.wv", "attn_v", "attention.wo", "attn_output",
	"feed_forward.w1", "ffn_gate", "feed_forward.w2", "ffn_down", "feed_forward.w3", "ffn_up", "attention_norm", "attn_norm", "tok_embeddings", "token_embd",
)

// llama gives the sizes their names of today. The number of key heads is not
// stored: it follows from the rows of the key's weight.
func (o *oldFile) llama() {
	o.rename = func(n string) string {
		if n == "norm.weight" {
			return "output_norm.weight"
		}
		return llamaNames.Replace(n)
	}
	o.values["general.architecture"] = "llama"
	o.values["llama.block_count"], o.values["llama.embedding_length"] = o.nums["n_layer"], o.nums["n_embd"]
	heads := o.nums["n_head"]
	o.values["llama.attention.head_count"] = heads
	for i := range o.tensors {
		if t := &o.tensors[i]; t.Name == "layers.0.attention.wk.weight" && t.Shape.Len() == 2 && heads > 0 && o.nums["n_embd"] >= heads {
			o.values["llama.attention.head_count_kv"] = t.Shape.Dim(0).Int() / (o.nums["n_embd"] / heads)
		}
	}
}
