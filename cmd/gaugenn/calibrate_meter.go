package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
)

// meterOptions say how energy is measured.
type meterOptions struct {
	name    string // as the flag has it: odpm, or monsoon=FILE
	command string
	volts   float64
	idle    time.Duration
}

// of returns the meter, nil without one.
func (m meterOptions) of() (*runs.Meter, error) {
	if m.name == "" {
		if m.command != "" {
			return nil, usagef("--meter-command needs --meter monsoon=FILE")
		}
		return nil, nil
	}
	name, file, _ := strings.Cut(m.name, "=")
	out, ok := calibrate.MeterOf(name, m.idle)
	switch {
	case !ok:
		return nil, usagef("--meter %s: known meters are %s", m.name, strings.Join(calibrate.MeterNames(), ", "))
	case (name == calibrate.Monsoon) != (file != ""):
		return nil, usagef("--meter %s: monsoon=FILE names the file that the monitor writes, and no other meter has one", m.name)
	case m.command != "" && name != calibrate.Monsoon:
		return nil, usagef("--meter-command is for --meter monsoon=FILE")
	}
	return out, nil
}

// slows reports whether a profile would be taken in the same pass as the energy.
func (m meterOptions) slows(devices []runs.Device) bool {
	for _, d := range devices {
		if p, ok := d.(*runs.Phone); ok && p.Meter != nil && p.Tool.Binary != selfBinary {
			return true
		}
	}
	return false
}

// selfBinary is the program that profiles in a pass of its own.
const selfBinary = "gaugenn"

// start starts the program that writes a monitor's file; what it returns interrupts it and waits until the file is whole.
func (m meterOptions) start(ctx context.Context) (func() error, error) {
	if m.command == "" {
		return func() error { return nil }, nil
	}
	c := exec.CommandContext(ctx, "sh", "-c", "exec "+m.command)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 20 * time.Second
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("--meter-command: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	return func() error {
		select {
		case err := <-ended:
			return fmt.Errorf("--meter-command ended before the runs did: %w", errors.Join(err, errors.New(m.command)))
		default:
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			return err
		}
		select {
		case <-ended: // by the interrupt, whatever code it gives
			return nil
		case <-time.After(c.WaitDelay):
			return errors.Join(fmt.Errorf("--meter-command does not end: %s", m.command), c.Process.Kill())
		}
	}, nil
}

// read prices the runs of a folder from a monitor's file. Without the file yet, it says what to do.
func (m meterOptions) read(log *runs.Log, dir string, stderr io.Writer) error {
	name, file, _ := strings.Cut(m.name, "=")
	if name != calibrate.Monsoon {
		return nil
	}
	csv, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		fmt.Fprintf(stderr, "%s is not there: stop the monitor, save its file there and start this command again, which runs nothing twice\n", file)
		return nil
	}
	if err != nil {
		return err
	}
	records, err := runs.ReadDir(dir)
	if err != nil {
		return err
	}
	before := slices.Clone(records)
	n, err := calibrate.PriceMonsoon(records, csv, m.volts)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for i := range records {
		if records[i].Energy != before[i].Energy {
			if err := log.Append(&records[i]); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(stderr, "%s: %d runs have an energy\n", file, n)
	return nil
}

// energyWords is an energy for people, after a run's other figures.
func energyWords(e *runs.Energy) string {
	switch {
	case e == nil:
		return ""
	case !e.Known():
		return "; no energy: " + e.Reason
	case e.Coarse:
		return fmt.Sprintf("; about %s mJ (%s to %s)", digits(e.EnergyMJ, 1), digits(e.LoMJ, 1), digits(e.HiMJ, 1))
	}
	return fmt.Sprintf("; %s mJ (%s to %s)", digits(e.EnergyMJ, 3), digits(e.LoMJ, 3), digits(e.HiMJ, 3))
}

// energyNotes are the facts of an energy that the table has no column for.
func energyNotes(e *runs.Energy) string {
	switch {
	case e == nil:
		return ""
	case !e.Known():
		return fmt.Sprintf(";meter=%s;energy_reason=%s", e.Meter, strings.ReplaceAll(e.Reason, ";", ","))
	}
	s := fmt.Sprintf(";meter=%s;energy_lo_mj=%.6g;energy_hi_mj=%.6g;energy_sigma_mj=%.3g;idle_w=%.4g", e.Meter, e.LoMJ, e.HiMJ, e.SigmaMJ, e.IdleW)
	if e.Coarse {
		s += ";coarse"
	}
	return s
}
