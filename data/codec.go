package data

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// kind is the shape of one column: what Go type holds it and how its values
// lie in a Parquet row.
type kind uint8

const (
	kindString kind = iota
	kindInt64
	kindInt32
	kindFloat64
	kindBool
	kindStrings // LIST<STRING>
	kindFloats  // LIST<DOUBLE>
	kindInts    // LIST<INT64>
	kindShapes  // LIST<LIST<INT64>>, inner lists nullable
)

// column is one field of a row type. A nullable column is a pointer field, or
// a list whose nil is NULL.
type column struct {
	name     string
	field    int
	kind     kind
	nullable bool
}

// columnsOf returns the columns of a row type in file order, which is that of
// its fields. It panics on a field whose type no table uses: a mistake of ours.
func columnsOf(t reflect.Type) []column {
	cols := make([]column, t.NumField())
	for i := range cols {
		f := t.Field(i)
		name, opts, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		c := column{name: name, field: i, nullable: strings.Contains(opts, "optional")}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		switch ft {
		case reflect.TypeFor[string]():
			c.kind = kindString
		case reflect.TypeFor[int64]():
			c.kind = kindInt64
		case reflect.TypeFor[int32]():
			c.kind = kindInt32
		case reflect.TypeFor[float64]():
			c.kind = kindFloat64
		case reflect.TypeFor[bool]():
			c.kind = kindBool
		case reflect.TypeFor[[]string]():
			c.kind = kindStrings
		case reflect.TypeFor[[]float64]():
			c.kind = kindFloats
		case reflect.TypeFor[[]int64]():
			c.kind = kindInts
		case reflect.TypeFor[[][]int64]():
			c.kind = kindShapes
		default:
			panic(fmt.Sprintf("data: column %s.%s has type %s", t.Name(), name, f.Type))
		}
		cols[i] = c
	}
	return cols
}

// schemaOf returns the Parquet schema of a row type with its columns in field
// order (the library would sort groups by name otherwise).
func schemaOf(t reflect.Type) *parquet.Schema {
	return parquet.SchemaOf(reflect.New(t).Interface())
}

// appendRow appends the values of v, a struct, with their repetition and
// definition levels. The library's own path writes nullable inner lists wrong
// (v0.32), so that the levels are set here.
func appendRow(row parquet.Row, v reflect.Value, cols []column) parquet.Row {
	for i := range cols {
		row = cols[i].append(row, v.Field(cols[i].field), i)
	}
	return row
}

func (c *column) append(row parquet.Row, f reflect.Value, index int) parquet.Row {
	def := 0
	if c.nullable {
		if f.IsNil() {
			return append(row, parquet.NullValue().Level(0, 0, index))
		}
		def = 1
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
	}
	switch c.kind {
	case kindString:
		return append(row, parquet.ByteArrayValue([]byte(f.String())).Level(0, def, index))
	case kindInt64:
		return append(row, parquet.Int64Value(f.Int()).Level(0, def, index))
	case kindInt32:
		return append(row, parquet.Int32Value(int32(f.Int())).Level(0, def, index))
	case kindFloat64:
		return append(row, parquet.DoubleValue(f.Float()).Level(0, def, index))
	case kindBool:
		return append(row, parquet.BooleanValue(f.Bool()).Level(0, def, index))
	case kindShapes:
		return appendShapes(row, f.Interface().([][]int64), index)
	}
	return c.appendList(row, f, def, index)
}

func (c *column) appendList(row parquet.Row, f reflect.Value, def, index int) parquet.Row {
	n := f.Len()
	if n == 0 {
		return append(row, parquet.NullValue().Level(0, def, index))
	}
	for j := range n {
		var v parquet.Value
		switch c.kind {
		case kindStrings:
			v = parquet.ByteArrayValue([]byte(f.Index(j).String()))
		case kindFloats:
			v = parquet.DoubleValue(f.Index(j).Float())
		default:
			v = parquet.Int64Value(f.Index(j).Int())
		}
		row = append(row, v.Level(min(j, 1), def+1, index))
	}
	return row
}

// appendShapes writes LIST<nullable LIST<INT64>>: definition level 0 is an
// empty outer list, 1 an unknown shape, 2 a scalar's empty shape, 3 a size.
func appendShapes(row parquet.Row, shapes [][]int64, index int) parquet.Row {
	if len(shapes) == 0 {
		return append(row, parquet.NullValue().Level(0, 0, index))
	}
	for j, s := range shapes {
		rep := min(j, 1)
		switch {
		case s == nil:
			row = append(row, parquet.NullValue().Level(rep, 1, index))
		case len(s) == 0:
			row = append(row, parquet.NullValue().Level(rep, 2, index))
		default:
			for k, n := range s {
				if k > 0 {
					rep = 2
				}
				row = append(row, parquet.Int64Value(n).Level(rep, 3, index))
			}
		}
	}
	return row
}

// readRow sets the fields of v, a zero struct, from a row.
func readRow(row parquet.Row, v reflect.Value, cols []column) {
	for _, val := range row {
		i := val.Column()
		if i < 0 || i >= len(cols) {
			continue
		}
		cols[i].read(val, v.Field(cols[i].field))
	}
}

func (c *column) read(val parquet.Value, f reflect.Value) {
	def := val.DefinitionLevel()
	switch c.kind {
	case kindStrings, kindFloats, kindInts:
		c.readList(val, f, def)
		return
	case kindShapes:
		readShape(val, f.Addr().Interface().(*[][]int64), def)
		return
	}
	if c.nullable {
		if def == 0 {
			return
		}
		f.Set(reflect.New(f.Type().Elem()))
		f = f.Elem()
	}
	switch c.kind {
	case kindString:
		f.SetString(string(val.ByteArray()))
	case kindInt64:
		f.SetInt(val.Int64())
	case kindInt32:
		f.SetInt(int64(val.Int32()))
	case kindFloat64:
		f.SetFloat(val.Double())
	case kindBool:
		f.SetBool(val.Boolean())
	}
}

func (c *column) readList(val parquet.Value, f reflect.Value, def int) {
	empty := 0
	if c.nullable {
		empty = 1
	}
	if c.nullable && def == 0 {
		return
	}
	if f.IsNil() {
		f.Set(reflect.MakeSlice(f.Type(), 0, 4))
	}
	if def <= empty {
		return
	}
	var e any
	switch c.kind {
	case kindStrings:
		e = string(val.ByteArray())
	case kindFloats:
		e = val.Double()
	default:
		e = val.Int64()
	}
	f.Set(reflect.Append(f, reflect.ValueOf(e)))
}

func readShape(val parquet.Value, shapes *[][]int64, def int) {
	if def == 0 {
		return
	}
	if val.RepetitionLevel() < 2 {
		switch def {
		case 1:
			*shapes = append(*shapes, nil)
			return
		case 2:
			*shapes = append(*shapes, []int64{})
			return
		}
		*shapes = append(*shapes, nil)
	}
	last := &(*shapes)[len(*shapes)-1]
	*last = append(*last, val.Int64())
}
