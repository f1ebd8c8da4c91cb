package run_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// TestMain lets the test binary be a child that behaves as the model's name says.
func TestMain(m *testing.M) {
	if os.Getenv("GAUGENN_TEST_CHILD") == "" {
		os.Exit(m.Run())
	}
	err := run.Serve(os.Stdin, os.Stdout, func(q run.Request) (runtime.Result, error) {
		switch q.Job.Name {
		case "crash":
			fmt.Fprintln(os.Stderr, "about to fall")
			if err := syscall.Kill(os.Getpid(), syscall.SIGSEGV); err != nil {
				return runtime.Result{}, err
			}
			time.Sleep(time.Hour) // the signal may come late, and with nothing to wait for Go would call it a deadlock first
		case "hang":
			time.Sleep(time.Hour) // longer than any limit of a test
		case "garbage":
			fmt.Println("no JSON")
		case "refuse":
			return runtime.Result{}, fmt.Errorf("%w: strange", runtime.ErrModel)
		}
		return runtime.Result{Runtime: "test", RepeatsMS: []float64{1, 2, 3}}, nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestChild_everyEndIsAnOutcome(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GAUGENN_TEST_CHILD", "1")
	c := run.Child{Command: []string{self}, Timeout: 5 * time.Second}
	for _, tt := range []struct {
		name   string
		want   run.Status
		reason string
	}{
		{"good", run.OK, ""},
		{"crash", run.Crashed, "SIG"},
		{"garbage", run.BadOutput, "answer"},
		{"refuse", run.Refused, "strange"},
		{"hang", run.TimedOut, "killed after"},
	} {
		if tt.name == "hang" {
			c.Timeout = 500 * time.Millisecond
		}
		out := c.Run(context.Background(), run.Request{Job: run.Job{Name: tt.name}})
		if out.Status != tt.want || !strings.Contains(out.Reason, tt.reason) && !strings.Contains(out.Reason, "signal 11") {
			t.Errorf("%s: %s %q, log %q", tt.name, out.Status, out.Reason, out.Log)
		}
		if tt.want == run.OK && len(out.Result.RepeatsMS) != 3 {
			t.Errorf("%s: %+v", tt.name, out.Result)
		}
	}
	if out := (run.Child{Command: []string{filepath.Join(t.TempDir(), "none")}}).Run(context.Background(), run.Request{}); out.Status != run.Crashed {
		t.Errorf("no program: %+v", out)
	}
}

// fake is a device that answers from a list and counts.
type fake struct {
	status map[string]run.Status
	ran    []string
	temps  []float64
	level  float64 // percent; 0 not told
}

func (f *fake) Facts(context.Context) (run.Facts, error) { return run.Facts{ID: "fake"}, nil }

func (f *fake) State(context.Context) run.State {
	if f.level > 0 {
		level := f.level
		f.level -= 10
		return run.State{BatteryLevel: &level}
	}
	if len(f.temps) == 0 {
		return run.State{}
	}
	t := f.temps[0]
	f.temps = f.temps[1:]
	return run.State{TemperatureC: &t}
}

func (f *fake) Run(_ context.Context, j run.Job) run.Outcome {
	f.ran = append(f.ran, j.Name)
	s := f.status[j.Name]
	if s == "" {
		s = run.OK
	}
	return run.Outcome{Answer: run.Answer{Status: s}}
}

func jobs(names ...string) (out []run.Job) {
	for _, n := range names {
		out = append(out, run.Job{ModelID: n, Name: n})
	}
	return out
}

func clock() run.Options {
	now := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	return run.Options{Now: func() time.Time { now = now.Add(time.Second); return now }, Sleep: func(_ context.Context, d time.Duration) { now = now.Add(d) }}
}

func TestJobs_goesOnWhereItStopped(t *testing.T) {
	dir := t.TempDir()
	d := &fake{status: map[string]run.Status{"b": run.Crashed, "c": run.DeviceLost}}
	do := func(names ...string) {
		t.Helper()
		l, err := run.OpenLog(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if err := run.Jobs(context.Background(), d, jobs(names...), l, clock()); err != nil {
			t.Fatal(err)
		}
	}
	do("a", "b", "c")
	// A plug was pulled while a line was written.
	f, err := os.OpenFile(filepath.Join(dir, run.FileName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, `{"run_id":"half`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	d.status = nil
	do("a", "b", "c", "d")
	if got := strings.Join(d.ran, ""); got != "abccd" {
		t.Errorf("ran %s, want abccd: done ones are left out, lost ones are tried again", got)
	}
	records, err := run.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, r.Job.Name+" "+string(r.Status))
	}
	if s := strings.Join(got, ", "); s != "a ok, b crashed, c ok, d ok" {
		t.Errorf("records %s", s)
	}
}

func TestJobs_waitsForCooling(t *testing.T) {
	l, err := run.OpenLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := &fake{temps: []float64{60, 55, 41, 39, 45}}
	o := clock()
	o.CoolTo = 40
	var rec *run.Record
	o.Progress = func(_, _ int, r *run.Record) { rec = r }
	if err := run.Jobs(context.Background(), d, jobs("a"), l, o); err != nil {
		t.Fatal(err)
	}
	if *rec.Before.TemperatureC != 39 || *rec.After.TemperatureC != 45 {
		t.Errorf("before %v, after %v", *rec.Before.TemperatureC, *rec.After.TemperatureC)
	}
}

func TestReadDir_damagedLineIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, run.FileName), []byte("{}\nnot json\n{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := run.ReadDir(dir); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
	if _, err := run.ReadDir(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestJobs_endsBeforeTheBatteryDoes(t *testing.T) {
	l, err := run.OpenLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := &fake{level: 45}
	o := clock()
	o.MinBattery = 20
	if err := run.Jobs(context.Background(), d, jobs("a", "b", "c"), l, o); !errors.Is(err, run.ErrBattery) || strings.Join(d.ran, "") != "ab" {
		t.Errorf("ran %v, %v", d.ran, err)
	}
}
