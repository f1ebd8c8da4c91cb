package data

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// Writer writes rows of one table to one Parquet file. Rows are sorted by the
// table's key within each row group.
type Writer[T Row] struct {
	table  Table
	cols   []column
	keys   []int
	buffer []keyed[T]
	pw     *parquet.GenericWriter[any]
	rows   []parquet.Row
	file   *os.File
	path   string
	count  int64
}

// keyed is a row that waits to be written, with the values of its key.
type keyed[T Row] struct {
	row *T
	key [maxKey]keyValue
}

// keyValue is the value of one key column, either kind.
type keyValue struct {
	text   string
	number int64
}

// maxKey is the largest number of key columns of a table.
const maxKey = 3

// Create returns a Writer of a new file TABLES/<table>/<name>.parquet. The file
// gets its name only when Close has written it whole.
func Create[T Row](dir, name string, meta Meta) (*Writer[T], error) {
	t := tableOf[T]()
	folder := filepath.Join(dir, t.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, name+".parquet")
	f, err := os.Create(path + ".tmp")
	if err != nil {
		return nil, err
	}
	w := NewWriter[T](f, meta)
	w.file, w.path = f, path
	return w, nil
}

// NewWriter returns a Writer to any stream; Close does not close it.
func NewWriter[T Row](out io.Writer, meta Meta) *Writer[T] {
	t := tableOf[T]()
	w := &Writer[T]{table: t, cols: columnsOf(t.row)}
	var sorting []parquet.SortingColumn
	for _, k := range t.Key {
		i := slices.IndexFunc(w.cols, func(c column) bool { return c.name == k })
		w.keys = append(w.keys, i)
		sorting = append(sorting, parquet.Ascending(k))
	}
	w.pw = parquet.NewGenericWriter[any](out, schemaOf(t.row),
		parquet.Compression(&parquet.Zstd),
		parquet.SortingWriterConfig(parquet.SortingColumns(sorting...)),
		parquet.KeyValueMetadata("gaugenn.table", t.Name),
		parquet.KeyValueMetadata("gaugenn.tool_version", meta.Tool),
		parquet.KeyValueMetadata("gaugenn.schema_version", strconv.Itoa(SchemaVersion)),
		parquet.KeyValueMetadata("gaugenn.rule_version", meta.Rules),
		parquet.KeyValueMetadata("gaugenn.command", meta.Command),
	)
	return w
}

// Write adds rows, which it keeps until the row group is full: the caller must not
// change them any more.
func (w *Writer[T]) Write(rows ...T) error {
	for len(rows) > 0 {
		n := min(len(rows), w.groupRows()-len(w.buffer))
		for i := range rows[:n] {
			w.buffer = append(w.buffer, w.keyed(&rows[i]))
		}
		rows = rows[n:]
		if len(w.buffer) >= w.groupRows() {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Count returns the number of rows written so far.
func (w *Writer[T]) Count() int64 { return w.count + int64(len(w.buffer)) }

// groupRows bounds the memory of buffered rows: wide rows make smaller groups.
func (w *Writer[T]) groupRows() int {
	if w.table.Name == "layers" || w.table.Name == "tensors" {
		return RowGroupRows / 4
	}
	return RowGroupRows
}

func (w *Writer[T]) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	slices.SortStableFunc(w.buffer, func(a, b keyed[T]) int { return compareKeys(&a.key, &b.key) })
	for start := 0; start < len(w.buffer); start += 256 {
		part := w.buffer[start:min(start+256, len(w.buffer))]
		w.rows = w.rows[:0]
		for i := range part {
			if i < cap(w.rows) {
				w.rows = w.rows[:i+1]
			} else {
				w.rows = append(w.rows, nil)
			}
			w.rows[i] = appendRow(w.rows[i][:0], reflect.ValueOf(part[i].row).Elem(), w.cols)
		}
		if _, err := w.pw.WriteRows(w.rows); err != nil {
			return fmt.Errorf("table %s: %w", w.table.Name, err)
		}
	}
	w.count += int64(len(w.buffer))
	clear(w.buffer)
	w.buffer = w.buffer[:0]
	return w.pw.Flush()
}

// keyed returns a row with its key.
func (w *Writer[T]) keyed(row *T) keyed[T] {
	k := keyed[T]{row: row}
	v := reflect.ValueOf(row).Elem()
	for i, c := range w.keys {
		if f := v.Field(w.cols[c].field); w.cols[c].kind == kindString {
			k.key[i].text = f.String()
		} else {
			k.key[i].number = f.Int()
		}
	}
	return k
}

func compareKeys(a, b *[maxKey]keyValue) int {
	for i := range a {
		if c := cmp.Or(cmp.Compare(a[i].text, b[i].text), cmp.Compare(a[i].number, b[i].number)); c != 0 {
			return c
		}
	}
	return 0
}

// Close writes what is buffered and the footer, and gives the file its name.
// A table without rows still gets a file, so that queries find its columns.
func (w *Writer[T]) Close() error {
	err := w.flush()
	err = errors.Join(err, w.pw.Close())
	if w.file == nil {
		return err
	}
	err = errors.Join(err, w.file.Close())
	if err != nil {
		_ = os.Remove(w.path + ".tmp")
		return fmt.Errorf("table %s: %w", w.table.Name, err)
	}
	return os.Rename(w.path+".tmp", w.path)
}
