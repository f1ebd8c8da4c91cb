package ptl

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// value is what a register or the stack holds. Lists and tuples have items,
// objects have the path by which the module reaches them.
type value struct {
	aten.Value
	items  []*value
	object int32 // ivalue index + 1 of an object, 0 otherwise
	path   string
}

// Kinds of values in the file (union IValueUnion).
const (
	ivalueInt        = 1
	ivalueBool       = 2
	ivalueDouble     = 3
	ivalueTensor     = 5
	ivalueString     = 6
	ivalueList       = 7
	ivalueTuple      = 8
	ivalueDict       = 9
	ivalueObject     = 10
	ivalueIntList    = 11
	ivalueDoubleList = 12
	ivalueBoolList   = 13
	ivalueDevice     = 14
	ivalueFunction   = 16
)

func unknown() *value { return &value{Value: aten.Value{Kind: aten.Other}} }

func intValue(n int64) *value { return &value{Value: aten.Value{Kind: aten.Int, Int: n}} }

func boolValue(b bool) *value {
	v := &value{Value: aten.Value{Kind: aten.Bool}}
	if b {
		v.Int = 1
	}
	return v
}

// listOf makes a list and gives it the form that operators read.
func listOf(items []*value) *value {
	v := &value{items: items, Value: aten.Value{Kind: aten.Other}}
	if len(items) == 0 {
		v.Kind = aten.IntList
		return v
	}
	ints, tensors := true, true
	for _, x := range items {
		ints = ints && (x.Kind == aten.Int || x.Kind == aten.Bool)
		tensors = tensors && (x.Kind == aten.Tensor || x.Kind == aten.None)
	}
	switch {
	case ints:
		v.Kind = aten.IntList
		for _, x := range items {
			v.Ints = append(v.Ints, x.Int)
		}
	case tensors:
		v.Kind = aten.TensorList
		for _, x := range items {
			if x.Kind == aten.Tensor {
				v.Tensors = append(v.Tensors, x.Tensor)
			}
		}
	}
	return v
}

// load reads ivalue i; path names it where it is an attribute.
func (c *code) load(i uint32, path string, depth int) *value {
	if int64(i) >= int64(c.ivalues.Len()) || depth > c.lim.Depth || c.steps > maxSteps {
		return unknown()
	}
	c.steps++
	t := c.ivalues.Table(int(i))
	kind := t.Uint8(0, 0)
	switch kind {
	case 0:
		return &value{}
	case ivalueInt:
		return intValue(int64(u64(t, 8)))
	case ivalueBool:
		return boolValue(u64(t, 1) != 0)
	case ivalueDouble:
		return &value{Value: aten.Value{Kind: aten.Float, Float: math.Float64frombits(u64(t, 8))}}
	}
	v := t.Table(1)
	switch kind {
	case ivalueTensor:
		return &value{Value: aten.Value{Kind: aten.Tensor, Tensor: c.tensor(i, v, path)}}
	case ivalueString, ivalueDevice:
		return &value{Value: aten.Value{Kind: aten.Text, Text: v.String(0)}}
	case ivalueObject:
		return &value{object: int32(i) + 1, path: path, Value: aten.Value{Kind: aten.Other}}
	case ivalueIntList:
		list := v.Vector(0, 8)
		items := make([]*value, list.Len())
		for k := range items {
			items[k] = intValue(list.Int64(k))
		}
		return listOf(items)
	case ivalueBoolList:
		list := v.Vector(0, 1)
		items := make([]*value, list.Len())
		for k := range items {
			items[k] = boolValue(list.Uint8(k) != 0)
		}
		return listOf(items)
	case ivalueList, ivalueTuple:
		list := v.Vector(0, 4)
		items := make([]*value, list.Len())
		for k := range items {
			items[k] = c.load(list.Uint32(k), path, depth+1)
		}
		return listOf(items)
	}
	return unknown()
}

// u64 reads a struct of the union: n bytes, little endian.
func u64(t flatbuf.Table, n int) uint64 {
	b := t.Pointed(1, n)
	switch {
	case b == nil:
		return 0
	case n == 1:
		return uint64(b[0])
	}
	return binary.LittleEndian.Uint64(b)
}

var scalarTypes = [...]graph.DType{
	0: graph.Uint8, 1: graph.Int8, 2: graph.Int16, 3: graph.Int32, 4: graph.Int64, 5: graph.Float16, 6: graph.Float32, 7: graph.Float64,
	9: graph.Complex64, 10: graph.Complex128, 11: graph.Bool, 12: graph.Int8, 13: graph.Uint8, 14: graph.Int32, 15: graph.BFloat16, 16: graph.Uint4, 17: graph.Uint2,
}
