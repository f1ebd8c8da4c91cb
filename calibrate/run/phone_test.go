//go:build linux

package run_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// phone starts a device with a program on the host to push.
func phone(t testing.TB, d *adbtest.Daemon) *run.Phone {
	t.Helper()
	if _, err := exec.LookPath("adb"); err != nil {
		adbtest.Missing(t, err)
	}
	if err := adbtest.Available(); err != nil {
		adbtest.Missing(t, err)
	}
	d.Root, d.Product, d.Model, d.Serial = t.TempDir(), "husky", "Pixel_8_Pro", "TEST01"
	address, err := d.Start()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	home := t.TempDir()
	c := adb.Client{Serial: address, Port: port, Timeout: 3 * time.Second, Env: []string{"HOME=" + home, "ANDROID_USER_HOME=" + home}}
	t.Cleanup(func() {
		if err := c.StopServer(context.Background()); err != nil {
			t.Error(err)
		}
		d.Close()
	})
	if err := c.Connect(context.Background(), address); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitDevice(context.Background(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "benchmark_model")
	if err := os.WriteFile(binary, []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	return &run.Phone{Client: c, Tool: benchmodel.Tool, Binary: binary, Limit: time.Second}
}

// TestJobs_phoneWithFaults runs models over the real adb with a fault in every tenth: every run is a row with the right status, and nothing is
// left on the device.
func TestJobs_phoneWithFaults(t *testing.T) {
	n := 40
	if testing.Short() {
		n = 10
	}
	if os.Getenv("GAUGENN_LONG") != "" {
		n = 200
	}
	var fault atomic.Int32
	d := &adbtest.Daemon{Delay: 50 * time.Millisecond, Fault: func(service string, _ int) adbtest.Fault {
		f := adbtest.Fault(fault.Load())
		benchmark := strings.Contains(service, "timeout -k")
		switch {
		case f == adbtest.Full && strings.HasPrefix(service, "sync"), f == adbtest.Kill && benchmark, f == adbtest.Stall && benchmark, f == adbtest.Slow:
			return f
		case f == adbtest.Drop && benchmark:
			fault.Store(int32(adbtest.None)) // the cable is back for the second try
			return f
		}
		return adbtest.None
	}}
	p := phone(t, d)
	ctx := context.Background()
	list := modelsOf(t, n)
	want := map[string]run.Status{}
	plan := map[string]adbtest.Fault{}
	for i, j := range list {
		want[j.Name] = run.OK
		if i%10 != 7 {
			continue
		}
		switch (i / 10) % 8 {
		case 0:
			plan[j.Name] = adbtest.Drop // tried again: a row as any other
		case 1:
			plan[j.Name], want[j.Name] = adbtest.Full, run.DeviceFull
		case 2:
			plan[j.Name], want[j.Name] = adbtest.Kill, run.Crashed
		case 3:
			rewrite(t, j.Path, "hangs")
			want[j.Name] = run.TimedOut
		case 4:
			plan[j.Name] = adbtest.Slow
		case 5:
			rewrite(t, j.Path, "crash")
			want[j.Name] = run.Crashed
		case 6:
			rewrite(t, j.Path, "noise")
			want[j.Name] = run.BadOutput
		case 7:
			plan[j.Name], want[j.Name] = adbtest.Stall, run.TimedOut
		}
	}
	log, err := run.OpenLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	rows := 0
	o := run.Options{Progress: func(done, _ int, r *run.Record) {
		rows++
		if r.Status != want[r.Job.Name] {
			t.Errorf("%s: %s (%s), want %s; %s", r.Job.Name, r.Status, r.Reason, want[r.Job.Name], r.Log)
		}
		if r.Device.SoC != "Tensor G3" || r.Before.TemperatureC == nil || *r.Before.TemperatureC != 38.5 {
			t.Errorf("%s: device %+v, before %+v", r.Job.Name, r.Device, r.Before)
		}
		if done < len(list) {
			fault.Store(int32(plan[list[done].Name]))
		}
	}}
	if err := run.Jobs(ctx, p, list, log, o); err != nil {
		t.Fatal(err)
	}
	if rows != n {
		t.Errorf("%d rows of %d", rows, n)
	}
	if err := p.Close(ctx); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(d.Root, "data/local/tmp"))
	if err != nil || len(left) != 1 {
		t.Errorf("left on the device: %v, %v", left, err)
	}
	if out, err := exec.Command("pgrep", "-f", d.Root).Output(); err == nil {
		t.Errorf("processes left: %s", out)
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
