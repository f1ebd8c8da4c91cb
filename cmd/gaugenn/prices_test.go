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
