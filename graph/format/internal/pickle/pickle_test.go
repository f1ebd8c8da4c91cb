package pickle_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/internal/pickle"
)

// show writes a value in Python's way, at most a few levels deep.
func show(v pickle.Value, depth int) string {
	if depth > 8 {
		return "..."
	}
	list := func(items []pickle.Value) string {
		var out []string
		for _, x := range items {
			out = append(out, show(x, depth+1))
		}
		return strings.Join(out, ", ")
	}
	dict := func(d pickle.Dict) string {
		var out []string
		for i := range d.Keys {
			out = append(out, show(d.Keys[i], depth+1)+": "+show(d.Values[i], depth+1))
		}
		return strings.Join(out, ", ")
	}
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("b%q", v)
	case pickle.Tuple:
		return "(" + list(v) + ")"
	case *pickle.List:
		return "[" + list(v.Items) + "]"
	case *pickle.Dict:
		return "{" + dict(*v) + "}"
	case *pickle.Object:
		s := show(v.Class, depth+1) + show(v.Args, depth+1)
		if v.State != nil {
			s += "|" + show(v.State, depth+1)
		}
		if len(v.Pairs.Keys) > 0 {
			s += "{" + dict(v.Pairs) + "}"
		}
		if len(v.Items) > 0 {
			s += "[" + list(v.Items) + "]"
		}
		return s
	case *pickle.Persistent:
		return "<" + show(v.ID, depth+1) + ">"
	}
	return fmt.Sprint(v)
}

// The fixtures hold one value, written by Python in every protocol.
func TestLoad_everyProtocolGivesTheSameValue(t *testing.T) {
	want := `{"none": None, "flags": [true, false], "ints": [0, -1, 255, 65535, -70000, 1099511627776, -1], "float": 2.5, "text": "äöü", "tuple": (1, (2, 3), ()), "nested": {"a": {}, "b": []}`
	for p := range 6 {
		data, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("p%d.pkl", p)))
		if err != nil {
			t.Fatal(err)
		}
		v, n, err := pickle.Load(data, pickle.Limits{})
		if err != nil || n != len(data) {
			t.Errorf("protocol %d: %v after %d of %d bytes", p, err, n, len(data))
			continue
		}
		got := show(v, 0)
		if p == 0 { // text is escaped in protocol 0
			got = strings.ReplaceAll(got, `"\\xe4\\xf6\\xfc"`, `"äöü"`)
			got = strings.ReplaceAll(got, "\xe4\xf6\xfc", "äöü")
			got = strings.ReplaceAll(got, `\xe4\xf6\xfc`, "äöü")
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("protocol %d\n got %s\nwant %s", p, got, want)
		}
		if !strings.Contains(got, "OrderedDict") || !strings.Contains(got, `"key": 1`) {
			t.Errorf("protocol %d: no ordered dictionary in %s", p, got)
		}
	}
}

func TestLoad_nothingIsCalled(t *testing.T) {
	v, _, err := pickle.Load([]byte("cos\nsystem\n(S'true'\ntR."), pickle.Limits{})
	if err != nil || show(v, 0) != `os.system("true")` {
		t.Errorf("%s, %v", show(v, 0), err)
	}
}

func TestLoad_badPickles(t *testing.T) {
	for _, data := range []string{"", ".", "N", "0.", "(.", "t.", "\x80\x09.", "K", "h\x05.", "X\xff\xff\xff\xff.", "Na.", "\xff.", "(K\x01u.", "R.", "Iabc\n.", "cos\n", "\x93."} {
		var e *pickle.Error
		if _, _, err := pickle.Load([]byte(data), pickle.Limits{}); !errors.As(err, &e) {
			t.Errorf("%q: error %v", data, err)
		}
	}
}

func TestLoad_limits(t *testing.T) {
	for _, c := range []struct {
		data string
		lim  pickle.Limits
	}{{strings.Repeat("N0", 100) + "N.", pickle.Limits{Ops: 50}}, {"X\x64\x00\x00\x00" + strings.Repeat("x", 100) + ".", pickle.Limits{Text: 10}}} {
		var e *pickle.Error
		if _, _, err := pickle.Load([]byte(c.data), c.lim); !errors.As(err, &e) || !e.Limit {
			t.Errorf("%.10q: error %v, want a limit", c.data, err)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for p := range 6 {
		data, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("p%d.pkl", p)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { _, _, _ = pickle.Load(data, pickle.Limits{Ops: 10000}) })
}
