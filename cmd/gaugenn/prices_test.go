package main

import (
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

func TestWorkRows_areOfTheGraphThatTheModelsMACsAreOf(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	rows := []data.Layer{{GraphIndex: 0}, {GraphIndex: 0}, {GraphIndex: 1, MACs: n(3)}, {GraphIndex: 1, MACs: n(4)}, {GraphIndex: 2, MACs: n(9)}}
	for macs, want := range map[int64]struct {
		graph int32
		times float64
	}{0: {0, 1}, 7: {1, 1}, 9: {2, 1}, 99: {2, 11}} {
		got, times := workRows(rows, macs)
		if len(got) == 0 || got[0].GraphIndex != want.graph || got[len(got)-1].GraphIndex != want.graph || times != want.times {
			t.Errorf("MACs %d: graph %+v %g times, want %d %g times", macs, got, times, want.graph, want.times)
		}
	}
	if got, times := workRows(nil, 1); len(got) != 0 || times != 1 {
		t.Errorf("no rows: %v %g times", got, times)
	}
}

func TestPriceTable_keepsModelsOfOneNameApart(t *testing.T) {
	phones := []device.Device{{Name: "A"}, {Name: "B"}}
	p := newPriceTable(phones)
	for _, d := range phones {
		for i, id := range []string{"1", "2"} {
			q := &pricedModel{id: id, format: "tflite"}
			q.Name = "net.tflite"
			v := float64(10 * (i + 1))
			p.add(q, device.Target{Device: d, Runtime: "litert", Delegate: device.CPU, Threads: 4},
				estimate.Prediction{Basis: estimate.Simulated, LatencyMS: estimate.Range{Value: v, Lo: v / 2, Hi: v * 2, Known: true}})
		}
		q := &pricedModel{id: "3", format: "mediapipe"}
		q.Name = "g.binarypb"
		p.add(q, device.Target{Device: d, Runtime: "litert"}, estimate.Prediction{Basis: estimate.Refused, Reason: "a pipeline"})
	}
	var b strings.Builder
	if err := p.write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"10 (5 – 20)*", "20 (10 – 40)*", "published facts alone", "no answer: a pipeline (g.binarypb)", "simulated 4"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Count(b.String(), "g.binarypb") != 1 {
		t.Errorf("one refusal on two phones is not said once:\n%s", b.String())
	}
	if strings.Count(b.String(), "net.tflite") != 2 {
		t.Errorf("two models of one name are not two rows:\n%s", b.String())
	}
}

func TestPriceTable_saysWhyOnePhoneHasNoAnswer(t *testing.T) {
	phones := []device.Device{{Name: "A"}, {Name: "B"}}
	p := newPriceTable(phones)
	q := &pricedModel{id: "1", format: "tflite"}
	q.Name = "net.tflite"
	p.add(q, device.Target{Device: phones[0], Runtime: "litert"}, estimate.Prediction{Basis: estimate.Simulated, LatencyMS: estimate.Range{Value: 2, Lo: 1, Hi: 4, Known: true}})
	p.add(q, device.Target{Device: phones[1], Runtime: "litert"}, estimate.Prediction{Basis: estimate.Refused, Reason: "B has none"})
	var b strings.Builder
	if err := p.write(&b); err != nil {
		t.Fatal(err)
	}
	if want := "no answer: B has none (net.tflite)"; !strings.Contains(b.String(), want) {
		t.Errorf("no %q in\n%s", want, b.String())
	}
}

func TestPriceTable_marksAssumedSizesAndShowsNoEmptyTable(t *testing.T) {
	phones := []device.Device{{Name: "A"}, {Name: "B"}}
	refused, priced := estimate.Prediction{Basis: estimate.Refused, Reason: "none"}, estimate.Prediction{Basis: estimate.Simulated, LatencyMS: estimate.Range{Value: 2, Lo: 1, Hi: 4, Known: true}}
	q := &pricedModel{id: "1", format: "tflite", binding: "x:1 (height) = 224, assumed"}
	for want, answers := range map[string][2]estimate.Prediction{"‡ at customary sizes": {priced, refused}, "no answer: none": {refused, refused}} {
		p := newPriceTable(phones)
		for i, d := range phones {
			p.add(q, device.Target{Device: d, Runtime: "litert"}, answers[i])
		}
		var b strings.Builder
		if err := p.write(&b); err != nil {
			t.Fatal(err)
		}
		if isTable := strings.Contains(b.String(), "┌"); !strings.Contains(b.String(), want) || isTable != (answers[0].Basis != estimate.Refused) {
			t.Errorf("want %q in\n%s", want, b.String())
		}
		if strings.Contains(b.String(), "?") {
			t.Errorf("what is not known of a phone is shown:\n%s", b.String())
		}
	}
}

func TestChosenDevices_eachOnce(t *testing.T) {
	for table, want := range map[string]string{"S22; Galaxy S22;": "Galaxy S22 (Exynos)", " Pixel 7 ;;Pixel 8": "Google Pixel 7, Google Pixel 8", ";": "", "all": "all"} {
		list, err := chosenDevices(estimateOptions{table: table})
		if (err != nil) != (want == "") {
			t.Errorf("%q: %v", table, err)
		}
		var names []string
		seen := map[[2]string]bool{}
		for _, d := range list {
			names = append(names, d.Name)
			if key := [2]string{d.Name, d.SoC.ID}; seen[key] {
				t.Errorf("%q: %s twice", table, d.Name)
			} else {
				seen[key] = true
			}
		}
		if got := strings.Join(names, ", "); want != "all" && got != want || want == "all" && len(names) < 700 {
			t.Errorf("%q: %.200s, want %s", table, got, want)
		}
	}
}
