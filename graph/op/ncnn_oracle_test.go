package op_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/ncnn"
	"github.com/gaugenn/gaugenn/graph/op"
)

// TestInfer_agreesWithNcnn compares with the sizes of results that ncnn itself
// gave (testdata/gen_ncnn.py): its files state none but those of inputs.
func TestInfer_agreesWithNcnn(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "ncnn.oracle.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		inputs, want := strings.Split(f[2], ";"), strings.Split(f[3], ";")
		m, err := ncnn.Parse(format.Input{Name: "a.param", Data: []byte(ncnnText(f[0], f[1], inputs, len(want)))})
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		shaped, issues := op.Infer(m)
		for _, i := range issues {
			t.Errorf("%s %s: %s", f[0], f[1], i)
		}
		g := shaped.Graphs[0]
		for i, id := range g.Outputs {
			if got := g.Tensors[id].Shape.String(); got != "["+strings.ReplaceAll(want[i], ",", ", ")+"]" {
				t.Errorf("%s %s of %s: result %d has shape %s, want [%s]", f[0], f[1], f[2], i, got, want[i])
			}
		}
	}
}

// ncnnText is a network of one layer; inputs are "h,w" or "c,d,h,w" and such.
func ncnnText(kind, params string, inputs []string, outs int) string {
	letters := map[int][]int{1: {0}, 2: {1, 0}, 3: {2, 1, 0}, 4: {2, 11, 1, 0}}
	var text, ins, tops strings.Builder
	fmt.Fprintf(&text, "7767517\n%d %d\n", len(inputs)+1, len(inputs)+outs)
	for i, in := range inputs {
		dims := strings.Split(in, ",")
		fmt.Fprintf(&text, "Input in%d 0 1 in%d", i, i)
		for j, d := range dims {
			fmt.Fprintf(&text, " %d=%s", letters[len(dims)][j], d)
		}
		text.WriteByte('\n')
		fmt.Fprintf(&ins, " in%d", i)
	}
	for i := range outs {
		fmt.Fprintf(&tops, " out%d", i)
	}
	fmt.Fprintf(&text, "%s layer %d %d%s%s %s\n", kind, len(inputs), outs, &ins, &tops, params)
	return text.String()
}
