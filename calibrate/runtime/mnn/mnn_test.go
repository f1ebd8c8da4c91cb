package mnn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/mnn"
)

const text = `MNN benchmark
Forward type: CPU thread=4 precision=2 sparsity=0 sparseBlockOC=1 testQuantizedModel=0
--------> Benchmarking... loop = 10, warmup = 5
[ - ] squeezenetv1.0.mnn          max =   10.123 ms  min =    9.001 ms  avg =    9.500 ms
`

func TestParse(t *testing.T) {
	r, err := mnn.Parse([]byte(text), nil)
	if err != nil || *r.Summary.MinMS != 9.001 || *r.Summary.MaxMS != 10.123 || *r.Summary.MeanMS != 9.5 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, in := range map[string]string{
		"empty": "", "two": text + "[ - ] b.mnn max = 2 ms min = 1 ms avg = 1.5 ms\n", "unit": strings.Replace(text, "9.500 ms", "9500 us", 1),
		"order": strings.Replace(text, "9.001", "19.001", 1), "number": strings.Replace(text, "9.500", "nan", 1),
	} {
		if r, err := mnn.Parse([]byte(in), nil); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestArgs(t *testing.T) {
	got, err := mnn.Args("/d/one/m.mnn", runtime.Options{Threads: 4, Repeats: 10, Warmup: 5, Precision: "f16"})
	if err != nil || strings.Join(got, " ") != "/d/one 10 5 0 4 2" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := mnn.Args("/m", runtime.Options{Profile: true}); !errors.Is(err, runtime.ErrOption) {
		t.Errorf("profile: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(text))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := mnn.Parse(b, nil); err == nil && r.Summary == nil {
			t.Error("no error and no summary")
		}
	})
}
