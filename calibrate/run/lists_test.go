//go:build linux

package run_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb/adbtest"
	"github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/snpe"
)

// netRun stands for snpe-net-run: it takes the flags of the real one, wants every file of the list to have the bytes of its input, and writes a log.
const netRun = `#!/bin/sh
use=CPU
while [ $# -gt 0 ]; do
	case "$1" in
	--container) model="$2"; shift ;;
	--input_list) list="$2"; shift ;;
	--output_dir) out="$2"; shift ;;
	--perf_profile) shift ;;
	--profiling_level) level="$2"; shift ;;
	--use_gpu) use=GPU ;;
	--use_dsp) use=DSP ;;
	*) echo "unrecognized option '$1'" >&2; exit 1 ;;
	esac
	shift
done
case "$(head -c 5 "$model")" in
crash) kill -SEGV $$ ;;
nolog) exit 0 ;;
esac
[ -n "$ADSP_LIBRARY_PATH" ] || exit 7
n=0
while read -r a b; do
	for w in $a $b; do
		case "${w%%:=*}" in data) want=1200 ;; ids) want=32 ;; *) exit 8 ;; esac
		[ "$(wc -c <"${w#*:=}")" -eq $want ] || exit 9
	done
	n=$((n+1))
	mkdir -p "$out/Result_$n"
done <"$list"
echo "$use $level $n" >"$out/SNPEDiag_0.log"
`

// diagview stands for snpe-diagview: it prints the log in the form of version 2.9, layers only where they were asked for.
const diagview = `#!/bin/sh
[ "$1" = --input_log ] || exit 1
read -r use level n <"$2"
cat <<TEXT

Interpreting file serialized with Flatbuffer
CREATE NETWORK: 868051
Log File Created: Thu May 25 10:40:18 2023
Time Scale: 1e-06
Epoch Timestamp: 1684982418344254 Steady Clock Timestamp: 133841078806
Software library version: 2.9.0.4462

Dnn Runtime Load/Deserialize/Create/De-Init Statistics:
--------------------------------------------------
Load: 237 us
Deserialize: 27144 us
Create: 871138 us

Init: 903746 us
De-Init: 24806 us

Create Network(s): 868051 us
RPC Init Time: 0 NONE

Average SNPE Statistics:
------------------------------
TEXT
[ $level = basic ] && echo "Total Inference Time: 11676 us" || echo "Total Inference Time: 12900 us"
echo "Forward Propagate Time: 11642 us"
unit=us; [ $use = DSP ] && unit=cycles
[ $level = detailed ] && printf 'Layer Times: \n---------------\n0: 144 %s : %s\n1: 46 %s : %s\n' $unit $use $unit $use
exit 0
`

// TestPhone_listsOfInputs runs snpe-net-run's form of program over the real adb: inputs by shape, a log that another program prints, times without
// the cost of a profile beside times of layers, and nothing left on the device.
func TestPhone_listsOfInputs(t *testing.T) {
	d := &adbtest.Daemon{}
	p := phones(t, d)[0].(*run.Phone)
	host := t.TempDir()
	p.Tool, p.Binary, p.Reader, p.Traces = snpe.Tool, filepath.Join(host, "snpe-net-run"), filepath.Join(host, "snpe-diagview"), filepath.Join(host, "traces")
	library := filepath.Join(host, "libSNPE.so")
	p.Beside = []string{library}
	for path, text := range map[string]string{p.Binary: netRun, p.Reader: diagview, library: "code"} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	shapes := map[string][]int64{"data": {1, 10, 10, 3}, "ids": {1, 8}}
	for name, c := range map[string]struct {
		model  string
		opt    runtime.Options
		shapes map[string][]int64
		reader string
		want   run.Status
		unit   string
	}{
		"cpu":       {model: "model", opt: runtime.Options{Profile: true}, want: run.OK, unit: "us"},
		"gpu":       {model: "model", opt: runtime.Options{Profile: true, Delegate: "gpu"}, want: run.OK, unit: "us"},
		"dsp":       {model: "model", opt: runtime.Options{Profile: true, Delegate: "dsp"}, want: run.OK, unit: "cycles"},
		"plain":     {model: "model", want: run.OK},
		"nnapi":     {model: "model", opt: runtime.Options{Delegate: "nnapi"}, want: run.Refused},
		"threads":   {model: "model", opt: runtime.Options{Threads: 4}, want: run.Refused},
		"crash":     {model: "crash", want: run.Crashed},
		"no log":    {model: "nolog", want: run.BadOutput},
		"no shapes": {model: "model", shapes: map[string][]int64{}, want: run.Refused},
		"too large": {model: "model", shapes: map[string][]int64{"data": {1 << 20, 1 << 20, 1 << 30}}, want: run.Refused},
		"other":     {model: "model", shapes: map[string][]int64{"data": {1, 10, 10, 4}}, want: run.Crashed},
		"a space":   {model: "model", shapes: map[string][]int64{"da ta": {1, 10, 10, 3}}, want: run.Refused},
		"no reader": {model: "model", reader: "none", want: run.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			job := run.Job{ModelID: name, Name: name, Path: filepath.Join(t.TempDir(), "m.dlc"), Runtime: "snpe", Options: c.opt, Shapes: shapes, Whole: []string{"ids"}}
			job.Options.Repeats, job.Options.MaxTime = 5, time.Second
			if c.shapes != nil {
				job.Shapes = c.shapes
			}
			rewrite(t, job.Path, c.model)
			phone := *p
			if c.reader != "" {
				phone.Reader = ""
			}
			out := phone.Run(context.Background(), job)
			if out.Status != c.want || out.Status != run.OK && out.Reason == "" {
				t.Fatalf("%s (%s), want %s; %s", out.Status, out.Reason, c.want, out.Log)
			}
			if c.reader != "" && !strings.Contains(out.Reason, "snpe-diagview") {
				t.Errorf("reason %s", out.Reason)
			}
			if out.Status != run.OK {
				return
			}
			r := out.Result
			if s := r.Summary; s == nil || *s.MeanMS != 11.676 || s.Count != 5 || r.InitMS != 903.746 || r.Version != "2.9.0.4462" || r.Options.Warmup != 0 || len(r.LibrarySHA) != 64 {
				t.Errorf("%+v, %+v", r, r.Summary)
			}
			if want := fmt.Sprintf("%x", sha256.Sum256([]byte("code"))); len(r.BesideSHA) != 1 || r.BesideSHA["libSNPE.so"] != want {
				t.Errorf("libraries %v, want %s", r.BesideSHA, want)
			}
			if r.OpsUnit != c.unit || (len(r.Ops) == 2) != c.opt.Profile || r.Options.Profile != c.opt.Profile {
				t.Errorf("layers %+v in %q", r.Ops, r.OpsUnit)
			}
		})
	}
	var left []string
	err := filepath.WalkDir(filepath.Join(d.Root, "data/local/tmp/gaugenn"), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != "snpe-net-run" && e.Name() != "libSNPE.so" {
			left = append(left, path)
		}
		return err
	})
	if err != nil || len(left) > 0 {
		t.Errorf("left before the end: %v, %v", left, err)
	}
	if err := p.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if dir, err := os.ReadDir(filepath.Join(d.Root, "data/local/tmp")); err != nil || len(dir) != 1 {
		t.Errorf("left on the device: %v, %v", dir, err)
	}
	if logs, _ := filepath.Glob(filepath.Join(p.Traces, "*SNPEDiag_0.log")); len(logs) != 8 {
		t.Errorf("%d logs kept", len(logs))
	}
}
