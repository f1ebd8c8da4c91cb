package textproto_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
)

// show writes a tree on one line.
func show(m *textproto.Message) string {
	var parts []string
	for _, f := range m.Fields {
		switch {
		case f.Message != nil:
			parts = append(parts, f.Name+"{"+show(f.Message)+"}")
		case f.Quoted:
			parts = append(parts, fmt.Sprintf("%s=%q", f.Name, f.Text))
		default:
			parts = append(parts, f.Name+"="+f.Text)
		}
	}
	return strings.Join(parts, " ")
}

func TestParse_readsTheTextFormat(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{``, ``},
		{`# only a comment`, ``},
		{"\xef\xbb\xbfa: 1", `a=1`},
		{`a: 1 b: -2.5e-3, c: true; d: FOO`, `a=1 b=-2.5e-3 c=true d=FOO`},
		{`a { b: 1 } c: { d: 2 } e < f: 3 >`, `a{b=1} c{d=2} e{f=3}`},
		{`a: [1, 2, 3] b: []`, `a=1 a=2 a=3`},
		{`a: [{ x: 1 }, { x: 2 }]`, `a{x=1} a{x=2}`},
		{`s: "a\tb\x41\101\u00e9" 'c"d'`, `s="a\tbAAéc\"d"`},
		{`[type.googleapis.com/x.Y] { z: - 1 }`, `[type.googleapis.com/x.Y]{z=-1}`},
		{"a: -inf # end\nb: 0x1F", `a=-inf b=0x1F`},
	} {
		m, err := textproto.Parse([]byte(c.in), textproto.Limits{})
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
		}
		if got := show(m); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestParse_malformedTextReportsOffset(t *testing.T) {
	for _, c := range []struct {
		in        string
		offset    int64
		truncated bool
	}{
		{`a`, 1, true}, {`a {`, 3, true}, {`a: "x`, 5, true}, {`a: "\`, 5, true}, {`a: [1`, 5, true},
		{`a: }`, 3, false}, {`}`, 0, false}, {`1: 2`, 0, false}, {`a: "x` + "\n" + `"`, 5, false},
		{`a [1]`, 2, false}, {`a: "\q"`, 5, false}, {`[a b]: 1`, 2, false}, {`a: [1 2]`, 6, false}, {`PK` + "\x03\x04", 2, false},
	} {
		_, err := textproto.Parse([]byte(c.in), textproto.Limits{})
		var e *textproto.Error
		if !errors.As(err, &e) {
			t.Errorf("%q: error %v", c.in, err)
			continue
		}
		if e.Offset != c.offset || e.Truncated != c.truncated {
			t.Errorf("%q: %v, truncated %v, want offset %d, %v", c.in, err, e.Truncated, c.offset, c.truncated)
		}
	}
}

func TestParse_keepsLimits(t *testing.T) {
	for _, c := range []struct {
		in  string
		lim textproto.Limits
	}{
		{strings.Repeat("a{", 100), textproto.Limits{Depth: 10}},
		{strings.Repeat("a:1 ", 100), textproto.Limits{Fields: 10}},
		{`a: "` + strings.Repeat("x", 100) + `"`, textproto.Limits{Text: 10}},
		{`a: ` + strings.Repeat("1", 100), textproto.Limits{Text: 10}},
		{strings.Repeat("n", 100) + `: 1`, textproto.Limits{Text: 10}},
	} {
		_, err := textproto.Parse([]byte(c.in), c.lim)
		var e *textproto.Error
		if !errors.As(err, &e) || !e.Limit {
			t.Errorf("%.20q: error %v, want a limit", c.in, err)
		}
	}
}

func TestMessage_lookups(t *testing.T) {
	m, err := textproto.Parse([]byte(`n: 3 n: 4 f: 1.5f b: true sub { x: 7 } w: word`), textproto.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Ints("n"); len(got) != 2 || got[0] != 3 || m.Int("n", 0) != 4 {
		t.Errorf("n = %v, last %d", got, m.Int("n", 0))
	}
	if v, ok := m.All("f")[0].Float(); !ok || v != 1.5 {
		t.Errorf("f = %v", v)
	}
	if !m.Bool("b", false) || m.Bool("none", false) || !m.Bool("none", true) {
		t.Error("bool")
	}
	if m.Message("sub").Int("x", 0) != 7 || m.Message("none").Int("x", 9) != 9 || m.Message("none").Has("x") {
		t.Error("message")
	}
	if m.Text("w") != "word" || m.Int("w", 5) != 5 {
		t.Error("word")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`a { b: [1, 2] c: "x\n" } # end`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := textproto.Parse(data, textproto.Limits{Fields: 1000, Depth: 20, Text: 1000})
		if m == nil {
			t.Fatalf("no tree, error %v", err)
		}
	})
}
