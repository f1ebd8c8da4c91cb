package rknn_test

import (
	"bytes"
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/rknn"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, rknn.Format, formattest.Load(t, "*.rknn"))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, rknn.Format, formattest.Load(f, "*.rknn"))
}

func TestParse_golden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.rknn") {
		formattest.Golden(t, rknn.Format, fx, formattest.Update(*update))
	}
}

func TestParse_bodyAlone(t *testing.T) {
	fx := formattest.Load(t, "tiny.rknn")[0]
	body := fx.Data[64 : len(fx.Data)-600]
	if got := rknn.Format.Match(format.Head{Name: "model", Bytes: body, Size: int64(len(body))}); got != format.Certain {
		t.Fatalf("match is %d", got)
	}
	m, err := rknn.Format.Parse(format.Input{Name: "model", Data: body})
	if err != nil || len(m.Graphs) != 1 || len(m.Graphs[0].Nodes) < 5 {
		t.Errorf("%v, %v", m, err)
	}
}

func TestParse_refusals(t *testing.T) {
	fx := formattest.Load(t, "tiny.rknn")[0]
	for _, c := range []struct {
		name string
		data []byte
		kind error
	}{
		{"encrypted", append([]byte("CYPTRKNN"), make([]byte, 99)...), format.ErrEncrypted},
		{"cut in the body", fx.Data[:len(fx.Data)-2000], format.ErrTruncated},
		{"cut in the summary", fx.Data[:len(fx.Data)-1], format.ErrTruncated},
		{"the word alone", append([]byte("RKNN\x00\x00\x00\x00runtime version"), make([]byte, 99)...), format.ErrNotModel},
	} {
		if _, err := rknn.Format.Parse(format.Input{Name: "x", Data: c.data}); !errors.Is(err, c.kind) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	word := append([]byte("RKNN\x00\x00\x00\x00runtime version"), make([]byte, 99)...)
	if got := rknn.Format.Match(format.Head{Name: "librknnrt.so", Bytes: word, Size: int64(len(word))}); got != format.No {
		t.Errorf("the word alone matches with confidence %d", got)
	}
	more := append(bytes.Clone(fx.Data), 1, 2, 3)
	if m, err := rknn.Format.Parse(format.Input{Name: "x", Data: more, Trailing: true}); err != nil || m.Length != int64(len(fx.Data)) {
		t.Errorf("with bytes behind: %v, %v", m, err)
	}
}
