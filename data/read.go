package data

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"

	"github.com/parquet-go/parquet-go"
)

// ErrSchema says that a table was written with another schema version.
var ErrSchema = errors.New("table has another schema")

// Files returns the Parquet files of a table below dir, sorted by name.
func Files(dir, table string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, table, "*.parquet"))
	slices.Sort(paths)
	return paths, err
}

// Read yields every row of a table below dir, file by file. A damaged file
// ends the sequence with an error that names it.
func Read[T Row](dir string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		paths, err := Files(dir, tableOf[T]().Name)
		if err != nil {
			yield(zero, err)
			return
		}
		for _, p := range paths {
			stop, err := readFile(p, yield)
			if err != nil {
				yield(zero, fmt.Errorf("%s: %w", p, err))
				return
			}
			if stop {
				return
			}
		}
	}
}

// readFile yields the rows of one file. The library panics on some damaged
// files, hence the recover: the file is input like any other.
func readFile[T Row](path string, yield func(T, error) bool) (stop bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	yielding := false
	defer func() {
		if r := recover(); r != nil {
			if yielding {
				panic(r)
			}
			err = fmt.Errorf("damaged Parquet file: %v", r)
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return false, err
	}
	pf, err := parquet.OpenFile(f, st.Size())
	if err != nil {
		return false, err
	}
	if v, _ := pf.Lookup("gaugenn.schema_version"); v != strconv.Itoa(SchemaVersion) {
		return false, fmt.Errorf("%w: version %q, this tool reads %d", ErrSchema, v, SchemaVersion)
	}
	t := reflect.TypeFor[T]()
	cols := columnsOf(t)
	for _, g := range pf.RowGroups() {
		rows := g.Rows()
		buf := make([]parquet.Row, 128)
		for {
			n, rerr := rows.ReadRows(buf)
			for _, r := range buf[:n] {
				var v T
				readRow(r, reflect.ValueOf(&v).Elem(), cols)
				yielding = true
				ok := yield(v, nil)
				yielding = false
				if !ok {
					return true, rows.Close()
				}
			}
			if rerr == io.EOF {
				break
			}
			if rerr != nil {
				return false, errors.Join(rerr, rows.Close())
			}
		}
		if err := rows.Close(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// Version returns the tool version that wrote the tables below dir, "" where
// there are none yet, and ErrSchema where their schema is another.
func Version(dir string) (tool string, err error) {
	for _, t := range Tables() {
		paths, err := Files(dir, t.Name)
		if err != nil {
			return "", err
		}
		for _, p := range paths {
			return fileVersion(p)
		}
	}
	return "", nil
}

func fileVersion(path string) (tool string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: damaged Parquet file: %v", path, r)
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return "", err
	}
	pf, err := parquet.OpenFile(f, st.Size())
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	tool, _ = pf.Lookup("gaugenn.tool_version")
	if v, _ := pf.Lookup("gaugenn.schema_version"); v != strconv.Itoa(SchemaVersion) {
		return tool, fmt.Errorf("%s: %w: version %q, this tool writes %d", path, ErrSchema, v, SchemaVersion)
	}
	return tool, nil
}
