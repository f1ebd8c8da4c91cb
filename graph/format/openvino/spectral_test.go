package openvino_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/openvino"
	"github.com/gaugenn/gaugenn/graph/op"
)

// port is a port of the given id and size.
func port(id int, dims ...int) string {
	s := fmt.Sprintf(`<port id="%d" precision="FP32">`, id)
	for _, d := range dims {
		s += fmt.Sprintf("<dim>%d</dim>", d)
	}
	return s + "</port>"
}

// TestParse_spectraOfRealValues: OpenVINO gives complex values an axis of 2 that
// real ones lack; the shapes are those of its specification of RDFT and IRDFT.
func TestParse_spectraOfRealValues(t *testing.T) {
	for _, c := range []struct {
		word string
		axis byte
		x, y []int
		ops  int64
	}{
		{"RDFT", 1, []int{2, 16}, []int{2, 9, 2}, 2 * 5 * 16 * 4 / 2},
		{"IRDFT", 1, []int{2, 9, 2}, []int{2, 16}, 2 * 5 * 16 * 4 / 2},
		{"DFT", 1, []int{3, 16, 2}, []int{3, 16, 2}, 3 * 5 * 16 * 4},
		{"IDFT", 0, []int{16, 3, 2}, []int{16, 3, 2}, 3 * 5 * 16 * 4},
	} {
		var xml strings.Builder
		xml.WriteString(`<net name="a" version="11"><layers><layer id="0" name="x" type="Parameter" version="opset1"><output>`)
		xml.WriteString(port(0, c.x...) + `</output></layer>`)
		xml.WriteString(`<layer id="1" name="axes" type="Const" version="opset1"><data element_type="i64" shape="1" offset="0" size="8"/><output><port id="0" precision="I64"><dim>1</dim></port></output></layer>`)
		xml.WriteString(`<layer id="2" name="f" type="` + c.word + `" version="opset9"><input>` + port(0, c.x...) + port(1, 1) + `</input><output>` + port(2, c.y...) + `</output></layer></layers>`)
		xml.WriteString(`<edges><edge from-layer="0" from-port="0" to-layer="2" to-port="0"/><edge from-layer="1" from-port="0" to-layer="2" to-port="1"/></edges></net>`)
		in := format.Input{Name: "a.xml", Data: []byte(xml.String()), Open: func(string) ([]byte, error) { return []byte{c.axis, 0, 0, 0, 0, 0, 0, 0}, nil }}
		m, err := openvino.Parse(in)
		if err != nil {
			t.Fatalf("%s: %v", c.word, err)
		}
		shaped, issues := op.Infer(m)
		for _, i := range issues {
			t.Errorf("%s: %s", c.word, i)
		}
		for i, k := range op.Costs(shaped)[0] {
			if n := shaped.Graphs[0].Nodes[i]; n.SourceOp == c.word && (!k.Known || k.Ops != c.ops) {
				t.Errorf("%s: known %v, %d operations, want %d", c.word, k.Known, k.Ops, c.ops)
			}
		}
	}
}
