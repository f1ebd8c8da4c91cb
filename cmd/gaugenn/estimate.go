package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/regress/hub"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

type estimateOptions struct {
	devices                                []string
	runtime, delegate, precision, affinity string
	threads                                int
	profile, given, out, table             string
	layers, asJSON, quiet, overwrite       bool
	bind                                   []string
	words                                  wordsOptions
}

func estimateCommand() *cobra.Command {
	var o estimateOptions
	c := &cobra.Command{
		Use:   "estimate MODEL|APP|TABLES",
		Short: "What a model will cost on a phone: latency, energy and memory, with intervals",
		Long: `Estimate prices the models of a file, an app or a folder of tables on one or more
phones. Every answer has a 90 % interval and a basis: measured, same_target, same_soc,
unseen, simulated, or refused with the reason.`,
		Example: `  gaugenn estimate model.tflite --device "Pixel 7" --threads 4
  gaugenn estimate net.param --runtime ncnn --device "soc=Snapdragon 7 Gen 1, ram=8" --given mine.csv
  gaugenn estimate bert.onnx --words 275 --vocab tokenizer.json --device "Galaxy A15"
  gaugenn estimate tables/ --devices popular -o tables/`,
		Args: atLeast(1, "a model, an app or a folder of tables"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("estimate takes one model, app or folder of tables at a time, and device names in quotes")
			}
			return runEstimate(cmd.Context(), args[0], o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.devices, "device", nil, "phone, model code, SoC, \"soc=…, ram=…\", or what getprop printed (text or file); may be repeated")
	f.StringVar(&o.table, "devices", "", "\"popular\", \"all\", or several devices separated by semicolons")
	f.StringVar(&o.runtime, "runtime", "", strings.Join(simulate.Runtimes(), ", ")+"; default: that of the format")
	f.StringVar(&o.delegate, "delegate", "cpu", "cpu, gpu or npu")
	f.StringVar(&o.precision, "precision", "", "f32, f16, i8 or auto; default: that of the weights")
	f.StringVar(&o.affinity, "affinity", "", "big or little; default: any core, fastest first")
	f.IntVar(&o.threads, "threads", 4, "CPU threads")
	f.StringVar(&o.profile, "profile", "", "fitted profile in place of the built-in one; of runs, its own device is meant")
	f.StringVar(&o.given, "given", "", "CSV of latencies that you measured on the device: model,latency_ms")
	f.StringVarP(&o.out, "output", "o", "", "folder for the predictions table")
	f.BoolVar(&o.layers, "layers", false, "every kernel with its share of the time")
	f.BoolVar(&o.asJSON, "json", false, "one JSON object per prediction")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors (with -o)")
	f.BoolVar(&o.overwrite, "overwrite", false, "replace an earlier predictions table")
	f.IntVar(&o.words.words, "words", 0, "price a text model for a text of this many words")
	f.StringVar(&o.words.vocab, "vocab", "", "the model's vocabulary: tokenizer.json, vocab.txt or a SentencePiece model (with --words)")
	f.StringVar(&o.words.mode, "mode", "encoder", "encoder, decoder or recurrent (with --words)")
	f.IntVar(&o.words.perDay, "words-per-day", 5000, "words a day, for the battery (with --words)")
	f.StringArrayVar(&o.bind, "bind", nil, "value of a free dimension, such as batch=1 or height=320; may be repeated")
	return c
}

func runEstimate(ctx context.Context, path string, o estimateOptions, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	if p, hash, err := readRunProfile(o.profile); err != nil || p != nil {
		if err != nil {
			return err
		}
		if o.given != "" {
			return usagef("--given cannot be used with a profile of runs: add the runs to the table that it is fitted on")
		}
		return estimateByRuns(ctx, path, o, p, hash, stdout, stderr)
	}
	phones, err := chosenDevices(o)
	if err != nil {
		return err
	}
	profiles, err := profilesFrom(o.profile)
	if err != nil {
		return err
	}
	if o.words.words > 0 {
		return estimateWords(ctx, path, o, phones, estimate.New(profiles), stdout)
	}
	given, err := readGiven(ctx, o.given, path, o.bind)
	if err != nil {
		return err
	}
	sink, err := newPredictionSink(o, phones, stdout)
	if err != nil {
		return err
	}
	e := estimate.New(profiles)
	err = eachQuestion(ctx, path, o.bind, func(q *pricedModel) error {
		q.Brief = sink.table != nil || o.asJSON
		for i := range phones {
			t := targetOf(phones[i], q, o)
			if why := impossible(t); why != "" {
				if err := sink.add(q, t, estimate.Prediction{Basis: estimate.Refused, Reason: why}); err != nil {
					return err
				}
				continue
			}
			target, err := e.Prepare(t, givenFor(given, q, o.runtime))
			if err != nil {
				if err := sink.add(q, t, estimate.Prediction{Basis: estimate.Refused, Reason: err.Error()}); err != nil {
					return err
				}
				continue
			}
			p := target.Predict(q.Question)
			if err := sink.add(q, t, p); err != nil {
				return err
			}
			if sink.showsWhatIf() && p.Basis != estimate.Refused {
				if err := writeWhatIf(stdout, e, q, t); err != nil {
					return err
				}
				if err := writeSharper(stdout, e, q, t, p); err != nil {
					return err
				}
			}
		}
		return ctx.Err()
	})
	return sink.finish(path, err, stderr)
}

// finish closes the sink after the questions of a path, which may have ended with an error, and says what was written.
func (s *predictionSink) finish(path string, err error, stderr io.Writer) error {
	if err != nil {
		s.prices = nil // half a price table would look like a whole one
	}
	err = errors.Join(err, s.close())
	if err == nil && s.count == 0 {
		return fmt.Errorf("%s: no model in it that could be priced", path)
	}
	if err == nil && s.o.out != "" && !s.o.quiet && !s.o.asJSON {
		fmt.Fprintf(stderr, "%s predictions (%s refused) in %s/predictions\n", group(s.count), group(s.refused), strings.TrimSuffix(s.o.out, "/"))
	}
	return err
}

// chosenDevices returns the devices that the flags name; none is an error that
// says how to name one.
func chosenDevices(o estimateOptions) ([]device.Device, error) {
	names := o.devices
	switch {
	case o.table == "popular":
		return device.Embedded().Popular(), nil
	case o.table == "all":
		return distinct(device.Embedded().Devices()), nil
	case o.table != "":
		for n := range strings.SplitSeq(o.table, ";") {
			names = append(names, nonEmpty(strings.TrimSpace(n))...)
		}
	}
	if len(names) == 0 {
		return nil, usagef("which phone? --device \"Galaxy A15\", or --devices popular; gaugenn devices --search WORD lists them")
	}
	var out []device.Device
	for _, n := range names {
		d, err := findDevice(n)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return distinct(out), nil
}

// distinct leaves out devices that were there before under the same name with
// the same SoC: they would have the same answers under the same key.
func distinct(list []device.Device) []device.Device {
	seen := map[[2]string]bool{}
	var out []device.Device
	for _, d := range list {
		if key := [2]string{d.Name, d.SoC.ID}; !seen[key] {
			seen[key] = true
			out = append(out, d)
		}
	}
	return out
}

// profilesFrom returns the built-in profiles, or the one in a file in place of
// that of its world.
func profilesFrom(path string) (estimate.Profiles, error) {
	p := estimate.Profiles{
		NCNN: sync.OnceValues(func() (*ncnn.Profile, error) { return builtin("ncnn", ncnn.ReadProfile) }),
		NPU: sync.OnceValues(func() (*hub.Profile, error) {
			return builtin("npu", func(b []byte) (*hub.Profile, error) { return hub.ReadProfile(bytes.NewReader(b)) })
		}),
		Levels: sync.OnceValues(func() (*simulate.Levels, error) {
			return builtin("levels", func(b []byte) (*simulate.Levels, error) { return simulate.ReadLevels(bytes.NewReader(b)) })
		}),
	}
	if path == "" {
		return p, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	first, err := ncnn.ReadProfile(b)
	if err == nil {
		p.NCNN = func() (*ncnn.Profile, error) { return first, nil }
		return p, nil
	}
	second, err2 := hub.ReadProfile(bytes.NewReader(b))
	if err2 == nil {
		p.NPU = func() (*hub.Profile, error) { return second, nil }
		return p, nil
	}
	third, err3 := simulate.ReadLevels(bytes.NewReader(b))
	if err3 == nil {
		p.Levels = func() (*simulate.Levels, error) { return third, nil }
		return p, nil
	}
	for _, e := range []error{err, err2, err3} { // the fault of the world that it is of, not that it is of none of the others
		if !errors.Is(e, ncnn.ErrNotProfile) && !errors.Is(e, hub.ErrNotProfile) && !errors.Is(e, simulate.ErrNotLevels) {
			return p, fmt.Errorf("%s: %w", path, e)
		}
	}
	return p, fmt.Errorf("%s: not a profile that \"gaugenn calibrate fit\" wrote", path)
}

// builtin reads a profile that ships with the program, nil if it has none.
func builtin[P any](name string, read func([]byte) (*P, error)) (*P, error) {
	b, err := data.BuiltinProfile(name)
	if err != nil || b == nil {
		return nil, err
	}
	return read(b)
}

// targetOf completes the flags by the model's own format and weights.
func targetOf(d device.Device, q *pricedModel, o estimateOptions) device.Target {
	t := device.Target{Device: d, Runtime: o.runtime, Delegate: device.Delegate(o.delegate), Threads: o.threads, Affinity: device.Affinity(o.affinity), Precision: device.Precision(o.precision)}
	if t.Runtime == "" {
		t.Runtime = runtimeOf(q.format)
	}
	if t.Delegate != device.CPU {
		t.Threads = 0
	}
	if t.Precision == "" {
		t.Precision = device.F32
		if q.quantised {
			t.Precision = device.I8
		} else if t.Runtime == "ncnn" {
			t.Precision = device.Auto
		} else if t.Delegate != device.CPU {
			t.Precision = device.F16
		}
	}
	return t
}

// runtimeOf returns the runtime that apps use for a format.
func runtimeOf(format string) string {
	switch format {
	case "ncnn", "mnn", "executorch", "tnn", "paddlelite":
		return format
	case "onnx", "ort":
		return "ort"
	case "dlc":
		return "snpe"
	}
	return "litert"
}

// predictionSink shows or writes predictions.
type predictionSink struct {
	o              estimateOptions
	w              io.Writer
	table          *data.Writer[data.Prediction]
	prices         *priceTable // for several devices, shown at the end
	count, refused int
}

func newPredictionSink(o estimateOptions, phones []device.Device, stdout io.Writer) (*predictionSink, error) {
	s := &predictionSink{o: o, w: stdout}
	if len(phones) > 1 && o.out == "" && !o.asJSON && !o.layers {
		s.prices = newPriceTable(phones)
	}
	if o.out == "" {
		return s, nil
	}
	have, err := data.Files(o.out, "predictions")
	if err != nil {
		return nil, err
	}
	if len(have) > 0 && !o.overwrite {
		return nil, fmt.Errorf("%s already holds predictions; use another folder, or --overwrite to replace them", o.out)
	}
	s.table, err = data.Create[data.Prediction](o.out, "estimate", data.Meta{Tool: version, Command: "gaugenn estimate"})
	return s, err
}

func (s *predictionSink) add(q *pricedModel, t device.Target, p estimate.Prediction) error {
	s.count++
	if p.Basis == estimate.Refused {
		s.refused++
	}
	if s.o.asJSON || s.table != nil {
		p.Reason = strings.Join(nonEmpty(append([]string{p.Reason}, taken(q, t, p)...)...), "; ")
	}
	switch {
	case s.o.asJSON:
		b, err := data.JSON(data.PredictionRow(q.id, t, p))
		if err == nil {
			_, err = s.w.Write(b)
		}
		return err
	case s.table != nil:
		return s.table.Write(data.PredictionRow(q.id, t, p))
	}
	if s.prices != nil {
		s.prices.add(q, t, p)
		return nil
	}
	return writePrediction(s.w, q, t, p, s.o.layers)
}

// taken are what a row's number takes for granted, assumed sizes included.
func taken(q *pricedModel, t device.Target, p estimate.Prediction) []string {
	if p.Basis == estimate.Refused {
		return nil
	}
	if q.assumes() {
		return append([]string{"sizes: " + q.binding}, assumptions(q, t)...)
	}
	return assumptions(q, t)
}

// showsWhatIf reports whether answers are shown one by one to people.
func (s *predictionSink) showsWhatIf() bool {
	return s.prices == nil && s.table == nil && !s.o.asJSON
}

func (s *predictionSink) close() error {
	if s.table != nil {
		return s.table.Close()
	}
	if s.prices != nil {
		return s.prices.write(s.w)
	}
	return nil
}
