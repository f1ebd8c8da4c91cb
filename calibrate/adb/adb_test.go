//go:build linux

package adb_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb"
	"github.com/gaugenn/gaugenn/calibrate/adb/adbtest"
)

// device connects a device to a server of adb of its own.
func device(t testing.TB, d *adbtest.Daemon) adb.Client {
	t.Helper()
	d.Product, d.Model, d.Serial = "husky", "Pixel_8_Pro", "TEST01"
	c, _ := adbtest.Connect(t, d)
	c.Timeout = 10 * time.Second
	return c
}

func TestClient_factsAndState(t *testing.T) {
	c := device(t, &adbtest.Daemon{})
	ctx := context.Background()
	f, err := c.Facts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if f.Props["ro.soc.model"] != "Tensor G3" || f.Props["ro.product.model"] != "Pixel_8_Pro" || f.Clusters() != "4x1704+4x2367+1x2914" || len(f.Parts) != 9 || f.Parts[8] != "0x41/0xd4e" || f.MemoryMB <= 0 {
		t.Errorf("facts %+v", f)
	}
	s, err := c.State(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Temperature) != 3 || s.Temperature["BIG"] != 38.5 || *s.BatteryC != 28.7 || *s.BatteryLevel != 81 || *s.Charging || *s.ThermalStatus != 0 || len(s.Governors) != 9 || s.Governors[0] != "sched_pixel" || s.Governors[8] != "performance" || s.Awake != "Awake" || *s.Airplane || s.LoadPerCore == nil {
		t.Errorf("state %+v", s)
	}
	list, err := c.Devices(ctx)
	if err != nil || len(list) != 1 || list[0].State != "device" || list[0].Model != "Pixel_8_Pro" {
		t.Errorf("devices %+v, %v", list, err)
	}
}

func TestClient_shellTellsOutputsAndExitCode(t *testing.T) {
	d := &adbtest.Daemon{Auth: true}
	c := device(t, d)
	out, err := c.Shell(context.Background(), "echo out; echo err >&2; exit 7", 0)
	if err != nil || string(out.Stdout) != "out\n" || string(out.Stderr) != "err\n" || out.Code != 7 {
		t.Errorf("%q %q %d, %v", out.Stdout, out.Stderr, out.Code, err)
	}
	out, err = c.Shell(context.Background(), "kill -9 $$", 0)
	if err != nil || out.Code != 137 {
		t.Errorf("killed: code %d, %v", out.Code, err)
	}
	d.Cut()
	for n := 0; n < 100 && d.Signed() == 0; n++ { // adb may not have noticed yet
		_, _ = c.Shell(context.Background(), "true", 0)
	}
	if err := c.WaitDevice(context.Background(), 20*time.Second); err != nil || d.Signed() == 0 {
		t.Errorf("second connection: %v, %d signatures of a known key", err, d.Signed())
	}
}

func TestClient_putIsByHashAndCleanLeavesNothing(t *testing.T) {
	d := &adbtest.Daemon{}
	c := device(t, d)
	ctx := context.Background()
	local := filepath.Join(t.TempDir(), "it's a model.bin")
	content := bytes.Repeat([]byte("weights "), 1<<17)
	if err := os.WriteFile(local, content, 0o600); err != nil {
		t.Fatal(err)
	}
	remote, err := c.Put(ctx, local, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(d.Root, remote))
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes on the device, %v", len(got), err)
	}
	back := filepath.Join(t.TempDir(), "back")
	if err := c.Pull(ctx, remote, back, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(back); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	before := modified(t, filepath.Join(d.Root, remote))
	if again, err := c.Put(ctx, local, 0o755); err != nil || again != remote || modified(t, filepath.Join(d.Root, remote)) != before {
		t.Errorf("put again: %q, %v", again, err)
	}
	if err := c.Clean(ctx); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(d.Root, "data/local/tmp"))
	if err != nil || len(left) != 1 || left[0].Name() != ".keep" {
		t.Errorf("left on the device: %v, %v", left, err)
	}
}

func modified(t *testing.T, path string) time.Time {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.ModTime()
}

func TestClient_faults(t *testing.T) {
	var now atomic.Value // the fault to make, read by the daemon
	now.Store(adbtest.None)
	d := &adbtest.Daemon{Fault: func(service string, _ int) adbtest.Fault {
		fault := now.Load().(adbtest.Fault)
		if fault == adbtest.Full && !strings.HasPrefix(service, "sync") {
			return adbtest.None
		}
		return fault
	}}
	c := device(t, d)
	ctx := context.Background()
	local := filepath.Join(t.TempDir(), "m")
	if err := os.WriteFile(local, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	now.Store(adbtest.Full)
	if _, err := c.Put(ctx, local, 0o644); !errors.Is(err, adb.ErrFull) {
		t.Errorf("full disk: %v", err)
	}
	now.Store(adbtest.Stall)
	if _, err := c.Shell(ctx, "true", time.Second); !errors.Is(err, adb.ErrTimeout) {
		t.Errorf("stalled shell: %v", err)
	}
	now.Store(adbtest.Kill)
	if out, err := c.Shell(ctx, "sleep 5; echo late", 0); err != nil || out.Code != 137 || len(out.Stdout) > 0 {
		t.Errorf("killed child: %+v, %v", out, err)
	}
	now.Store(adbtest.Drop)
	if _, err := c.Shell(ctx, "true", 0); !errors.Is(err, adb.ErrLost) {
		t.Errorf("dropped transport: %v", err)
	}
	now.Store(adbtest.None)
	if err := c.Connect(ctx, c.Serial); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitDevice(ctx, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if out, err := c.Shell(ctx, "echo back", 0); err != nil || string(out.Stdout) != "back\n" {
		t.Errorf("after the cable is back: %q, %v", out.Stdout, err)
	}
}

// adb says these, and exits with 1 as a command of the device could, while a device that was lost comes back.
func TestClient_aDeviceThatIsNotBackYetIsLost(t *testing.T) {
	for _, words := range []string{"error: device offline", "error: device still connecting", "error: device still authorizing", "adb: error: device still connecting"} {
		program := filepath.Join(t.TempDir(), "adb")
		if err := os.WriteFile(program, []byte("#!/bin/sh\necho '"+words+"' >&2\nexit 1\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		c := adb.Client{Program: program, Serial: "127.0.0.1:1"}
		if f, err := c.Facts(context.Background()); !errors.Is(err, adb.ErrLost) {
			t.Errorf("%s: facts %+v, %v", words, f, err)
		}
		if out, err := c.Shell(context.Background(), "benchmark", 0); !errors.Is(err, adb.ErrLost) {
			t.Errorf("%s: code %d, %v", words, out.Code, err)
		}
	}
}

func TestClient_noProgram(t *testing.T) {
	c := adb.Client{Program: filepath.Join(t.TempDir(), "adb")}
	if _, err := c.Devices(context.Background()); !errors.Is(err, adb.ErrNoADB) {
		t.Errorf("got %v", err)
	}
}

func TestParseState_onlyCurrentTemperatures(t *testing.T) {
	s := adb.ParseState("==gaugenn==thermal\nCached temperatures:\n\tTemperature{mValue=90.0, mType=0, mName=CPU, mStatus=0}\nCurrent temperatures from HAL:\n" +
		"\tTemperature{mValue=57.9, mType=0, mName=CPU, mStatus=0}\nTemperature static thresholds from HAL:\n\tTemperature{mValue=1.0, mType=0, mName=X, mStatus=0}\n==gaugenn==cur\n1800000\n2400000\n")
	if len(s.Temperature) != 1 || s.Temperature["CPU"] != 57.9 || len(s.ClocksMHz) != 2 || s.ClocksMHz[1] != 2400 {
		t.Errorf("%+v", s)
	}
	if s := adb.ParseState("nothing of the kind"); s.Charging != nil || s.LoadPerCore != nil || s.Temperature != nil {
		t.Errorf("%+v", s)
	}
}

func FuzzParseFacts(f *testing.F) {
	f.Add("==gaugenn==getprop\n[a]: [b]\n==gaugenn==max\n1800000\n==gaugenn==battery\nstatus: 2\n")
	f.Fuzz(func(_ *testing.T, text string) {
		adb.ParseFacts(text)
		adb.ParseState(text)
	})
}
