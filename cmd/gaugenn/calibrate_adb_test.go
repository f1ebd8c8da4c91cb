//go:build linux

package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb"
	"github.com/gaugenn/gaugenn/calibrate/adb/adbtest"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
)

// TestCalibrate_runOverAdb takes real models and the real LiteRT through the real adb to a device with RSA keys, runs them there and brings times
// per operator back.
func TestCalibrate_runOverAdb(t *testing.T) {
	if _, err := exec.LookPath("adb"); err != nil {
		t.Skip("adb is not installed")
	}
	if err := adbtest.Available(); err != nil {
		t.Skip(err)
	}
	models, dir := realModels(t), t.TempDir()
	lib, err := findLiteRT("")
	if err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &adbtest.Daemon{Root: t.TempDir(), Product: "husky", Model: "Pixel_8_Pro", Serial: "TEST01", Auth: true}
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
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ANDROID_USER_HOME", os.Getenv("HOME"))
	c := adb.Client{Serial: address, Port: port}
	t.Cleanup(func() {
		if err := c.StopServer(context.Background()); err != nil {
			t.Error(err)
		}
		d.Close()
	})
	_ = c.Connect(context.Background(), address) // unauthorized until the device takes the key
	if err := c.WaitDevice(context.Background(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	planFile, runDir := filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	calibrated(t, "calibrate", "sample", "--models", models, "--most", "3", "--devices", "Pixel 8", "-o", planFile)
	calibrated(t, "calibrate", "run", planFile, "-o", runDir, "--device", address, "--adb-port", strconv.Itoa(port),
		"--binary", self, "--beside", lib.Path, "--min-time", "10ms", "--repeats", "5")
	records, err := runs.ReadDir(runDir)
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	good := 0
	for _, r := range records {
		if r.Device.ID != "TEST01" || r.Device.SoC != "Tensor G3" || r.Device.Clusters != "4x1704+4x2367+1x2914" {
			t.Errorf("device %+v", r.Device)
		}
		switch r.Status {
		case runs.OK:
			good++
			if len(r.Result.RepeatsMS) < 5 || len(r.Result.Ops) == 0 {
				t.Errorf("%s: %+v", r.Job.Name, r.Result)
			}
		case runs.Refused:
		default:
			t.Errorf("%s: %s (%s) %s", r.Job.Name, r.Status, r.Reason, r.Log)
		}
	}
	if good == 0 {
		t.Error("no run came back")
	}
	if left, err := os.ReadDir(filepath.Join(d.Root, "data/local/tmp")); err != nil || len(left) != 1 {
		t.Errorf("left on the device: %v, %v", left, err)
	}
}
