// Package run takes plans to devices and brings back measurements: it runs each model in a process of its own, on this host or over adb,
// writes one line per run as soon as it ends, goes on after what was done before, says of every run whether it is valid and why not, and
// reduces raw repeats to the numbers of the measurements table.
//
// A crash, a hang, a lost device or a full disk is a line with its status; only a caller's own mistake is an error.
package run
