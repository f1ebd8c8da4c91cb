//go:build linux

package adbtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb"
)

// patience bounds a call of the real adb in tests.
const patience = 20 * time.Second

// Connect starts devices and connects them to a server of adb of their own, which
// it ends with the test. Devices without a serial number become Pixels TEST00,
// TEST01, .... It returns a client of that server and the devices' addresses, which
// are adb's names for them; the client is the first device's. Where adb or mount
// namespaces are missing the test is skipped, or fails where it has to run.
func Connect(t testing.TB, devices ...*Daemon) (adb.Client, []string) {
	t.Helper()
	if _, err := exec.LookPath("adb"); err != nil {
		Missing(t, err)
	}
	if err := Available(); err != nil {
		Missing(t, err)
	}
	home, ctx := t.TempDir(), context.Background()
	c := adb.Client{Port: freePort(t), Timeout: patience, Env: []string{"HOME=" + home, "ANDROID_USER_HOME=" + home, "ANDROID_SDK_HOME=" + home}}
	t.Cleanup(func() {
		if err := c.StopServer(ctx); err != nil {
			t.Error(err)
		}
		for _, d := range devices {
			d.Close()
		}
	})
	var addresses []string
	for i, d := range devices {
		d.Root = t.TempDir()
		if d.Serial == "" {
			d.Product, d.Model, d.Serial = "husky", "Pixel_8_Pro", fmt.Sprintf("TEST%02d", i)
		}
		address, err := d.Start()
		if err != nil {
			t.Fatal(err)
		}
		one := c
		one.Serial = address
		if err := one.Connect(ctx, address); err != nil && !(d.Auth && errors.Is(err, adb.ErrUnauthorized)) {
			t.Fatal(err) // unauthorized until the device takes the key
		}
		if err := one.WaitDevice(ctx, patience); err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, address)
	}
	c.Serial = addresses[0]
	return c, addresses
}

// freePort returns a port that nothing listened on just now.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
