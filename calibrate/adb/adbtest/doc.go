// Package adbtest is the device's side of adb for tests: a daemon on TCP that the real adb program connects to, pushes to, pulls from and runs
// shells on, with RSA authentication. Shells run in a mount namespace of their own, on a tree that looks like Android's (getprop, dumpsys,
// sysfs, thermal), with the host's programs behind it. Faults come on demand: a dropped transport, a stalled service, a full disk, a slow shell,
// a killed child. It needs Linux, and the rights to make a namespace.
package adbtest
