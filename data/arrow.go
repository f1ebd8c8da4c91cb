package data

import (
	"fmt"
	"io"
	"reflect"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// arrowBatchRows is the number of rows of one record batch.
const arrowBatchRows = 8192

// ArrowWriter writes rows of one table as an Arrow IPC stream, with the same
// column names, types and nulls as the Parquet files.
type ArrowWriter struct {
	schema  *arrow.Schema
	cols    []column
	w       *ipc.Writer
	builder *array.RecordBuilder
	pending int
}

// NewArrowWriter returns a writer of table t to out.
func NewArrowWriter(out io.Writer, t Table, meta Meta) *ArrowWriter {
	cols := columnsOf(t.row)
	fields := make([]arrow.Field, len(cols))
	for i, c := range cols {
		fields[i] = arrow.Field{Name: c.name, Type: c.arrowType(), Nullable: c.nullable}
	}
	md := arrow.NewMetadata([]string{"gaugenn.table", "gaugenn.tool_version"}, []string{t.Name, meta.Tool})
	s := arrow.NewSchema(fields, &md)
	mem := memory.NewGoAllocator()
	return &ArrowWriter{
		schema: s, cols: cols,
		w:       ipc.NewWriter(out, ipc.WithSchema(s), ipc.WithAllocator(mem), ipc.WithZstd()),
		builder: array.NewRecordBuilder(mem, s),
	}
}

func (c *column) arrowType() arrow.DataType {
	switch c.kind {
	case kindInt64:
		return arrow.PrimitiveTypes.Int64
	case kindInt32:
		return arrow.PrimitiveTypes.Int32
	case kindFloat64:
		return arrow.PrimitiveTypes.Float64
	case kindBool:
		return arrow.FixedWidthTypes.Boolean
	case kindStrings:
		return arrow.ListOf(arrow.BinaryTypes.String)
	case kindFloats:
		return arrow.ListOf(arrow.PrimitiveTypes.Float64)
	case kindInts:
		return arrow.ListOf(arrow.PrimitiveTypes.Int64)
	case kindShapes:
		return arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int64))
	}
	return arrow.BinaryTypes.String
}

// Write adds one row, a value of the table's row type.
func (w *ArrowWriter) Write(row any) error {
	v := reflect.ValueOf(row)
	for i := range w.cols {
		appendArrow(w.builder.Field(i), v.Field(w.cols[i].field))
	}
	w.pending++
	if w.pending < arrowBatchRows {
		return nil
	}
	return w.flush()
}

func (w *ArrowWriter) flush() error {
	if w.pending == 0 {
		return nil
	}
	rec := w.builder.NewRecord()
	defer rec.Release()
	w.pending = 0
	if err := w.w.Write(rec); err != nil {
		return fmt.Errorf("arrow stream: %w", err)
	}
	return nil
}

// Close writes what is pending and the end of the stream.
func (w *ArrowWriter) Close() error {
	if err := w.flush(); err != nil {
		return err
	}
	w.builder.Release()
	return w.w.Close()
}

func appendArrow(b array.Builder, f reflect.Value) {
	if k := f.Kind(); (k == reflect.Pointer || k == reflect.Slice) && f.IsNil() {
		if l, ok := b.(*array.ListBuilder); ok && k == reflect.Slice && !nullableList(l) {
			l.Append(true)
			return
		}
		b.AppendNull()
		return
	}
	if f.Kind() == reflect.Pointer {
		f = f.Elem()
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(f.String())
	case *array.Int64Builder:
		b.Append(f.Int())
	case *array.Int32Builder:
		b.Append(int32(f.Int()))
	case *array.Float64Builder:
		b.Append(f.Float())
	case *array.BooleanBuilder:
		b.Append(f.Bool())
	case *array.ListBuilder:
		b.Append(true)
		for i := range f.Len() {
			appendArrow(b.ValueBuilder(), f.Index(i))
		}
	}
}

// nullableList reports whether nil means NULL in a list column: for shapes
// (lists of numbers) it does, for lists of words or of shapes nil is empty.
func nullableList(b *array.ListBuilder) bool {
	_, numbers := b.ValueBuilder().(*array.Int64Builder)
	return numbers
}
