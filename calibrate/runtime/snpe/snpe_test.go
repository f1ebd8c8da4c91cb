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
