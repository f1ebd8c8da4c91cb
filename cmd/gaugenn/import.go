package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate/record"
)

type importOptions struct {
	networks, licence, out                              string
	device, model, runtime, delegate, precision, source string
	threads                                             int
	overwrite, add, quiet                               bool
}

func importCommand() *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import INPUT...",
		Short: "Write recorded rows, runs and tools' outputs to the measurements table",
		Long: `Import writes one row a run and model to the measurements table, from

  a long table of recorded rows   CSV, .gz allowed: one value a row; columns source, device, soc, processor, runtime,
                                  threads, precision, model, metric, unit, stat, value, run_id, recorded_at, notes
  a folder of runs                that calibrate run wrote
  what a tool printed             benchmark_model (text or JSON), onnxruntime_perf_test or its profile, benchncnn,
                                  MNN's, TNN's and Paddle-Lite's benchmarks, snpe-diagview, executor_runner

A tool does not say the phone (--device), and often not the model (--model FILE), the threads, delegate or precision.
Basis is recorded for rows of others (recorded tables, or with --source), measured for your own, simulated for runs of
the simulated phone. Every row keeps its source and licence.`,
		Example: `  gaugenn calibrate import ncnn.csv.gz --licence BSD-3-Clause -o tables/
  gaugenn calibrate import runs/ -o tables/
  gaugenn calibrate import bench.txt --device "Galaxy A15" --model net.tflite --threads 4 -o tables/ --add`,
		Args: atLeast(1, "a file of measurements, a folder of runs or a tool's output"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.out == "" {
				return usagef("import needs -o FOLDER for the table")
			}
			if o.threads < 0 || o.threads > maxThreads {
				return usagef("--threads %d: want 1 to %d", o.threads, maxThreads)
			}
			o.precision = canonicalPrecision(o.precision)
			for _, err := range []error{oneOf("delegate", o.delegate, "cpu", "gpu", "npu", "dsp"), oneOf("precision", o.precision, "f32", "f16", "i8")} {
				if err != nil {
					return err
				}
			}
			return importRows(cmd.Context(), args, o, cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.networks, "networks", "", "kernels of networks (calibrate fit --write-networks): fills the macs column")
	f.StringVar(&o.licence, "licence", "", "licence of the rows")
	f.StringVarP(&o.out, "output", "o", "", "folder for the measurements table")
	f.StringVar(&o.device, "device", "", "phone that a tool's output is of")
	f.StringVar(&o.model, "model", "", "model file that a tool's output is of")
	f.StringVar(&o.runtime, "runtime", "", "runtime whose tool printed it; default: found out")
	f.StringVar(&o.delegate, "delegate", "", "cpu, gpu, npu or dsp; default: what the output says, else cpu")
	f.StringVar(&o.precision, "precision", "", "f32, f16 or i8; default: what the output says")
	f.StringVar(&o.source, "source", "", "where rows of others are from: their basis is recorded")
	f.IntVar(&o.threads, "threads", 0, "CPU threads; default: what the output says")
	f.BoolVar(&o.add, "add", false, "keep the measurements that the folder holds and add to them")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace an earlier measurements table")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no summary")
	return c
}

func importRows(ctx context.Context, files []string, o importOptions, stderr io.Writer) error {
	have, err := data.Files(o.out, "measurements")
	if err != nil {
		return err
	}
	name := "recorded"
	switch {
	case o.add:
		for i := len(have); i > 0; i++ {
			if name = fmt.Sprintf("recorded-%d", i); !slices.Contains(have, filepath.Join(o.out, "measurements", name+".parquet")) {
				break
			}
		}
	case len(have) > 0 && !o.overwrite:
		return fmt.Errorf("%s already holds measurements; --add keeps and adds to them, --overwrite replaces them", o.out)
	}
	macs := map[string]int64{}
	if o.networks != "" {
		kept, err := readNetworks(o.networks)
		if err != nil {
			return err
		}
		for g, n := range kept {
			for _, l := range n.Layers {
				macs[g] += int64(l.MACs)
			}
		}
	}
	var out []data.Measurement
	values, refused := 0, 0
	for _, path := range files {
		rows, n, bad, err := importFile(ctx, path, o, macs)
		if err != nil {
			return err
		}
		out, values, refused = append(out, rows...), values+n, refused+bad
	}
	w, err := data.Create[data.Measurement](o.out, name, data.Meta{Tool: version, Command: "gaugenn calibrate import"})
	if err != nil {
		return err
	}
	if err := w.Write(out...); err != nil {
		return errors.Join(err, w.Close())
	}
	if !o.quiet {
		fmt.Fprintf(stderr, "%s values → %s measurements%s in %s/measurements\n", group(values), group(int(w.Count())), leftOut(refused), strings.TrimSuffix(o.out, "/"))
	}
	if err := w.Close(); err != nil || o.add {
		return err
	}
	for _, old := range have { // replaced
		if filepath.Base(old) != name+".parquet" {
			err = errors.Join(err, os.Remove(old))
		}
	}
	return err
}

func leftOut(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s values of an unknown metric or unit left out)", group(n))
}

// measurementsOf gathers the values of one run and model into one row, in the
// order in which they first stand.
func measurementsOf(rows []record.Row, licence string, macs map[string]int64) (out []data.Measurement, bad int) {
	type key struct{ run, model string }
	at := map[key]int{}
	for i := range rows {
		r := &rows[i]
		k := key{r.RunID, r.Model}
		j, ok := at[k]
		if !ok {
			j = len(out)
			at[k] = j
			out = append(out, measurementOf(r, licence, macs))
		}
		if !setValue(&out[j], r) {
			bad++
		}
	}
	return out, bad
}

func measurementOf(r *record.Row, licence string, macs map[string]int64) data.Measurement {
	m := data.Measurement{
		RunID: r.RunID, ModelName: r.Model, Device: r.Device, SoC: r.SoC, Runtime: r.Runtime, RuntimeVersion: r.RuntimeVersion,
		Delegate: r.Processor, Precision: r.Precision, RepeatsMS: []float64{}, Basis: "recorded", Valid: true,
		RecordedAt: r.RecordedAt, Source: r.Source, Licence: licence, Notes: r.Notes,
	}
	if n, err := strconv.ParseInt(r.Threads, 10, 64); err == nil {
		m.Threads = &n
	}
	if n, ok := macs[r.Graph]; ok {
		m.MACs = &n
	}
	if r.Note("powersave") != "" {
		m.Affinity = map[string]string{"0": "all", "1": "little", "2": "big"}[r.Note("powersave")]
	}
	return m
}

// setValue puts one recorded value in its column; false where the metric, its
// unit or statistic has none.
func setValue(m *data.Measurement, r *record.Row) bool {
	if math.IsNaN(r.Value) {
		return false
	}
	v := r.Value
	switch r.Metric + " " + r.Unit {
	case "latency ms":
		switch r.Stat {
		case "min":
			m.LatencyMinMS = &v
		case "p90":
			m.LatencyP90MS = &v
		case "max":
			m.LatencyMaxMS = &v
		case "avg", "mean", "p50", "reported":
			m.LatencyMS, m.LatencyStat = &v, r.Stat
		default:
			return false
		}
	case "energy mJ":
		m.EnergyMJ = &v
	case "peak_memory MB":
		n := int64(v * 1e6)
		if m.PeakMemoryBytes == nil || n > *m.PeakMemoryBytes {
			m.PeakMemoryBytes = &n
		}
	default:
		return false
	}
	return true
}
