// Package adb drives phones through the real adb program: discovery, facts, files, shells. Every call has a context and a timeout, tells a lost device
// from a full one and from a command that failed, and leaves nothing on the device that Clean does not take away.
package adb
