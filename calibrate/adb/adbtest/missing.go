//go:build linux

package adbtest

import (
	"os"
	"testing"
)

// Needed is the environment variable that turns tests that would be skipped for want of adb or namespaces into failures, so that a machine that
// has both cannot lose them without notice.
const Needed = "GAUGENN_NEED_ADB"

// Missing skips a test for what is not there, or fails it where it has to be.
func Missing(t testing.TB, why any) {
	t.Helper()
	if os.Getenv(Needed) != "" {
		t.Fatalf("%v, and %s is set", why, Needed)
	}
	t.Skip(why)
}
