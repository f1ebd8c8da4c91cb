package simulate_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

// plain is a network of n convolutions of growing width.
func plain(n int) *feature.Network {
	net := &feature.Network{Name: fmt.Sprint("plain", n)}
	for i := range n {
		net.Layers = append(net.Layers, conv(fmt.Sprint("conv", i), feature.Conv, 28, 32+8*i, 64, 3, 1))
	}
	return net
}

// observations are runs whose recorded latency is the simulated one times factor, on the given chips.
func observations(t *testing.T, runtime string, factor func(soc string) float64, socs ...string) []simulate.Observation {
	t.Helper()
	var out []simulate.Observation
	for _, soc := range socs {
		tg := target(t, soc, device.CPU, 1)
		tg.Runtime = runtime
		for n := 2; n < 10; n++ {
			res, err := simulate.RunNetwork(plain(n), tg)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, simulate.Observation{Target: tg, Network: plain(n), LatencyMS: res.LatencyMS.Value * factor(soc), Run: soc})
		}
	}
	return out
}

var manySoCs = []string{"Snapdragon 855", "Snapdragon 865", "Snapdragon 888", "Snapdragon 845", "Snapdragon 835", "Snapdragon 765G", "Exynos 2100", "Tensor G1"}

func fitted(t *testing.T, factor func(string) float64) *simulate.Levels {
	t.Helper()
	l, held, err := simulate.FitLevels(observations(t, "litert", factor, manySoCs...), "hash", "test")
	if err != nil || len(held) != 8*len(manySoCs) {
		t.Fatalf("%d held out, %v", len(held), err)
	}
	return l
}

// ask returns the answer of levels for a network on a target, with rows measured there.
func ask(t *testing.T, l *simulate.Levels, tg device.Target, net *feature.Network, given ...float64) (simulate.Range, float64, simulate.Evidence) {
	t.Helper()
	m, err := simulate.NewMachine(tg)
	if err != nil {
		t.Fatal(err)
	}
	res, err := m.RunNetwork(net)
	if err != nil {
		t.Fatal(err)
	}
	var rows []simulate.Measured
	for i, f := range given {
		r, err := m.RunNetwork(plain(2 + i))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, simulate.Measured{Simulated: r, LatencyMS: f * r.LatencyMS.Value})
	}
	return l.Correct(m, &res, rows), res.LatencyMS.Value, l.Evidence(m)
}

func TestLevels_recoverAKnownLevel(t *testing.T) {
	l := fitted(t, func(string) float64 { return 0.5 })
	tg := target(t, "Snapdragon 778G", device.CPU, 1)
	tg.Runtime = "litert"
	r, sim, evidence := ask(t, l, tg, plain(5))
	if k := r.Value / sim; math.Abs(k-0.5) > 0.08 || evidence != simulate.RuntimeRows {
		t.Errorf("an unseen chip answers %.2f of the simulation (evidence %d), recorded runs 0.5", k, evidence)
	}
	tg = target(t, "Snapdragon 855", device.CPU, 1)
	tg.Runtime = "litert"
	same, _, evidence := ask(t, l, tg, plain(5))
	if evidence != simulate.ChipRows || same.Hi/same.Lo >= r.Hi/r.Lo {
		t.Errorf("a recorded chip: evidence %d, %.2f wide; an unseen one %.2f", evidence, same.Hi/same.Lo, r.Hi/r.Lo)
	}
	tg.Runtime = "mnn"
	other, _, evidence := ask(t, l, tg, plain(5))
	if evidence != simulate.NoRows || other.Hi/other.Lo <= same.Hi/same.Lo {
		t.Errorf("a runtime without rows: evidence %d, %.2f wide, with rows %.2f", evidence, other.Hi/other.Lo, same.Hi/same.Lo)
	}
}

func TestLevels_givenRowsNarrowTheInterval(t *testing.T) {
	l := fitted(t, func(soc string) float64 { return 0.4 + 0.03*float64(len(soc)) })
	tg := target(t, "Snapdragon 778G", device.CPU, 1)
	tg.Runtime = "litert"
	last := math.Inf(1)
	for k := range 5 {
		given := []float64{1.6, 1.6, 1.6, 1.6, 1.6}[:k]
		r, sim, _ := ask(t, l, tg, plain(9), given...)
		if w := r.Hi / r.Lo; w >= last {
			t.Errorf("%d rows: interval %.3f wide, with one row less %.3f", k, w, last)
		} else {
			last = w
		}
		if k == 4 && math.Abs(r.Value/sim-1.6) > 0.3 {
			t.Errorf("four rows at 1.6 of the simulation: answers %.2f", r.Value/sim)
		}
	}
}

func TestLevels_sameAfterTheirFileForm(t *testing.T) {
	l := fitted(t, func(string) float64 { return 0.7 })
	var b, c bytes.Buffer
	if _, err := l.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	read, err := simulate.ReadLevels(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read.WriteTo(&c); err != nil || c.String() != text {
		t.Errorf("other bytes after reading: %v", err)
	}
	for name, bad := range map[string]string{"another simulation": strings.Replace(text, `"Simulation":`, `"Simulation":9`, 1), "no levels": `{"Kind":"x"}`, "no JSON": "x",
		"cut short": text[:len(text)/2], "too few means": strings.Replace(text, `"Mean":[`, `"Mean":[0,`, 1)} {
		if l, err := simulate.ReadLevels(strings.NewReader(bad)); err == nil || l != nil {
			t.Errorf("%s: read without an error", name)
		}
	}
	if _, err := simulate.ReadLevels(strings.NewReader(strings.Replace(text, `"Simulation":`, `"Simulation":9`, 1))); !errors.Is(err, simulate.ErrSimulation) {
		t.Errorf("another simulation: %v", err)
	}
}

func TestFitLevels_refusesNothing(t *testing.T) {
	if _, _, err := simulate.FitLevels(nil, "", ""); !errors.Is(err, simulate.ErrNoRows) {
		t.Errorf("got %v, want ErrNoRows", err)
	}
}
