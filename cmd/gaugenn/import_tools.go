package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/benchmodel"
	"github.com/gaugenn/gaugenn/calibrate/runtime/executorch"
	"github.com/gaugenn/gaugenn/calibrate/runtime/ncnn"
	"github.com/gaugenn/gaugenn/calibrate/runtime/ort"
	"github.com/gaugenn/gaugenn/calibrate/runtime/snpe"
	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate/record"
)

// maxToolOutput bounds what is read of a tool's output, after unpacking.
const maxToolOutput = 64 << 20

// toolRun is one model's result in a tool's output; Name is "" where the tool
// does not say it.
type toolRun struct {
	name   string
	result runtime.Result
}

// importFile returns the measurements of one input: a folder of runs, a table
// of recorded rows, or what a runtime's tool printed. values and bad count the
// values of recorded tables.
func importFile(ctx context.Context, path string, o importOptions, macs map[string]int64) (rows []data.Measurement, values, bad int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, 0, err
	}
	if info.IsDir() {
		rows, err = importRuns(path, o)
		return rows, len(rows), 0, err
	}
	b, err := readBounded(path)
	if err != nil {
		return nil, 0, 0, err
	}
	if isRecordTable(b) {
		recorded, err := record.ReadRows(bytes.NewReader(b))
		if err != nil {
			return nil, 0, 0, fmt.Errorf("%s: %w", path, err)
		}
		rows, bad = measurementsOf(recorded, o.licence, macs)
		return rows, len(recorded), bad, nil
	}
	found, err := readTool(b, o.runtime)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	if o.device == "" {
		return nil, 0, 0, usagef("%s is the output of a tool, which does not say the phone: add --device", path)
	}
	rows, err = toolRows(ctx, path, b, found, o)
	return rows, len(rows), 0, err
}

func readBounded(path string) ([]byte, error) {
	r, err := openUnpacked(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxToolOutput+1))
	if err == nil && len(b) > maxToolOutput {
		err = fmt.Errorf("%s: more than %s", path, bytesText(maxToolOutput))
	}
	return b, err
}

// isRecordTable reports whether text is a CSV of recorded rows by its header.
func isRecordTable(b []byte) bool {
	head, _, _ := bytes.Cut(b, []byte("\n"))
	columns := strings.Split(strings.TrimPrefix(strings.TrimSpace(string(head)), "\ufeff"), ",")
	has := map[string]bool{}
	for _, c := range columns {
		has[c] = true
	}
	return has["model"] && has["run_id"]
}

// importRuns returns the runs of a folder that calibrate run wrote.
func importRuns(dir string, o importOptions) ([]data.Measurement, error) {
	records, err := runs.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("%s: no runs in it: want a folder that calibrate run wrote", dir)
	}
	var out []data.Measurement
	for i := range records {
		row := measurementRow(&records[i], (&runOptions{}).rules(&records[i]))
		row.Licence = o.licence
		if o.source != "" {
			row.Source = o.source
		}
		out = append(out, row)
	}
	return out, nil
}

// readTool reads what a runtime's tool printed. name is the runtime where the
// caller knows it, "" to find it out.
func readTool(b []byte, name string) ([]toolRun, error) {
	text := bytes.TrimSpace(b)
	if len(text) == 0 {
		return nil, fmt.Errorf("empty")
	}
	if text[0] == '[' && !bytes.HasPrefix(text, []byte("[ - ]")) {
		if _, ms, err := ort.ParseProfile(text); err == nil && len(ms) > 0 {
			return []toolRun{{result: runtime.Result{Runtime: "ort", RepeatsMS: ms}}}, nil
		}
	}
	one := func(parse func(a, b []byte) (runtime.Result, error)) func() ([]toolRun, error) {
		return func() ([]toolRun, error) {
			r, err := parse(b, nil)
			return []toolRun{{result: r}}, err
		}
	}
	var faults []error
	for _, try := range []struct {
		runtime string
		read    func() ([]toolRun, error)
	}{
		{"litert", one(benchmodel.Parse)}, {"ort", one(ort.Parse)}, {"snpe", one(snpe.Parse)}, {"executorch", one(executorch.Parse)},
		{"mnn", func() ([]toolRun, error) { return readMinMaxAvg(b, "mnn") }},
		{"ncnn", func() ([]toolRun, error) { return readNCNN(b) }},
		{"tnn", func() ([]toolRun, error) { return readMinMaxAvg(b, "tnn") }},
		{"paddlelite", func() ([]toolRun, error) { return readMinMaxAvg(b, "paddlelite") }},
	} {
		if name != "" && try.runtime != name {
			continue
		}
		found, err := try.read()
		if err == nil && len(found) > 0 {
			return found, nil
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	if name != "" {
		return nil, errors.Join(append([]error{fmt.Errorf("not read as output of %s's tool", name)}, faults...)...)
	}
	return nil, fmt.Errorf("neither a table of recorded rows (columns model, run_id, ...) nor the output of benchmark_model, onnxruntime_perf_test or its profile, benchncnn, MNN's, TNN's or Paddle-Lite's benchmark, snpe-diagview or executor_runner; --runtime says which it is, for the tool's own fault")
}

func readNCNN(b []byte) ([]toolRun, error) {
	all, opt, err := ncnn.ParseAll(b, nil)
	if err != nil {
		return nil, err
	}
	var out []toolRun
	for i := range all {
		t := all[i]
		out = append(out, toolRun{t.Model, runtime.Result{Runtime: "ncnn", Options: opt, Summary: &runtime.Summary{Count: opt.Repeats, MinMS: &t.MinMS, MaxMS: &t.MaxMS, MeanMS: &t.AvgMS}}})
	}
	return out, nil
}

// The lines of the tools that print one line a model: MNN's starts with [ - ],
// TNN's says "time cost", Paddle-Lite's has neither.
var (
	ownWords   = map[string]*regexp.Regexp{"mnn": regexp.MustCompile(`^\[ - \]\s+(\S+)`), "tnn": regexp.MustCompile(`^(?:\[[^\]]*\]\s*)?(\S*?)\s*(?:-\s*\S+)?\s*(?:TNN Benchmark )?time cost:`), "paddlelite": regexp.MustCompile(`^([\w./-]*?)\s*(?:min|max|avg|warmup)\b`)}
	statistics = regexp.MustCompile(`\b(min|max|avg|average|mean)\s*[=:]\s*([0-9]+(?:\.[0-9]+)?)`)
)

// readMinMaxAvg reads lines that state min, max and average in milliseconds.
func readMinMaxAvg(b []byte, name string) ([]toolRun, error) {
	var out []toolRun
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimSpace(line)
		m := ownWords[name].FindStringSubmatch(line)
		found := statistics.FindAllStringSubmatch(line, -1)
		if m == nil || len(found) < 3 {
			continue
		}
		s := runtime.Summary{}
		for _, f := range found {
			v, err := strconv.ParseFloat(f[2], 64)
			if err != nil || !(v > 0) {
				return nil, &runtime.OutputError{Tool: name, Line: n, Msg: fmt.Sprintf("time %.60q", f[0])}
			}
			switch f[1] {
			case "min":
				s.MinMS = &v
			case "max":
				s.MaxMS = &v
			default:
				s.MeanMS = &v
			}
		}
		if s.MinMS == nil || s.MaxMS == nil || s.MeanMS == nil || *s.MinMS > *s.MeanMS || *s.MeanMS > *s.MaxMS {
			return nil, &runtime.OutputError{Tool: name, Line: n, Msg: fmt.Sprintf("min, average and max are absent or out of order: %.120q", line)}
		}
		out = append(out, toolRun{m[1], runtime.Result{Runtime: name, Summary: &s}})
	}
	return out, nil
}

// toolRows turns results into rows: basis recorded where the caller names a
// source, else measured by the caller.
func toolRows(ctx context.Context, path string, b []byte, found []toolRun, o importOptions) ([]data.Measurement, error) {
	d, err := findDevice(o.device)
	if err != nil {
		return nil, err
	}
	var model *pricedModel
	if o.model != "" {
		if len(found) > 1 {
			return nil, usagef("%s has %d models; --model names one", path, len(found))
		}
		err := eachQuestion(ctx, o.model, nil, func(q *pricedModel) error {
			if model != nil {
				return usagef("--model %s holds several models; name the file of one", o.model)
			}
			model = q
			return nil
		})
		if err != nil {
			return nil, err
		}
		if model == nil {
			return nil, usagef("--model %s is no model that is read", o.model)
		}
	}
	sum := sha256.Sum256(append([]byte(d.Name+"\x00"), b...))
	var out []data.Measurement
	for i, f := range found {
		r := f.result
		row := data.Measurement{
			RunID: fmt.Sprintf("%s-%d", hex.EncodeToString(sum[:8]), i), ModelName: cmp.Or(f.name, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))),
			Device: d.Name, SoC: d.SoC.Name, Runtime: r.Runtime, RuntimeVersion: r.Version, Delegate: cmp.Or(o.delegate, r.Options.Delegate, "cpu"),
			Affinity: r.Options.Affinity, Precision: cmp.Or(o.precision, r.Options.Precision), RepeatsMS: r.RepeatsMS, Basis: "measured", Valid: true,
			Source: cmp.Or(o.source, "your own run of "+r.Runtime+"'s tool"), Licence: o.licence, Notes: "file=" + filepath.Base(path),
		}
		if o.source != "" {
			row.Basis = "recorded"
		}
		if model != nil {
			row.ModelID, row.ModelName = model.id, model.Name
			if model.exact {
				n := int64(model.macs())
				row.MACs = &n
			}
		}
		if row.RepeatsMS == nil {
			row.RepeatsMS = []float64{}
		}
		if n := int64(cmp.Or(o.threads, r.Options.Threads)); n > 0 {
			row.Threads = &n
		}
		v, stat := r.LatencyMS()
		row.LatencyMS, row.LatencyStat = positive(v), stat
		if s := r.Summary; s != nil {
			row.LatencyMinMS, row.LatencyMaxMS, row.LatencyP90MS = s.MinMS, s.MaxMS, s.P90MS
		}
		if r.PeakBytes > 0 {
			row.PeakMemoryBytes = &r.PeakBytes
		}
		out = append(out, row)
	}
	return out, nil
}
