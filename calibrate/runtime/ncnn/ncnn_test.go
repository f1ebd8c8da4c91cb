package ncnn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/ncnn"
)

const text = `[0 Adreno (TM) 740]  queueC=0[3]  queueG=0[3]  queueT=0[3]
loop_count = 8
num_threads = 4
powersave = 2
gpu_device = -1
cooling_down = 1
          squeezenet  min =    3.32  max =    3.71  avg =    3.41
`

func TestParse(t *testing.T) {
	r, err := ncnn.Parse(nil, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Summary; *s.MinMS != 3.32 || *s.MaxMS != 3.71 || *s.MeanMS != 3.41 || s.Count != 8 || r.Options.Threads != 4 || r.Options.Affinity != "big" || r.Options.Delegate != "cpu" {
		t.Errorf("%+v %+v", r, s)
	}
	all, _, err := ncnn.ParseAll(nil, []byte(text+"  vision_transformer  min =  412.20  max =  415.55  avg =  413.07\n"))
	if err != nil || len(all) != 2 || all[1].Model != "vision_transformer" || all[1].AvgMS != 413.07 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestParse_refusesWhatItDoesNotKnow(t *testing.T) {
	for name, in := range map[string]string{
		"empty":   "",
		"two":     text + "  a  min = 1.00  max = 1.00  avg = 1.00\n",
		"order":   strings.Replace(text, "3.71", "2.71", 1),
		"number":  strings.Replace(text, "3.41", "-nan", 1),
		"median":  strings.Replace(text, "avg =", "med =", 1),
		"missing": text + "fopen squeezenet.param failed\n",
	} {
		if r, err := ncnn.Parse(nil, []byte(in)); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestArgs(t *testing.T) {
	got, err := ncnn.Args("/d/m.param", runtime.Options{Threads: 4, Repeats: 8, Affinity: "big"})
	if err != nil || strings.Join(got, " ") != "8 4 2 -1 0 param=/d/m.param" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := ncnn.Args("/d/m.param", runtime.Options{Delegate: "nnapi"}); !errors.Is(err, runtime.ErrOption) {
		t.Errorf("nnapi: %v", err)
	}
}

func FuzzParseAll(f *testing.F) {
	f.Add([]byte(text))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, _, err := ncnn.ParseAll(b, nil)
		for _, x := range all {
			if err == nil && (x.MinMS < 0 || x.MaxMS < x.MinMS-0.03) {
				t.Errorf("%+v", x)
			}
		}
	})
}
