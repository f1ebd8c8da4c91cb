package textwire_test

import (
	"errors"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
	"github.com/gaugenn/gaugenn/graph/format/internal/textwire"
)

var schema = textwire.Schema{
	Messages: map[string]map[string]textwire.Field{
		"Graph": {"node": textwire.Sub(1, "Node"), "f": textwire.Of(2, textwire.Float), "d": textwire.Of(3, textwire.Double)},
		"Node":  {"name": textwire.Of(1, textwire.Bytes), "n": textwire.Of(2, textwire.Varint), "on": textwire.Of(3, textwire.Bool), "type": textwire.Word(4, "Type")},
	},
	Enums: map[string]map[string]int64{"Type": {"DT_FLOAT": 1}},
}

func TestEncode(t *testing.T) {
	text := `node { name: "a\000b" n: -3 on: true type: DT_FLOAT unknown: 7 } f: 1.5 d: inf node { n: 18446744073709551615 }`
	b, err := textwire.Encode([]byte(text), schema, "Graph", textproto.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m := protowire.NewMessage(b)
	var f protowire.Field
	var got []int32
	for m.Next(&f) {
		got = append(got, f.Number)
		if f.Number == 2 && f.Float32() != 1.5 {
			t.Errorf("float is %v", f.Float32())
		}
		if f.Number == 1 && len(got) == 1 {
			inner := f.Message()
			var x protowire.Field
			inner.Next(&x)
			if x.String() != "a\x00b" {
				t.Errorf("name is %q", x.String())
			}
			inner.Next(&x)
			if x.Int64() != -3 {
				t.Errorf("n is %d", x.Int64())
			}
			inner.Next(&x)
			inner.Next(&x)
			if x.Number != 4 || x.Int64() != 1 {
				t.Errorf("enum is field %d value %d", x.Number, x.Int64())
			}
		}
	}
	if m.Err() != nil || len(got) != 4 {
		t.Errorf("fields %v, %v", got, m.Err())
	}
}

func TestEncode_bad(t *testing.T) {
	for text, kind := range map[string]error{
		`node { name: "a"`: textwire.ErrTruncated, `node: 3`: nil, `f { }`: nil, `node { n: abc }`: nil,
	} {
		_, err := textwire.Encode([]byte(text), schema, "Graph", textproto.Limits{})
		if err == nil || kind != nil && !errors.Is(err, kind) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := textwire.Encode([]byte(`f: 1 f: 2 f: 3`), schema, "Graph", textproto.Limits{Fields: 2}); !errors.Is(err, textwire.ErrLimit) {
		t.Errorf("limit: %v", err)
	}
}
