// Package wheel runs ONNX Runtime, ncnn and MNN out of their Python wheels: a small program of ours, which is part of the binary, is given to a Python
// interpreter that has the wheel. It reads a request and writes an answer as the other child processes of a run do, with the wheel's version and the
// hash of its library. A model that hangs or takes the interpreter down is the child's end, not ours.
package wheel

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

//go:embed child.py
var child string

// Packages are the wheels by the runtime's word in tables.
var Packages = map[string]string{"ort": "onnxruntime", "ncnn": "ncnn", "mnn": "MNN"}

// Profiles are the runtimes whose wheels tell the times of operators.
var Profiles = []string{"ort", "mnn"}

// Command returns the program and arguments that answer requests for a runtime, with the interpreter at python or, when that is empty, the first one of
// the Python environments and PATH that has the wheel. None is an ErrLibrary that says how to get one.
func Command(name, python string, environments ...string) ([]string, error) {
	pkg, ok := Packages[name]
	if !ok {
		return nil, fmt.Errorf("%w: no wheel of %q", runtime.ErrOption, name)
	}
	var tried []string
	if python != "" {
		tried = []string{python}
	} else {
		for _, dir := range environments {
			if p := filepath.Join(dir, "bin", "python3"); dir != "" && isFile(p) {
				tried = append(tried, p)
			}
		}
		if p, err := exec.LookPath("python3"); err == nil {
			tried = append(tried, p)
		}
	}
	for _, p := range slices.Compact(tried) {
		if has(p, pkg) {
			return []string{p, "-c", child}, nil
		}
	}
	return nil, fmt.Errorf("%w: no Python interpreter with %s (looked at %q); \"pip install %s numpy\" in an environment gives one", runtime.ErrLibrary, pkg, tried, pkg)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// has asks an interpreter whether it finds a package, without importing it.
func has(python, pkg string) bool {
	return exec.Command(python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)", pkg).Run() == nil
}
