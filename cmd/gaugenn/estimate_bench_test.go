package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/data"
)

// BenchmarkEstimate_tablesOnAllDevices prices the models of tables on every
// device of the catalogue, from reading the tables to the closed file.
func BenchmarkEstimate_tablesOnAllDevices(b *testing.B) {
	dir := b.TempDir()
	tables := filepath.Join(dir, "tables")
	fixtures := filepath.Join("..", "..", "graph", "format", "tflite", "testdata")
	if code := run(context.Background(), []string{"scan", "-q", fixtures, "-o", tables}, io.Discard, os.Stderr); code != 0 {
		b.Fatal("scan failed")
	}
	rows := 0
	for b.Loop() {
		out := filepath.Join(dir, "out")
		if code := run(context.Background(), []string{"estimate", tables, "--devices", "all", "-q", "--overwrite", "-o", out}, io.Discard, os.Stderr); code != 0 {
			b.Fatal("estimate failed")
		}
		b.StopTimer()
		for _, err := range data.Read[data.Prediction](out) {
			if err != nil {
				b.Fatal(err)
			}
			rows++
		}
		b.StartTimer()
	}
	b.ReportMetric(60*float64(rows)/b.Elapsed().Seconds(), "predictions/min")
}
