package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/wheel"
	"github.com/gaugenn/gaugenn/graph/bind"
)

// wheel reports whether a runtime is run out of its Python wheel on the host.
func (o runOptions) wheel(name string) bool {
	_, ok := wheel.Packages[name]
	return ok && o.runtime == name && slices.Contains(o.devices, hostName)
}

// wheelProfiles reports whether it is, and tells the times of operators.
func (o runOptions) wheelProfiles(name string) bool {
	return o.wheel(name) && slices.Contains(wheel.Profiles, name)
}

// hostWheel returns this machine with a runtime of a Python wheel.
func (o runOptions) hostWheel() (runs.Device, error) {
	command, err := wheel.Command(o.runtime, o.python, os.Getenv("VIRTUAL_ENV"), filepath.Join("build", "venv"))
	if errors.Is(err, runtime.ErrOption) {
		return nil, usagef("--runtime %s: litert, %s", o.runtime, strings.Join(slices.Sorted(maps.Keys(wheel.Packages)), ", "))
	}
	if err != nil {
		return nil, err
	}
	return runs.Host{Child: runs.Child{Command: command}}, nil
}

// inputShapes returns the sizes that a model's inputs are priced at, and which inputs are whole numbers (quantised ones stand for others); nil when the file cannot be read.
func inputShapes(path string) (shapes map[string][]int64, whole []string) {
	m, err := readModel(path)
	if err != nil || len(m.Graphs) == 0 {
		return nil, nil
	}
	stateInput(path, m)
	shapes = map[string][]int64{}
	g := customary(m, bind.Policy{}).model.Graphs[0]
	for _, id := range g.Inputs {
		if t := g.Tensor(id); t != nil && t.Const == nil && t.Name != "" && t.Shape.IsStatic() {
			shapes[t.Name] = t.Shape.Ints()
			if t.DType.IsInteger() && t.Quant == nil {
				whole = append(whole, t.Name)
			}
		}
	}
	return shapes, whole
}
