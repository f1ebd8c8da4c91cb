package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

// readRunProfile returns the profile of a file that calibrate fit wrote from runs, and the file's hash; nil for files of another kind.
func readRunProfile(path string) (*runProfile, string, error) {
	if path == "" {
		return nil, "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	if !bytes.HasPrefix(b, []byte("{")) || !bytes.Contains(b[:min(len(b), 4096)], []byte(`"statistic"`)) {
		return nil, "", nil
	}
	p := &runProfile{}
	if err := json.Unmarshal(b, p); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	if p.Version != 1 || p.Model == nil && p.Kernels == nil {
		return nil, "", fmt.Errorf("%s: profile of version %d without prices", path, p.Version)
	}
	sum := sha256.Sum256(b)
	return p, hex.EncodeToString(sum[:]), nil
}

// estimateByRuns prices models on the device that a profile was fitted on.
func estimateByRuns(ctx context.Context, path string, o estimateOptions, p *runProfile, hash string, stdout, stderr io.Writer) error {
	for _, name := range append(slices.Clone(o.devices), o.table) {
		if name != "" && !p.isOf(name) {
			return usagef("--profile is of %s (%s), not of %q; leave --device out", p.Device.Name, p.Device.ID, name)
		}
	}
	target := p.target()
	sink, err := newPredictionSink(o, []device.Device{target.Device}, stdout)
	if err != nil {
		return err
	}
	err = eachQuestion(ctx, path, o.bind, func(q *pricedModel) error {
		t := target
		t.Precision = device.F32
		if q.quantised {
			t.Precision = device.I8
		}
		a := p.predict(q, o.layers)
		a.ProfileHash = hash
		if err := sink.add(q, t, a); err != nil {
			return err
		}
		return ctx.Err()
	})
	return sink.finish(path, err, stderr)
}

// isOf reports whether a name is that of the profile's device.
func (p *runProfile) isOf(name string) bool {
	if strings.EqualFold(name, p.Device.ID) || strings.EqualFold(name, p.Device.Name) {
		return true
	}
	d, err := findDevice(name) // by another of its names
	return err == nil && d.Name == p.Device.Name
}

// target returns what the runs were made on.
func (p *runProfile) target() device.Target {
	d := device.Device{Name: p.Device.Name}
	if known, err := device.Embedded().Find(p.Device.Name); err == nil && p.Device.ID != hostName {
		d = known
	}
	if d.SoC.Name == "" {
		d.SoC.Name = p.Device.SoC
	}
	if d.SoC.Name == "" {
		d.SoC.Name = p.Device.CPU
	}
	t := device.Target{Device: d, Runtime: p.Runtime, Delegate: device.CPU, Threads: max(p.Options.Threads, 1)}
	if p.Options.Delegate != "" {
		t.Delegate = device.Delegate(p.Options.Delegate)
	}
	return t
}

// predict prices a model.
func (p *runProfile) predict(q *pricedModel, layers bool) estimate.Prediction {
	refuse := func(why string) estimate.Prediction { return estimate.Prediction{Basis: estimate.Refused, Reason: why} }
	switch {
	case !slices.Contains(formatsOfRuntime[p.Runtime], q.format):
		return refuse(fmt.Sprintf("the profile is of %s, which does not run %s", p.Runtime, q.format))
	case q.Unpriceable != "":
		return refuse(q.Unpriceable)
	case q.Opaque > 0:
		return refuse("holds compiled pieces whose operators cannot be seen")
	case q.Network == nil || len(q.Network.Layers) == 0:
		return refuse("no operators")
	}
	a := estimate.Prediction{Basis: estimate.SameTarget}
	if p.Device.Simulated {
		a.Basis = estimate.Simulated
	}
	r := estimate.Range{Known: true}
	terms := additive.Terms(q.Network)
	if p.Kernels != nil {
		r.Value, r.Lo, r.Hi = p.Kernels.Predict(q.Network)
		a.Layers = p.shares(q, layers)
	} else {
		r.Value, r.Lo, r.Hi = p.Model.Predict(terms)
	}
	a.LatencyMS = r
	if p.Networks > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%s of %s; on families held out the profile's median error was %.0f %%, and %.0f %% lay inside", p.Statistic, plural(p.Networks, "network"), 100*p.Median, 100*p.Covered))
	} else {
		a.Notes = append(a.Notes, "fitted on probes alone: no network was measured, so the interval is not tested")
	}
	p.addEnergy(&a, terms)
	return a
}

// addEnergy adds the energy to an answer, where the profile's runs had one; it is known in the way that they are, and what judged it is a note.
func (p *runProfile) addEnergy(a *estimate.Prediction, terms []float64) {
	if p.Energy == nil || p.Energy.Model == nil {
		return
	}
	a.EnergyMJ.Value, a.EnergyMJ.Lo, a.EnergyMJ.Hi = p.Energy.Model.Predict(terms)
	a.EnergyMJ.Known, a.EnergyBasis = true, a.Basis
	note := fmt.Sprintf("energy above idle, fitted on %s (%s)", plural(p.Energy.Runs, "run"), p.Energy.Meter)
	if p.Energy.Covered > 0 || p.Energy.Median > 0 {
		note += fmt.Sprintf("; on families held out its median error was %.0f %%, and %.0f %% lay inside", 100*p.Energy.Median, 100*p.Energy.Covered)
	}
	a.Notes = append(a.Notes, note)
}

// shares returns each kernel's part of the time.
func (p *runProfile) shares(q *pricedModel, names bool) []estimate.Layer {
	ms := p.Kernels.Layers(q.Network)
	total := 0.0
	for _, v := range ms {
		total += v
	}
	if total <= 0 {
		return nil
	}
	out := make([]estimate.Layer, 0, len(ms))
	for i, v := range ms {
		l := estimate.Layer{Op: q.Network.Layers[i].Op, LatencyMS: v, Share: v / total, Processor: string(device.CPU)}
		if names {
			l.Name = q.Network.Layers[i].Name
		}
		out = append(out, l)
	}
	return out
}
