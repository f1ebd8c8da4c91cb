package kerash5

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/hdf5"
)

// weight is one stored array. path are the words of its name.
type weight struct {
	path   []string
	tensor graph.Tensor
	used   bool
}

// weights are the arrays of a file by the layer they belong to: by name in
// HDF5 models, by class and number ("conv2d_1", "sequential/conv2d") in archives.
type weights struct {
	lim     format.Limits
	byLayer map[string][]weight
	order   []string
	byClass bool
	count   int
}

// readLayers reads a group with one group per layer, each with weight_names.
func (w *weights) readLayers(group *hdf5.Object) error {
	for _, l := range group.Links {
		o, err := group.Open(l)
		if err != nil {
			return hdf5Error(err)
		}
		if _, ok := o.Attr("weight_names"); !ok && o.Dataset == nil {
			if _, split := o.Attr("weight_names0"); !split {
				continue
			}
		} else if o.Dataset != nil {
			continue
		}
		w.order = append(w.order, l.Name)
		if err := w.datasets(o, l.Name, nil, 0); err != nil {
			return err
		}
	}
	return nil
}

// datasets collects the arrays below a layer's group.
func (w *weights) datasets(o *hdf5.Object, layer string, path []string, depth int) error {
	if depth > 16 {
		return format.Errorf(format.ErrLimit, -1, "groups nested deeper than 16")
	}
	if o.Dataset != nil {
		return w.add(layer, path, o.Dataset)
	}
	for _, l := range o.Links {
		c, err := o.Open(l)
		if err != nil {
			return hdf5Error(err)
		}
		if err := w.datasets(c, layer, append(path[:len(path):len(path)], l.Name), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *weights) add(layer string, path []string, d *hdf5.Dataset) error {
	if w.count++; w.count > w.lim.Tensors {
		return format.Errorf(format.ErrLimit, -1, "more than %d weights", w.lim.Tensors)
	}
	t := graph.Tensor{Name: layer + "/" + strings.Join(path, "/"), DType: dtype(d.Type), Shape: graph.ShapeOf(d.Shape...)}
	t.Const = &graph.Const{Data: d.Data, StoredBytes: d.StoredBytes}
	n, ok := t.Shape.Elements()
	if size, fits := t.DType.ByteCount(n); d.Data == nil || !ok || !fits || size != int64(len(d.Data)) || d.Type.BigEndian {
		t.Const.Data = nil
		t.Const.Missing = "value is not stored in one piece"
	}
	w.byLayer[layer] = append(w.byLayer[layer], weight{path: path, tensor: t})
	return nil
}

// readVars reads the tree of an archive: layers/<class>_<n>/.../vars/<k>.
func (w *weights) readVars(o *hdf5.Object, prefix string, depth int) error {
	if depth > 24 {
		return format.Errorf(format.ErrLimit, -1, "groups nested deeper than 24")
	}
	for _, l := range o.Links {
		c, err := o.Open(l)
		if err != nil {
			return hdf5Error(err)
		}
		path := strings.TrimPrefix(prefix+"/"+l.Name, "/")
		if c.Dataset == nil {
			if err := w.readVars(c, path, depth+1); err != nil {
				return err
			}
			continue
		}
		words := strings.Split(path, "/")
		if words[0] == "optimizer" {
			continue
		}
		layer, rest := words[0], words[1:]
		if words[0] == "layers" { // nested models repeat "layers/<key>"
			layer, rest = "", words
			for len(rest) > 2 && rest[0] == "layers" {
				layer, rest = strings.TrimPrefix(layer+"/"+rest[1], "/"), rest[2:]
			}
		}
		if len(w.byLayer[layer]) == 0 {
			w.order = append(w.order, layer)
		}
		if err := w.add(layer, rest, c.Dataset); err != nil {
			return err
		}
	}
	// vars are numbers: 10 comes after 9
	for k := range w.byLayer {
		ws := w.byLayer[k]
		sort.SliceStable(ws, func(i, j int) bool {
			a, b := strings.Join(ws[i].path[:len(ws[i].path)-1], "/"), strings.Join(ws[j].path[:len(ws[j].path)-1], "/")
			if a != b {
				return false
			}
			x, err1 := strconv.Atoi(ws[i].path[len(ws[i].path)-1])
			y, err2 := strconv.Atoi(ws[j].path[len(ws[j].path)-1])
			return err1 == nil && err2 == nil && x < y
		})
	}
	return nil
}

func dtype(t hdf5.Type) graph.DType {
	key := fmt.Sprintf("%d/%d/%v", t.Class, t.Size, t.Signed)
	switch key {
	case "1/2/false":
		return graph.Float16
	case "1/4/false":
		return graph.Float32
	case "1/8/false":
		return graph.Float64
	case "0/1/true":
		return graph.Int8
	case "0/2/true":
		return graph.Int16
	case "0/4/true":
		return graph.Int32
	case "0/8/true":
		return graph.Int64
	case "0/1/false":
		return graph.Uint8
	case "0/2/false":
		return graph.Uint16
	case "0/4/false":
		return graph.Uint32
	case "0/8/false":
		return graph.Uint64
	case "8/1/false":
		return graph.Bool
	}
	return graph.UnknownDType
}
