//go:build linux

package run_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb"
	"github.com/gaugenn/gaugenn/calibrate/adb/adbtest"
	"github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/benchmodel"
)

// program stands for benchmark_model: a model's first word says what becomes of it.
const program = `#!/bin/sh
for a in "$@"; do case "$a" in --graph=*) model="${a#--graph=}" ;; esac; done
case "$(head -c 5 "$model")" in
crash) kill -SEGV $$ ;;
hangs) sleep 60 ;;
noise) echo "something else" ; exit 0 ;;
esac
echo "count=20 first=910 curr=905 min=880 max=1200 avg=920.5 std=41"
echo "Inference timings in us: Init: 855, First inference: 1300, Warmup (avg): 1150, Inference (avg): 920.5"
`

// phones starts devices with one server of adb, and a program on the host to push to them.
func phones(t testing.TB, daemons ...*adbtest.Daemon) []run.Device {
	t.Helper()
	c, addresses := adbtest.Connect(t, daemons...)
	binary := filepath.Join(t.TempDir(), "benchmark_model")
	if err := os.WriteFile(binary, []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	var out []run.Device
	for _, address := range addresses {
		c.Serial = address
		out = append(out, &run.Phone{Client: c, Tool: benchmodel.Tool, Binary: binary, Limit: time.Second})
	}
	return out
}

// faulty is a device with something wrong on demand, and what is to become of each of its jobs.
type faulty struct {
	daemon adbtest.Daemon
	fault  atomic.Int32
	plan   map[string]adbtest.Fault
	want   map[string]run.Status
}

// of tells the daemon which fault a service has now.
func (f *faulty) of(service string, _ int) adbtest.Fault {
	fault := adbtest.Fault(f.fault.Load())
	benchmark := strings.Contains(service, "timeout -k")
	switch {
	case fault == adbtest.Full && strings.HasPrefix(service, "sync"), fault == adbtest.Kill && benchmark, fault == adbtest.Stall && benchmark, fault == adbtest.Slow:
		return fault
	case fault == adbtest.Drop && benchmark:
		f.fault.Store(int32(adbtest.None)) // the cable is back for the second try
		return fault
	}
	return adbtest.None
}

// spoil gives every tenth job a fault, of each kind in turn.
func (f *faulty) spoil(t *testing.T, jobs []run.Job, kind int) {
	f.plan, f.want = map[string]adbtest.Fault{}, map[string]run.Status{}
	for i, j := range jobs {
		f.want[j.Name] = run.OK
		if i%10 != 7 {
			continue
		}
		switch (i/10 + kind) % 8 {
		case 0:
			f.plan[j.Name] = adbtest.Drop // tried again: a row as any other
		case 1:
			f.plan[j.Name], f.want[j.Name] = adbtest.Full, run.DeviceFull
		case 2:
			f.plan[j.Name], f.want[j.Name] = adbtest.Kill, run.Crashed
		case 3:
			rewrite(t, j.Path, "hangs")
			f.want[j.Name] = run.TimedOut
		case 4:
			f.plan[j.Name] = adbtest.Slow
		case 5:
			rewrite(t, j.Path, "crash")
			f.want[j.Name] = run.Crashed
		case 6:
			rewrite(t, j.Path, "noise")
			f.want[j.Name] = run.BadOutput
		case 7:
			f.plan[j.Name], f.want[j.Name] = adbtest.Stall, run.TimedOut
		}
	}
}

// awaited stands for adb: its device answers nothing until somebody has waited for it.
const awaited = `#!/bin/sh
for a in "$@"; do case "$a" in
wait-for-device) : >"$0.on"; exit 0 ;;
connect) echo "connected to 127.0.0.1:1"; exit 0 ;;
disconnect) exit 0 ;;
esac; done
if [ ! -e "$0.on" ]; then echo "error: device still connecting" >&2; exit 1; fi
echo "==gaugenn==getprop"; echo "[ro.serialno]: [R1]"
`

func TestPhone_factsWaitForAPhoneThatWasLost(t *testing.T) {
	program := filepath.Join(t.TempDir(), "adb")
	if err := os.WriteFile(program, []byte(awaited), 0o755); err != nil {
		t.Fatal(err)
	}
	p := run.Phone{Client: adb.Client{Program: program, Serial: "127.0.0.1:1"}}
	if f, err := p.Facts(context.Background()); err != nil || f.ID != "R1" {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestJobs_phonesWithFaults runs 200 models over the real adb, on four devices at once, with a fault in every tenth: every run is a row with the
// right status, and no process and no file is left on any device.
func TestJobs_phonesWithFaults(t *testing.T) {
	const devices = 4
	each := 50
	if testing.Short() {
		each = 10
	}
	list := make([]faulty, devices)
	var daemons []*adbtest.Daemon
	for i := range list {
		list[i].daemon = adbtest.Daemon{Delay: 50 * time.Millisecond, Fault: list[i].of}
		daemons = append(daemons, &list[i].daemon)
	}
	ps := phones(t, daemons...)
	dir, ctx := t.TempDir(), context.Background()
	log, err := run.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var wg sync.WaitGroup
	for i, p := range ps {
		f, jobs := &list[i], modelsOf(t, each)
		f.spoil(t, jobs, 5*i) // five faults a device: together every kind twice
		o := run.Options{Progress: func(done, _ int, r *run.Record) {
			if r.Device.SoC != "Tensor G3" || r.Before.TemperatureC == nil || *r.Before.TemperatureC != 38.5 {
				t.Errorf("%s: device %+v, before %+v", r.Job.Name, r.Device, r.Before)
			}
			if done < len(jobs) {
				f.fault.Store(int32(f.plan[jobs[done].Name]))
			}
		}}
		wg.Go(func() {
			if err := run.Jobs(ctx, p, jobs, log, o); err != nil {
				t.Error(err)
			}
			f.fault.Store(int32(adbtest.None))
			if err := p.(*run.Phone).Close(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	records, err := run.ReadDir(dir)
	if err != nil || len(records) != devices*each {
		t.Errorf("%d rows of %d, %v", len(records), devices*each, err)
	}
	count := map[run.Status]int{}
	for _, r := range records {
		i := int(r.Device.ID[len(r.Device.ID)-1] - '0')
		count[r.Status]++
		if r.Status != list[i].want[r.Job.Name] {
			t.Errorf("%s: %s (%s), want %s; %s", r.Job.Name, r.Status, r.Reason, list[i].want[r.Job.Name], r.Log)
		}
	}
	t.Logf("%d rows: %v", len(records), count)
	for _, d := range daemons {
		left, err := os.ReadDir(filepath.Join(d.Root, "data/local/tmp"))
		if err != nil || len(left) != 1 {
			t.Errorf("left on %s: %v, %v", d.Serial, left, err)
		}
		if p := d.Processes(); len(p) > 0 {
			t.Errorf("processes left on %s: %q", d.Serial, p)
		}
	}
}

func modelsOf(t testing.TB, n int) (out []run.Job) {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		path := filepath.Join(dir, fmt.Sprintf("m%03d.tflite", i))
		if err := os.WriteFile(path, fmt.Appendf(nil, "model %d", i), 0o644); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("m%03d", i)
		out = append(out, run.Job{ModelID: name, Name: name, Path: path, Runtime: "litert", Options: runtime.Options{MaxTime: time.Second, Repeats: 20}})
	}
	return out
}

func rewrite(t testing.TB, path, word string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(word+" "+path), 0o644); err != nil {
		t.Fatal(err)
	}
}
