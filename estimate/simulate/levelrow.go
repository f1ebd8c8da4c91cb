package simulate

import (
	"strconv"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
)

// halfSince is when ncnn turned float16 arithmetic on.
const halfSince = 2020.5

// ObservationOf turns a recorded latency and its network into an observation; false where the row is of a neural processor, of no known
// runtime, older than the kernels of today, or not of a phone or board.
func ObservationOf(row *record.Row, d device.Device, net *feature.Network) (Observation, bool) {
	t := device.Target{Device: d, Runtime: row.Runtime, Delegate: device.Delegate(row.Processor), Threads: row.ThreadCount(), Precision: device.F32}
	year, dated := row.Year()
	switch {
	case t.Delegate != device.CPU && t.Delegate != device.GPUDelegate, row.Metric != "latency", !row.Known():
		return Observation{}, false
	case row.Class != "" && row.Class != "phone" && row.Class != "sbc":
		return Observation{}, false
	case t.Runtime == "ncnn" && (dated && year < 2019 || row.Precision == "int8"): // its int8 kernels were years behind the others'
		return Observation{}, false
	}
	if _, ok := rulesOf(t.Runtime); !ok {
		return Observation{}, false
	}
	if row.Notes != "" && row.Threads == "" && row.Note("era") == "" { // "threads = as many as big cores"
		t.Threads = len(d.SoC.CoresFor(0, device.AffinityBig))
	}
	switch row.Note("powersave") {
	case "2":
		t.Affinity = device.AffinityBig
	case "1":
		t.Affinity = device.AffinityLittle
	}
	switch {
	case row.Precision == "int8":
		t.Precision = device.I8
	case row.Precision == "fp16" || t.Delegate == device.GPUDelegate:
		t.Precision = device.F16
	case row.Precision == "auto" && t.Runtime == "ncnn" && year >= halfSince:
		t.Precision = device.Auto
	}
	run := row.RunID + "/" + strconv.Itoa(t.Threads)
	return Observation{Target: t, Network: net, LatencyMS: row.Value, Run: run, Era: row.Note("era")}, true
}
