// Package calibrate reads recorded measurements, fits predictors on them and judges the fits on folds that hold whole
// devices and model families out.
package calibrate

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// FindFolds returns the folders at or below dir, at any depth, that hold a test.csv, in path order.
func FindFolds(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			if sub, err := os.Stat(filepath.Join(path, "test.csv")); err == nil && !sub.IsDir() {
				out = append(out, path)
			}
			return nil
		}
		if !d.IsDir() && d.Name() == "test.csv" {
			out = append(out, filepath.Dir(path))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("folds: %w", err)
	}
	sort.Strings(out)
	return out, nil
}

// ReadFold reads one fold's folder: train.csv and test.csv, and given.csv where there is one. A folder without train.csv
// gives a fold without training rows.
func ReadFold(dir string) (*record.Fold, error) {
	f := &record.Fold{Name: filepath.Base(dir)}
	for _, part := range []struct {
		name string
		rows *[]record.Row
	}{{"train.csv", &f.Train}, {"given.csv", &f.Given}, {"test.csv", &f.Test}} {
		rows, err := readRows(filepath.Join(dir, part.name))
		if os.IsNotExist(err) && part.name != "test.csv" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("fold %q: %s: %w", f.Name, part.name, err)
		}
		*part.rows = rows
	}
	return f, nil
}

func readRows(path string) ([]record.Row, error) {
	fh, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer fh.Close()
	return record.ReadRows(fh)
}
