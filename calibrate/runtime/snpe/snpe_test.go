package snpe_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/snpe"
)

const text = `Log File Created: Tue Mar  5 10:00:00 2024
Dnn Runtime Load/Deserialize/Create/De-Init Statistics:
--------------------------------------------------
Load: 512 us
Init: 20480 us
Average SNPE Statistics:
------------------------------
Total Inference Time: 1500 us
Forward Propagate Time: 1400 us
Layer Times:
---------------
0: input : 1 us : CPU
1: conv1 relu : 700 us : GPU
2: prob : 23 us : CPU
`

func TestParse(t *testing.T) {
	r, err := snpe.Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *r.Summary.MeanMS != 1.5 || r.InitMS != 20.48 || len(r.Ops) != 3 || r.Ops[1].Name != "conv1 relu" || !r.Ops[1].Delegated || r.Ops[2].MeanUS != 23 || r.OpsUnit != "us" {
		t.Errorf("%+v", r)
	}
	cycles, err := snpe.Parse([]byte(strings.NewReplacer("1 us : CPU", "1 cycles : HTP", "700 us : GPU", "700 cycles : HTP", "23 us : CPU", "23 cycles : HTP").Replace(text)), nil)
	if err != nil || cycles.OpsUnit != "cycles" {
		t.Errorf("cycles: %+v, %v", cycles, err)
	}
}

// unnamed is the form of version 2.9, whose layers have no names.
const unnamed = `Interpreting file serialized with Flatbuffer
CREATE NETWORK: 254629
Software library version: 2.9.0.4462
Init: 283050 us
RPC Init Time: 3212 us
Create Network(s): 0 NONE

Average SNPE Statistics:
------------------------------
Total Inference Time: 3318 us
Num times yield occured: 0 NONE
Accelerator Time: 603 us

Layer Times:
---------------
0: 0 cycles : DSP
1: 162014 cycles : DSP
`

func TestParse_layersWithoutNames(t *testing.T) {
	r, err := snpe.Parse([]byte(unnamed), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ops) != 2 || r.Ops[1].Name != "" || r.Ops[1].MeanUS != 162014 || r.OpsUnit != "cycles" || r.Version != "2.9.0.4462" || r.InitMS != 283.05 {
		t.Errorf("%+v", r)
	}
	for name, in := range map[string]string{
		"form":    strings.Replace(unnamed, "162014 cycles", "162014", 1),
		"no time": strings.Replace(unnamed, "3318 us", "0 us", 1),
		"none":    strings.Replace(unnamed, "3318 us", "0 NONE", 1),
	} {
		if r, err := snpe.Parse([]byte(in), nil); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestArgs(t *testing.T) {
	for _, c := range []struct {
		o    runtime.Options
		want string // "" refused
	}{
		{runtime.Options{}, "--container m.dlc --perf_profile high_performance --profiling_level basic"},
		{runtime.Options{Delegate: "gpu", Profile: true}, "--container m.dlc --use_gpu --perf_profile high_performance --profiling_level detailed"},
		{runtime.Options{Delegate: "npu"}, "--container m.dlc --use_dsp --perf_profile high_performance --profiling_level basic"},
		{runtime.Options{Threads: 2}, ""}, {runtime.Options{Affinity: "big"}, ""}, {runtime.Options{Delegate: "nnapi"}, ""}, {runtime.Options{Precision: "f16"}, ""},
	} {
		got, err := snpe.Args("m.dlc", c.o)
		if strings.Join(got, " ") != c.want || (c.want == "") != errors.Is(err, runtime.ErrOption) {
			t.Errorf("%+v: %q, %v", c.o, got, err)
		}
	}
	list := snpe.List([]runtime.InputFile{{Name: "a", Path: "/x"}, {Name: "b", Path: "/y"}}, 2)
	if list != "a:=/x b:=/y\na:=/x b:=/y\n" {
		t.Errorf("list %q", list)
	}
}

func TestParse_refusesWhatItDoesNotKnow(t *testing.T) {
	for name, in := range map[string]string{
		"empty":       "",
		"no total":    strings.Replace(text, "Total Inference Time: 1500 us\n", "", 1),
		"other total": strings.Replace(text, "1500 us", "1.5 ms", 1),
		"unit":        strings.Replace(text, "700 us", "700 ns", 1),
		"gap":         strings.Replace(text, "1: conv1", "7: conv1", 1),
		"mixed":       strings.Replace(text, "700 us : GPU", "700 cycles : HTP", 1),
		"processor":   strings.Replace(text, ": GPU", ": TPU", 1),
	} {
		if r, err := snpe.Parse([]byte(in), nil); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(text))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := snpe.Parse(b, nil); err == nil && r.Summary == nil {
			t.Error("no error and no summary")
		}
	})
}
