package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
)

// minEnergies is how few runs with an energy a fit of energies takes; an additive fit takes no fewer either.
const minEnergies = 6

// energyFit is the energy of an inference on one device, by the same kinds of work as its latency: each has a price, in millijoules where the
// latency's is in milliseconds.
type energyFit struct {
	Meter string          `json:"meter"`
	Runs  int             `json:"runs"`
	Model *additive.Model `json:"model"`
	heldFigures
	Sigma float64 `json:"meter_sigma"` // median relative standard deviation of the measured energies
}

// withEnergy returns the rows that have an energy. Where networks are too few for a fit, probes count as well, each kind of them as a family.
func (p *runProfile) withEnergy(rows []fitRow) []fitRow {
	unknown := func(r fitRow) bool { return !r.energy.Known() }
	some := slices.DeleteFunc(slices.Clone(rows), unknown)
	if len(some) >= minEnergies {
		return some
	}
	for _, r := range slices.DeleteFunc(slices.Clone(p.probes), unknown) {
		if parts := strings.SplitN(r.name, "_", 3); len(parts) > 1 {
			r.sample.Group = parts[0] + "_" + parts[1]
		}
		some = append(some, r)
	}
	return some
}

// fitEnergy fits the energies of the runs that have one, and judges the fit on families that it did not see. With too few it says so.
func (p *runProfile) fitEnergy(rows []fitRow, quiet bool, w io.Writer) error {
	var samples []additive.Sample
	var sigmas []float64
	e := &energyFit{}
	for _, r := range p.withEnergy(rows) {
		s := r.sample
		s.LatencyMS, s.Parts = r.energy.EnergyMJ, nil
		samples, sigmas, e.Meter = append(samples, s), append(sigmas, r.energy.SigmaMJ/r.energy.EnergyMJ), r.energy.Meter
	}
	if e.Runs = len(samples); e.Runs < minEnergies {
		if !quiet && e.Runs > 0 {
			fmt.Fprintf(w, "energy: %d runs have one, at least %d are needed for a fit\n", e.Runs, minEnergies)
		}
		return nil
	}
	var err error
	if e.Model, err = additive.Fit(samples); err != nil {
		return err
	}
	slices.Sort(sigmas)
	e.Sigma, e.heldFigures = sigmas[len(sigmas)/2], figuresOf(samples, additive.LeaveOut(samples))
	p.Energy = e
	if !quiet {
		fmt.Fprintf(w, "energy (%s), %d runs; families held out: mean error %.1f %%, median %.1f %%, %.0f %% inside the 90 %% interval; the meter's own %.1f %%\n",
			e.Meter, e.Runs, 100*e.MAPE, 100*e.Median, 100*e.Covered, 100*e.Sigma)
	}
	return nil
}

// simulatedWord says so where no device was there.
func simulatedWord(d runs.Facts) string {
	if d.Simulated {
		return " (simulated)"
	}
	return ""
}
