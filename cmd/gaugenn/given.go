package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// givenRow is a latency that the caller measured.
type givenRow struct {
	line      int
	model     string
	latencyMS float64
	priced    *pricedModel // the model, where it is one of those being priced
	runtime   string       // that apps use for its format
	network   *feature.Network
}

// readGiven reads the caller's own latencies, model,latency_ms, and finds their
// networks. model is the name, with or without its extension, or the model_id
// of a model in the path that is priced, or a model file beside the table.
func readGiven(ctx context.Context, file, path string, binds []string) ([]*givenRow, error) {
	if file == "" {
		return nil, nil
	}
	rows, err := readGivenTable(file)
	if err != nil {
		return nil, err
	}
	err = eachQuestion(ctx, path, binds, func(q *pricedModel) error {
		for _, r := range rows {
			if base := filepath.Base(r.model); r.model != q.id && base != q.Name && base != strings.TrimSuffix(q.Name, filepath.Ext(q.Name)) {
				continue
			}
			if r.priced != nil && r.priced.id != q.id {
				return fmt.Errorf("%s: line %d: several models are called %q; name the one by its model_id, such as %s", file, r.line, r.model, q.id)
			}
			if r.priced, r.runtime = q, runtimeOf(q.format); q.Times <= 1 { // a loop's body is not what was measured
				r.network = q.Network
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.priced != nil {
			continue
		}
		m, err := readModel(filepath.Join(filepath.Dir(file), filepath.FromSlash(r.model)))
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: model %q is neither in what is priced (%s) nor a model file beside the table: %w", file, r.line, r.model, filepath.Base(path), err)
		}
		r.network, r.runtime = kernels(filepath.Base(r.model), m), runtimeOf(m.Format)
	}
	return rows, nil
}

// givenFor returns the caller's rows for a model: its own, under its name, and
// those of the same runtime, which is that of the format where none is stated.
func givenFor(rows []*givenRow, q *pricedModel, runtime string) []estimate.Given {
	var out []estimate.Given
	for _, r := range rows {
		if runtime == "" && r.runtime != runtimeOf(q.format) {
			continue
		}
		g := estimate.Given{Name: "line " + strconv.Itoa(r.line), LatencyMS: r.latencyMS, Network: r.network}
		if r.priced != nil && r.priced.id == q.id {
			g.Name = q.Name
		}
		out = append(out, g)
	}
	return out
}

func readGivenTable(file string) ([]*givenRow, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))) // spreadsheets begin with a byte order mark
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: no header with the columns model and latency_ms: %w", file, err)
	}
	model, latency := -1, -1
	for i, h := range head {
		switch strings.TrimSpace(h) {
		case "model":
			model = i
		case "latency_ms":
			latency = i
		}
	}
	if model < 0 || latency < 0 {
		return nil, fmt.Errorf("%s: wants a header with the columns model and latency_ms, has %q", file, strings.Join(head, ","))
	}
	var out []*givenRow
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) && len(out) == 0 {
			return nil, fmt.Errorf("%s: no rows below its header", file)
		}
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		ms, err := strconv.ParseFloat(strings.TrimSpace(rec[latency]), 64)
		line, _ := r.FieldPos(latency)
		if err != nil || !(ms > 0) || math.IsInf(ms, 0) {
			return nil, fmt.Errorf("%s: line %d: latency_ms %q is not a number above zero", file, line, rec[latency])
		}
		out = append(out, &givenRow{line: line, model: strings.TrimSpace(rec[model]), latencyMS: ms})
	}
}
