package mxnet_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mxnet"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, mxnet.Format, formattest.Load(t, "*-symbol.json"))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, mxnet.Format, append(formattest.Load(f, "*-symbol.json"), formattest.Load(f, "*.params")...))
}

func TestParse_golden(t *testing.T) {
	formattest.Golden(t, mxnet.Format, formattest.Load(t, "*-symbol.json")[0], formattest.Update(*update))
}

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	formattest.CheckTruth(t, mxnet.Format, formattest.Truths(t, "mxnet"), nil)
}

const stored = 4*3*3*3 + 4*4 + 4 + 4*2*2*2 + 2 + 5*128 + 5

func TestParse_bothArrayLayouts(t *testing.T) {
	fx := formattest.Load(t, "*-symbol.json")[0]
	all := fx.Companions
	for _, file := range []string{"net-0000.params", "older.params"} {
		fx.Companions = map[string][]byte{file: all[file], "junk.params": []byte("junk")}
		m, err := mxnet.Parse(fx.Input())
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := formattest.Params(m); !ok || n != stored || m.IsPartial() || m.Parts[0].Name != file || m.FormatVersion != "1.9.1" {
			t.Errorf("%s: params %d, want %d; notes %v, version %q", file, n, stored, m.Notes, m.FormatVersion)
		}
	}
}

func TestParse_withoutParametersIsPartial(t *testing.T) {
	fx := formattest.Load(t, "*-symbol.json")[0]
	fx.Companions = nil
	m, err := mxnet.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	if !m.IsPartial() || len(m.Graphs[0].Inputs) != 2 {
		t.Errorf("notes %v, inputs %v", m.Notes, m.Graphs[0].Inputs)
	}
}

func TestParse_parametersAlone(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.params") {
		if _, err := mxnet.Parse(fx.Input()); !errors.Is(err, format.ErrPart) {
			t.Errorf("%s: error %v, want part", fx.Name, err)
		}
		for n := 8; n < len(fx.Data); n += 7 {
			cut := fx
			cut.Data = fx.Data[:n]
			if _, err := mxnet.Parse(cut.Input()); !errors.Is(err, format.ErrTruncated) && !errors.Is(err, format.ErrMalformed) {
				t.Fatalf("%s cut at %d: error %v", fx.Name, n, err)
			}
		}
	}
}

func TestMatch_refusesOtherJSON(t *testing.T) {
	for _, text := range []string{
		`{"nodes": [{"op": "tvm_op", "name": "a", "inputs": []}, {"op": "null"}], "heads": []}`, `{"nodes": []}`, `[]`, ``, `{"layers": [{"op": "null"}]}`, `nodes op name inputs null`,
	} {
		if c := mxnet.Format.Match(format.Head{Bytes: []byte(text)}); c != format.No {
			t.Errorf("%q: confidence %d", text, c)
		}
	}
}

func TestParse_badFiles(t *testing.T) {
	for text, kind := range map[string]error{
		`{"nodes": [{"op": "null", "name": "a", "inputs": []}`:                                                    format.ErrTruncated,
		`{"nodes": [{"op": "null", "name": "a", "inputs": []}, {"op": "relu", "name": "b", "inputs": [[5, 0]]}]}`: format.ErrMalformed,
		`{"nodes": [{"op": "null", "name": "a", "inputs": []}, } ]}`:                                              format.ErrMalformed,
		`{"nodes": "op name inputs null", "name": 1, "op": 2, "inputs": 3, "x": "null"}`:                          format.ErrMalformed,
	} {
		if _, err := mxnet.Parse(format.Input{Name: "x.json", Data: []byte(text)}); !errors.Is(err, kind) {
			t.Errorf("%q: error %v, want %v", text, err, kind)
		}
	}
}
