package coreml

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/op"
)

func TestZZ(t *testing.T) {
	ps := []string{"/work/shared/corpus/models/coreml/edvardHua+PoseEstimationForMobile/release/hourglass_model/model.mlmodel", "/tmp/gn/got/pypi-basic-pitch-0.4.0/basic_pitch/saved_models/icassp_2022/nmp.mlpackage/Data/com.apple.CoreML/model.mlmodel"}
	more, _ := filepath.Glob("testdata/*.mlmodel")
	for _, p := range append(ps, more...) {
		b, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		fmt.Println(p, match(format.Head{Bytes: b[:min(len(b), 65536)], Size: int64(len(b))}))
		m, err := parse(format.Input{Path: p, Data: b, Open: func(n string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(p), n)) }})
		if err != nil {
			fmt.Println("ERR", err)
			continue
		}
		fmt.Println(m.FormatVersion, m.Producer, m.Metadata, m.Parts, m.Notes, len(m.Graphs), m.Opaque)
		if err := graph.Validate(m); err != nil {
			t.Error(err)
		}
		m2, is := op.Infer(m)
		for i, x := range is {
			if i < 10 {
				fmt.Println("ISSUE", x)
			}
		}
		unk := map[string]int{}
		src := map[string]int{}
		ns, nt := 0, 0
		var params, all int64
		seen := map[*graph.Const]bool{}
		for _, g := range m2.Graphs {
			for i := range g.Tensors {
				tt := &g.Tensors[i]
				if tt.Const != nil && !seen[tt.Const] {
					seen[tt.Const] = true
					n, _ := tt.Shape.Elements()
					all += n
					if !tt.Const.NotParam {
						params += n
					}
				}
			}
			for _, n := range g.Nodes {
				src[n.SourceOp]++
				if n.Op == graph.Unknown {
					unk[n.SourceOp]++
				}
				for _, o := range n.Outputs {
					nt++
					if g.Tensors[o].Shape.IsStatic() {
						ns++
					}
				}
			}
			fmt.Println("  graph", g.Name, g.Role, len(g.Nodes), g.Inputs, g.Outputs)
			for _, o := range g.Outputs {
				fmt.Println("   out", g.Tensors[o].Name, g.Tensors[o].Shape)
			}
		}
		tot := op.Total(m2, op.Costs(m2))
		fmt.Println("unknown", unk, "static", ns, nt, "params", params, all, "MACs", tot.MACs, tot.UnknownNodes, tot.Reasons)
		fmt.Println(src)
		if os.Getenv("DUMP") != "" {
			graph.Dump(os.Stdout, m2)
		}
	}
}
