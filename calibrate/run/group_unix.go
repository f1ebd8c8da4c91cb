//go:build unix

package run

import (
	"os/exec"
	"syscall"
)

// ownGroup starts a command in a process group of its own and kills the whole group when its context ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
