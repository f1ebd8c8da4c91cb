package main

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate/record"
)

type importOptions struct {
	networks, licence, out string
	overwrite, quiet       bool
}

func importCommand() *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use:   "import FILE...",
		Short: "Write recorded measurements (CSV) to the measurements table, basis recorded",
		Long: `Import reads long tables of recorded measurements (one value a row; columns source,
device, soc, processor, runtime, threads, precision, model, metric, unit, stat, value,
run_id, recorded_at, notes; .gz allowed) and writes one row a run and model to the
measurements table. Rows are recorded by others: basis says so, and they keep their
source and licence.`,
		Example: "  gaugenn calibrate import ncnn.csv.gz --licence BSD-3-Clause -o tables/",
		Args:    atLeast(1, "a file of measurements"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.out == "" {
				return usagef("import needs -o FOLDER for the table")
			}
			return importRows(args, o, cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.networks, "networks", "", "kernels of networks (calibrate fit --write-networks): fills the macs column")
	f.StringVar(&o.licence, "licence", "", "licence of the rows")
	f.StringVarP(&o.out, "output", "o", "", "folder for the measurements table")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace an earlier measurements table")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no summary")
	return c
}

func importRows(files []string, o importOptions, stderr io.Writer) error {
	have, err := data.Files(o.out, "measurements")
	if err != nil {
		return err
	}
	if len(have) > 0 && !o.overwrite {
		return fmt.Errorf("%s already holds measurements; use another folder, or --overwrite to replace them", o.out)
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
	w, err := data.Create[data.Measurement](o.out, "recorded", data.Meta{Tool: version, Command: "gaugenn calibrate import"})
	if err != nil {
		return err
	}
	values, refused := 0, 0
	for _, path := range files {
		rows, err := readRows(path)
		if err != nil {
			return err
		}
		out, bad := measurementsOf(rows, o.licence, macs)
		values, refused = values+len(rows), refused+bad
		if err := w.Write(out...); err != nil {
			return err
		}
	}
	if !o.quiet {
		fmt.Fprintf(stderr, "%s values → %s measurements (%s values of an unknown metric or unit left out) in %s/measurements\n", group(values), group(int(w.Count())), group(refused), o.out)
	}
	return w.Close()
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
