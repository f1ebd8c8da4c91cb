package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/calibrate"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/plain"
)

func calibrateCommand() *cobra.Command {
	c := &cobra.Command{Use: "calibrate", Short: "Take, import and judge measurements; fit profiles"}
	c.AddCommand(sampleCommand(), runCommand(), runOneCommand(), evaluateCommand(), withRuns(fitCommand()), importCommand())
	return c
}

type evaluateOptions struct {
	folds, graphs, devices, out string
	device, statistic           string
	workers                     int
	quiet                       bool
}

func evaluateCommand() *cobra.Command {
	var o evaluateOptions
	c := &cobra.Command{
		Use:   "evaluate [RUNS...]",
		Short: "Fit on each fold's training rows only and predict its test rows, with intervals",
		Long: `Evaluate reads a folder of folds (train.csv, given.csv, test.csv, at any depth), fits on
each fold's train.csv and given.csv only, and writes one prediction with a 90 % interval
for every test row: case,row_id,pred_ms,lo_ms,hi_ms. Values are in the unit of their row,
whatever the names of the columns say.

With RUNS, folders that calibrate run wrote, it fits each device's runs and shows the error of
predictions that held whole families out, by family, size and type of numbers, and how many
measurements lie inside the intervals.`,
		Example: "  gaugenn calibrate evaluate --folds folds/ --graphs graphs/ --devices devices.csv -o pred.csv",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && o.folds == "" {
				return evaluateRuns(cmd.Context(), args, o.device, o.statistic, cmd.OutOrStdout())
			}
			if len(args) > 0 || o.folds == "" || o.out == "" {
				return usagef("evaluate needs RUNS, or --folds FOLDER and -o FILE")
			}
			return evaluate(cmd.Context(), o, cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.folds, "folds", "", "folder of folds")
	f.StringVar(&o.graphs, "graphs", "", "folder that the graph column's paths start from")
	f.StringVar(&o.devices, "devices", "", "device table for labels that the catalogue does not know")
	f.StringVarP(&o.out, "output", "o", "", "file for the predictions")
	f.StringVar(&o.device, "device", "", "with RUNS of several devices: the one to judge; empty judges each")
	f.StringVar(&o.statistic, "statistic", "", "with RUNS: median or cpu_min; empty takes cpu_min for one thread of the host, else median")
	f.IntVarP(&o.workers, "jobs", "j", 2, "folds at once")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "no progress")
	return c
}

func evaluate(ctx context.Context, o evaluateOptions, stderr io.Writer) error {
	env, err := newEnv(o.graphs, o.devices)
	if err != nil {
		return err
	}
	started := time.Now()
	rows, missing, rest := 0, 0, 0
	preds, err := calibrate.Evaluate(ctx, calibrate.Options{
		Folds: o.folds, Predictors: predictors(), Rest: plain.Predictor{}, Env: env, Workers: o.workers,
		Progress: func(s calibrate.Step) {
			rows, missing, rest = rows+s.Rows, missing+s.Missing, rest+s.Rest
			for _, err := range s.Failed {
				fmt.Fprintf(stderr, "%s: answered by the plain predictor instead: %v\n", s.Fold, err)
			}
			if !o.quiet {
				fmt.Fprintf(stderr, "%d/%d  %s  %d rows  %d missing  %s\n", s.Done, s.All, s.Fold, s.Rows, s.Missing, s.Took.Round(time.Millisecond))
			}
		},
	})
	if err != nil {
		return err
	}
	f, err := os.Create(o.out)
	if err != nil {
		return err
	}
	if err := calibrate.WritePredictions(f, preds); err != nil {
		f.Close()
		return err
	}
	if !o.quiet {
		fmt.Fprintf(stderr, "%d predictions in %s, %d of them by the plain predictor, %d rows without an answer: %s\n", rows, time.Since(started).Round(time.Second), rest, missing, o.out)
	}
	return f.Close()
}

// newEnv returns what predictors may ask: networks below graphs, and devices of
// the catalogue or, where it does not know a label, of an external table.
func newEnv(graphs, devices string) (*record.Env, error) {
	catalogue := device.Embedded()
	if devices != "" {
		f, err := os.Open(devices)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if catalogue, err = catalogue.WithExternal(f); err != nil {
			return nil, fmt.Errorf("%s: %w", devices, err)
		}
	}
	return &record.Env{
		Network: newNetworks(graphs).network,
		Device: func(r *record.Row) (*record.Device, bool) {
			d, err := catalogue.FindLabel(r.Device, r.SoC)
			if err != nil {
				return nil, false
			}
			return record.FromCatalogue(&d), true
		},
	}, nil
}
