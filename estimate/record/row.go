// Package record holds recorded measurements as rows, folds of them for fitting and judging, the published facts of the
// devices they were taken on, and the contract between the evaluation and the predictors.
package record

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Row is one recorded value with its full key. Rows of one RunID were taken together: same device, runtime and setting.
// An empty string means that it was not recorded.
type Row struct {
	Case  string // test and given rows: the run as one known or unseen case; "" in training rows
	Group string // test rows: the group that the row is marked in
	K     string // test rows: how many rows of the case are given; "" where the task has no k

	ID       string // unique within a fold's training rows: run and model
	Family   string // model family held out as a whole; "" when the graph is not known
	Class    string // phone, sbc, laptop, auto, ...
	SoCGroup string // SoC, siblings of one die under one name

	Source, Device, SoC, Processor, Runtime, RuntimeVersion string
	Threads, Precision, Model, Graph, Metric, Unit, Stat    string
	RunID, RecordedAt, Notes                                string

	Value float64 // in Unit; NaN in test rows
}

// Known reports whether the row carries a usable value: positive and finite.
func (r *Row) Known() bool { return r.Value > 0 && !math.IsInf(r.Value, 0) }

// ThreadCount returns the number of threads, and 1 when it was not recorded.
func (r *Row) ThreadCount() int {
	n, err := strconv.Atoi(r.Threads)
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// Year returns when the row was recorded as a fractional year, and false when the date is absent or malformed.
func (r *Row) Year() (float64, bool) {
	if len(r.RecordedAt) < 10 {
		return 0, false
	}
	t, err := time.Parse("2006-01-02", r.RecordedAt[:10])
	if err != nil {
		return 0, false
	}
	return float64(t.Year()) + float64(t.Month()-1)/12 + float64(t.Day())/365, true
}

// Note returns the value of a key=value pair in Notes, and "" when the key is absent.
func (r *Row) Note(key string) string {
	for _, kv := range strings.Split(r.Notes, ";") {
		if k, v, ok := strings.Cut(kv, "="); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// ErrHeader is returned for a table whose header lacks a column that cannot be done without.
var ErrHeader = errors.New("missing column")

// ReadRows reads measurement rows from a CSV table with a header. Columns are found by name, unknown columns are ignored.
// Tables without row_id (the raw measurement files) get run_id/model. A row without a value gets NaN.
func ReadRows(r io.Reader) ([]Row, error) {
	cr := csv.NewReader(r)
	cr.ReuseRecord = true
	cr.FieldsPerRecord = -1
	head, err := cr.Read()
	if err == io.EOF {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	col := map[string]int{}
	for i, h := range head {
		col[strings.TrimPrefix(h, "\ufeff")] = i
	}
	for _, need := range []string{"model", "run_id"} {
		if _, ok := col[need]; !ok {
			return nil, fmt.Errorf("%w: %q", ErrHeader, need)
		}
	}
	pool := map[string]string{}
	var rows []Row
	for {
		rec, err := cr.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, rowOf(rec, col, pool))
	}
}

// rowOf fills one row; equal strings share memory through pool.
func rowOf(rec []string, col map[string]int, pool map[string]string) Row {
	get := func(name string) string {
		i, ok := col[name]
		if !ok || i >= len(rec) || rec[i] == "" {
			return ""
		}
		if s, ok := pool[rec[i]]; ok {
			return s
		}
		s := strings.Clone(rec[i])
		pool[s] = s
		return s
	}
	r := Row{Case: get("case"), Group: get("group"), K: get("k"), ID: get("row_id"), Family: get("family"), Class: get("class"),
		SoCGroup: get("soc_group"), Source: get("source"), Device: get("device"), SoC: get("soc"), Processor: get("processor"),
		Runtime: get("runtime"), RuntimeVersion: get("runtime_version"), Threads: get("threads"), Precision: get("precision"),
		Model: get("model"), Graph: get("graph"), Metric: get("metric"), Unit: get("unit"), Stat: get("stat"),
		RunID: get("run_id"), RecordedAt: get("recorded_at"), Notes: get("notes"), Value: math.NaN()}
	if i, ok := col["value"]; ok && i < len(rec) {
		if v, err := strconv.ParseFloat(rec[i], 64); err == nil {
			r.Value = v
		}
	}
	if r.ID == "" {
		r.ID = r.RunID + "/" + r.Model
	}
	if r.SoCGroup == "" {
		r.SoCGroup = r.SoC
	}
	if r.SoCGroup == "" {
		r.SoCGroup = r.Device
	}
	return r
}
