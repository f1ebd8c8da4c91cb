package caffe_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/caffe"
	"github.com/gaugenn/gaugenn/graph/op"
)

// TestParse_layersOfForks: sizes are those of the published networks: PSPNet 473
// has 60 cells a side and 473 pixels, ICNet halves 1025 to 513, SegNet unpools
// 15x12 to 30x23 and 60x45.
func TestParse_layersOfForks(t *testing.T) {
	for _, c := range []struct{ name, dims, layers, want string }{
		{"zoom", "dim: 1 dim: 8 dim: 60 dim: 60", `layer { name: "y" type: "Interp" bottom: "x" top: "y" interp_param { zoom_factor: 8 } }`, "[1, 8, 473, 473]"},
		{"shrink", "dim: 1 dim: 3 dim: 1025 dim: 2049", `layer { name: "y" type: "Interp" bottom: "x" top: "y" interp_param { shrink_factor: 2 } }`, "[1, 3, 513, 1025]"},
		{"to another's size", "dim: 1 dim: 3 dim: 20 dim: 30", `
			layer { name: "p" type: "Pooling" bottom: "x" top: "p" pooling_param { kernel_size: 2 stride: 2 } }
			layer { name: "y" type: "Interp" bottom: "p" bottom: "x" top: "y" }`, "[1, 3, 20, 30]"},
		{"unpooling", "dim: 1 dim: 4 dim: 12 dim: 15", `
			layer { name: "i" type: "ReLU" bottom: "x" top: "i" }
			layer { name: "u" type: "Upsample" bottom: "x" bottom: "i" top: "u" upsample_param { scale: 2 upsample_w: 30 upsample_h: 23 } }
			layer { name: "j" type: "ReLU" bottom: "u" top: "j" }
			layer { name: "y" type: "Upsample" bottom: "u" bottom: "j" top: "y" upsample_param { scale: 2 upsample_w: 60 upsample_h: 45 } }`, "[1, 4, 45, 60]"},
		{"unpooling by a factor", "dim: 1 dim: 4 dim: 12 dim: 15", `
			layer { name: "i" type: "ReLU" bottom: "x" top: "i" }
			layer { name: "y" type: "Upsample" bottom: "x" bottom: "i" top: "y" upsample_param { scale: 2 } }`, "[1, 4, 24, 30]"},
		{"permuting three axes", "dim: 5 dim: 6 dim: 7", `layer { name: "y" type: "Permute" bottom: "x" top: "y" permute_param { order: 2 order: 0 order: 1 } }`, "[7, 5, 6]"},
		{"permuting four axes", "dim: 5 dim: 6 dim: 7 dim: 8", `layer { name: "y" type: "Permute" bottom: "x" top: "y" permute_param { order: 2 } }`, "[7, 5, 6, 8]"},
	} {
		text := `name: "n" layer { name: "x" type: "Input" top: "x" input_param { shape { ` + c.dims + " } } }\n" + c.layers
		m, err := caffe.Parse(format.Input{Name: "a.prototxt", Data: []byte(text)})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		shaped, issues := op.Infer(m)
		for _, i := range issues {
			t.Errorf("%s: %s", c.name, i)
		}
		g := shaped.Graphs[0]
		for i := range g.Tensors {
			if g.Tensors[i].Name == "y" && g.Tensors[i].Shape.String() != c.want {
				t.Errorf("%s: %s, want %s", c.name, g.Tensors[i].Shape, c.want)
			}
		}
	}
}
