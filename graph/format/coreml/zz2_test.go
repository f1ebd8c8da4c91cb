package coreml

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
)

func TestZ2(t *testing.T) {
	p := "/tmp/gn/got/pypi-basic-pitch-0.4.0/basic_pitch/saved_models/icassp_2022/nmp.mlpackage/Data/com.apple.CoreML/model.mlmodel"
	b, _ := os.ReadFile(p)
	m, _ := parse(format.Input{Path: p, Data: b, Open: func(n string) ([]byte, error) { return os.ReadFile(filepath.Join(filepath.Dir(p), n)) }})
	sum := map[string]int64{}
	for i := range m.Graphs[0].Tensors {
		tt := &m.Graphs[0].Tensors[i]
		if tt.Const == nil {
			continue
		}
		n, _ := tt.Shape.Elements()
		k := fmt.Sprint(tt.DType, " blob=", tt.Const.Location != "", " rank=", tt.Shape.Len())
		sum[k] += n
		if tt.Const.Location == "" && tt.DType.IsFloat() && tt.Shape.Len() > 0 {
			fmt.Println(tt.Name, tt.Shape)
		}
		if tt.Const.Location != "" {
			fmt.Println("BLOB", tt.Name, tt.Shape)
		}
	}
	for k, v := range sum {
		fmt.Println(k, v)
	}
	for _, n := range m.Graphs[0].Nodes {
		if n.SourceOp == "conv" || n.SourceOp == "batch_norm" || n.SourceOp == "mul" || n.SourceOp=="add" {
			fmt.Print(n.SourceOp, ":")
			for _, i := range n.Inputs {
				if i >= 0 {
					fmt.Print(" ", m.Graphs[0].Tensors[i].Name, m.Graphs[0].Tensors[i].Shape)
				}
			}
			fmt.Println()
		}
	}
}
