package gguf_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/gguf"
)

func oldFixtures(t testing.TB) []formattest.Fixture {
	return slices.Concat(formattest.Load(t, "*.ggml"), formattest.Load(t, "*.ggjt"), formattest.Load(t, "*.ggla"))
}

func TestOld_conforms(t *testing.T) { formattest.Run(t, gguf.Old, oldFixtures(t)) }

func FuzzOld(f *testing.F) { formattest.Fuzz(f, gguf.Old, oldFixtures(f)) }

func TestOld_golden(t *testing.T) {
	for _, fx := range oldFixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, gguf.Old, fx, formattest.Update(*update)) })
	}
}

// TestOld_sameNetworkInEveryContainer: LLaMA in ggml, ggjt 1 and ggjt 3 has the
// same parameters and operators; the sizes of blocks differ.
func TestOld_sameNetworkInEveryContainer(t *testing.T) {
	const want = 2*20*32 + 32 + 2*(32*32*2+2*16*32+3*64*32+2*32)
	var first []string
	for _, name := range []string{"llama.ggml", "llama_v1.ggjt", "llama_v3.ggjt"} {
		m, err := gguf.Old.Parse(formattest.Load(t, name)[0].Input())
		if err != nil || m.IsPartial() {
			t.Fatalf("%s: %v %v", name, m, err)
		}
		if n, ok := formattest.Params(m); !ok || n != want {
			t.Errorf("%s: params %d, want %d", name, n, want)
		}
		ops := formattest.SourceOps(m)
		if first == nil {
			first = ops
		} else if !slices.Equal(ops, first) {
			t.Errorf("%s: operators differ", name)
		}
	}
}

func TestOld_whisperIsEncoderAndDecoder(t *testing.T) {
	m, err := gguf.Old.Parse(formattest.Load(t, "whisper.ggml")[0].Input())
	if err != nil || len(m.Graphs) != 2 || m.Graphs[0].Name != "encode 30 s" || m.Graphs[1].Name != "decode after 448" || m.Producer != "whisper" {
		t.Fatalf("%v, %v", m, err)
	}
	count := func(g int, word string) int {
		n := 0
		for _, op := range formattest.SourceOps(&graph.Model{Graphs: m.Graphs[g : g+1]}) {
			if op == word {
				n++
			}
		}
		return n
	}
	if count(0, "CONV_1D") != 2 || count(0, "FLASH_ATTN_EXT") != 1 || count(1, "FLASH_ATTN_EXT") != 2 || count(0, "MUL_MAT") != 4+2+2 || count(1, "MUL_MAT") != 4+2+2+1 {
		t.Errorf("operators %v", formattest.SourceOps(m))
	}
}

func TestOld_refusals(t *testing.T) {
	fx := formattest.Load(t, "whisper.ggml")[0]
	if _, err := gguf.Old.Parse(format.Input{Name: "x", Data: fx.Data[:len(fx.Data)-1]}); !errors.Is(err, format.ErrTruncated) {
		t.Errorf("cut in the last tensor: %v", err)
	}
	words := append([]byte("lmgg"), strings.Repeat("plain words ", 20)...)
	if got := gguf.Old.Match(format.Head{Bytes: words, Size: int64(len(words))}); got != format.No {
		t.Errorf("words match with confidence %d", got)
	}
}
