package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate"
	"github.com/gaugenn/gaugenn/calibrate/adb"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/litert"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// The devices that are none of adb's.
const (
	hostName  = "host"
	allPhones = "all"
	simPrefix = "sim:"
)

// devicesOf returns where the plan is run, and the name of the runtime there, which is one for all.
func (o runOptions) devicesOf(ctx context.Context) (out []runs.Device, runtimeName string, err error) {
	meter, err := o.meter.of()
	if err != nil {
		return nil, "", err
	}
	names, err := o.deviceNames(ctx)
	if err != nil {
		return nil, "", err
	}
	for _, name := range names {
		d, its, err := o.deviceOf(name, meter)
		if err != nil {
			return nil, "", err
		}
		if _, ok := d.(*runs.Phone); !ok && meter != nil {
			return nil, "", usagef("--meter is for phones, not for %s", name)
		}
		if len(out) > 0 && its != runtimeName {
			return nil, "", usagef("--device %s would run %s, the others %s: take them one runtime at a time", name, its, runtimeName)
		}
		out, runtimeName = append(out, d), its
	}
	return out, runtimeName, nil
}

// deviceOf returns a device, and the name of the runtime that it runs: that of the program on a phone, else the one asked for.
func (o runOptions) deviceOf(name string, meter *runs.Meter) (runs.Device, string, error) {
	sim, simulated := strings.CutPrefix(name, simPrefix)
	asked := cmp.Or(o.runtime, litert.Name)
	switch {
	case name == hostName:
		d, err := o.host()
		return d, asked, err
	case simulated && formatsOfRuntime[asked] == nil:
		return nil, "", usagef("--runtime %s: known runtimes are %s", asked, strings.Join(slices.Sorted(maps.Keys(formatsOfRuntime)), ", "))
	case simulated:
		d, err := o.simulated(sim)
		return d, asked, err
	}
	p, err := o.phone(name)
	if err != nil {
		return nil, "", err
	}
	p.Meter = meter
	return p, p.Tool.Name, nil
}

// deviceNames returns the devices asked for, each once, with those that adb lists in place of "all".
func (o runOptions) deviceNames(ctx context.Context) (out []string, err error) {
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for _, name := range o.devices {
		if name != allPhones {
			add(name)
			continue
		}
		list, err := adb.Client{Program: o.adb, Port: o.adbPort}.Devices(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if d.State == "device" {
				add(d.Serial)
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("adb lists no device that can be used (%d in another state)", len(list))
		}
	}
	return out, nil
}

func (o runOptions) host() (runs.Device, error) {
	if o.runtime != "" && o.runtime != litert.Name {
		return o.hostWheel()
	}
	lib, err := findLiteRT(o.library)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return runs.Host{Child: runs.Child{Command: []string{self, "calibrate", "run-one"}}, Library: lib.Path}, nil
}

func (o runOptions) phone(serial string) (*runs.Phone, error) {
	p := &runs.Phone{Client: adb.Client{Program: o.adb, Serial: serial, Port: o.adbPort}, Binary: o.binary, Beside: o.beside,
		Traces: filepath.Join(o.out, "traces"), ScreenOff: o.screenOff, BinarySHA: o.binarySHA,
		CoreName: func(implementer, part int) string {
			c, _ := device.Embedded().CorePart(implementer, part, 0) // the variant tells apart what has one name
			return c.Name
		}}
	if o.binary == "" {
		return nil, usagef("--device %s needs --binary FILE, the runtime's benchmark program for the device", serial)
	}
	tool, ok := toolNamed(filepath.Base(o.binary))
	if !ok {
		return nil, usagef("--binary %s: known programs are %s", o.binary, strings.Join(toolNames(), ", "))
	}
	p.Tool = tool
	if tool.Lists == nil && o.reader != "" {
		return nil, usagef("--reader is for programs that write logs, not for %s", tool.Binary)
	}
	if tool.Lists != nil && o.meter.name != "" {
		return nil, usagef("--meter: %s reads and writes files between inferences, so that the energy of one cannot be told", tool.Binary)
	}
	p.Reader = o.reader
	return p, nil
}

// simulated returns a phone of the catalogue without the phone.
func (o runOptions) simulated(name string) (runs.Device, error) {
	d, err := device.Embedded().Find(name)
	if err != nil {
		return nil, err
	}
	return calibrate.NewSimulated(d, o.seed, func(j runs.Job) (*feature.Network, error) {
		c, err := candidateOf(j.Path, formatsOfRuntime[j.Runtime])
		if err != nil {
			return nil, fmt.Errorf("%w: %w", runtime.ErrModel, err)
		}
		return c.Net, nil
	}), nil
}

// closeAll undoes what was done to devices, whatever the context says.
func closeAll(ctx context.Context, devices []runs.Device) error {
	var errs []error
	for _, d := range devices {
		if p, ok := d.(*runs.Phone); ok {
			if err := p.Close(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, adb.ErrLost) { // a phone that is gone has its rows
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
