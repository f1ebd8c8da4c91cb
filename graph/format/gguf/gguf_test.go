package gguf_test

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/gguf"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) { formattest.Run(t, gguf.Format, formattest.Load(t, "*.gguf")) }

func FuzzParse(f *testing.F) { formattest.Fuzz(f, gguf.Format, formattest.Load(f, "*.gguf")) }

func TestParse_golden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.gguf") {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, gguf.Format, fx, formattest.Update(*update)) })
	}
}

func load(t *testing.T, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, gguf.Format, formattest.Load(t, name)[0])
}

func TestParse_everyTensorIsCountedOnce(t *testing.T) {
	const block = 32 + 32*32 + 2*16*32 + 32*32 + 32
	for name, want := range map[string]int64{
		"llama.gguf": 50*32 + 2*(block+3*64*32) + 32 + 4, "moe.gguf": 50*32 + 2*(block+4*32+3*4*64*32) + 32 + 4, "other.gguf": 36,
	} {
		if n, ok := formattest.Params(load(t, name)); !ok || n != want {
			t.Errorf("%s: params %d, want %d", name, n, want)
		}
	}
}

func TestParse_twoGraphsOfATransformer(t *testing.T) {
	m := load(t, "llama.gguf")
	if len(m.Graphs) != 2 || m.Graphs[0].Name != "decode after 128" || m.Graphs[1].Name != "prefill of 128" || m.IsPartial() {
		t.Fatalf("%d graphs, notes %v", len(m.Graphs), m.Notes)
	}
	words := strings.Join(formattest.SourceOps(&graph.Model{Graphs: m.Graphs[:1]}), " ")
	if strings.Count(words, "FLASH_ATTN_EXT") != 2 || strings.Count(words, "MUL_MAT") != 2*7+1 {
		t.Errorf("operators %s", words)
	}
	found := false
	for _, kv := range m.Metadata { // 2 blocks, 2 heads, 8+8 numbers of 2 bytes
		found = found || kv.Key == "gguf.kv_cache_bytes_per_token_f16" && kv.Value == "128"
	}
	if !found {
		t.Errorf("metadata %v", m.Metadata)
	}
	for _, x := range m.Graphs[0].Tensors {
		if x.Name == "blk.0.ffn_up.weight" && (x.DType != graph.BlockQuantized || x.Quant.Word != "q4_0" || x.Const.StoredBytes != 64*32/32*18 || x.Shape.String() != "[64, 32]") {
			t.Errorf("%s %s %+v, %d bytes", x.DType, x.Shape, x.Quant, x.Const.StoredBytes)
		}
	}
}

func TestParse_otherArchitecturesAreTensorsOnly(t *testing.T) {
	m := load(t, "other.gguf")
	if len(m.Graphs) != 1 || len(m.Graphs[0].Nodes) != 0 || !m.IsPartial() {
		t.Errorf("%d nodes, notes %v", len(m.Graphs[0].Nodes), m.Notes)
	}
}

func TestParse_missingShardIsPartial(t *testing.T) {
	fx := formattest.Load(t, "llama.gguf")[0]
	fx.Name = "m-00001-of-00003.gguf"
	fx.Companions = map[string][]byte{"m-00002-of-00003.gguf": formattest.Load(t, "other.gguf")[0].Data}
	m, err := gguf.Parse(fx.Input())
	if err != nil || len(m.Parts) != 2 || !m.Parts[0].Found || m.Parts[1].Found || !m.IsPartial() {
		t.Errorf("error %v, parts %+v", err, m.Parts)
	}
}

func TestParse_versions(t *testing.T) {
	for head, kind := range map[string]error{"GGUF\x00\x00\x00\x03": format.ErrUnsupported, "GGUF\x09\x00\x00\x00": format.ErrUnsupported, "GGUF\x03\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff": format.ErrTruncated} {
		data := append([]byte(head), make([]byte, 40)...)
		if _, err := gguf.Parse(format.Input{Name: "x", Data: data}); !errors.Is(err, kind) {
			t.Errorf("%q: error %v, want %v", head, err, kind)
		}
	}
}

// TestParse_textEncoderHasNoCacheAndNoLogits: BERT has the tensors of a decoder.
func TestParse_textEncoderHasNoCacheAndNoLogits(t *testing.T) {
	m := load(t, "bert.gguf")
	if len(m.Graphs) != 1 || m.Graphs[0].Name != "encode 64 tokens" || m.IsPartial() {
		t.Fatalf("%d graphs, notes %v", len(m.Graphs), m.Notes)
	}
	words := map[string]int{}
	for _, w := range formattest.SourceOps(m) {
		words[w]++
	}
	if words["MUL_MAT"] != 6 || words["FLASH_ATTN_EXT"] != 1 || words["CPY"]+words["ROPE"]+words["RMS_NORM"] != 0 {
		t.Errorf("operators %v", words)
	}
	for _, kv := range m.Metadata {
		if strings.Contains(kv.Key, "kv_cache") {
			t.Errorf("an encoder with %s", kv.Key)
		}
	}
}

func TestParse_imageEncoderWithItsProjector(t *testing.T) {
	m := load(t, "mmproj.gguf")
	if len(m.Graphs) != 1 || m.Graphs[0].Name != "encode an image of 32" || m.IsPartial() {
		t.Fatalf("%d graphs, notes %v", len(m.Graphs), m.Notes)
	}
	products := 0
	for _, w := range formattest.SourceOps(m) {
		if w == "MUL_MAT" {
			products++
		}
	}
	if products != 4+2+2 || len(m.Notes) != 1 {
		t.Errorf("%d products, notes %v", products, m.Notes)
	}
}
