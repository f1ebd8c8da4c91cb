// Package odpm reads the on-device power monitors of Pixel 6 and later: per-rail energy counters that the kernel shows as text files
// under /sys/bus/iio/devices/iio:device*/ (energy_value, enabled_rails). The counters are cumulative, in µWs, stamped in milliseconds of
// boot time, and move about every 250 ms. Reading them needs a rooted or engineering phone.
package odpm

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"github.com/gaugenn/gaugenn/calibrate/meter"
)

// gainSigma is the scale error of the monitors, from memory: shunt and converter stay within a few per cent.
const gainSigma = 0.05

// maxRails bounds the rails of one phone: Pixels have twelve per monitor and two monitors.
const maxRails = 256

var (
	stampLine = regexp.MustCompile(`^t=(\d+)$`)
	valueLine = regexp.MustCompile(`^CH(\d+)(?:\(T=(\d+)\))?\[([^\]]*)\],\s*(\d+)$`)
	railLine  = regexp.MustCompile(`^CH(\d+)\[([^\]]*)\]:(.*)$`)
)

// Parse reads one or more dumps of energy_value, one after another as they were taken, each beginning with its line "t=<ms>". rails is the
// content of enabled_rails, which names the subsystem of each rail; it may be empty. A line of another form is ErrMalformed with its
// number: a file cut in the middle of a line must not pass for a reading. The supply is not known from these files.
func Parse(values, rails []byte) (*meter.Trace, error) {
	subsystem, err := parseRails(rails)
	if err != nil {
		return nil, err
	}
	t := &meter.Trace{Source: "odpm", Clock: "boottime", GainSigma: gainSigma}
	order := []string{}
	counters := map[string]*meter.Cumulative{}
	stamp := int64(-1)
	lines := bytes.Split(values, []byte("\n"))
	if len(lines) > meter.MaxSamples {
		return nil, fmt.Errorf("odpm: %w: %d lines", meter.ErrLimit, len(lines))
	}
	for n, line := range lines {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if m := stampLine.FindSubmatch(line); m != nil {
			if stamp, err = milliseconds(m[1]); err != nil {
				return nil, malformed(n, line)
			}
			continue
		}
		m := valueLine.FindSubmatch(line)
		if m == nil || stamp < 0 && len(m[2]) == 0 {
			return nil, malformed(n, line)
		}
		ms := stamp
		if len(m[2]) > 0 {
			if ms, err = milliseconds(m[2]); err != nil {
				return nil, malformed(n, line)
			}
		}
		uj, err := strconv.ParseUint(string(m[4]), 10, 63)
		if err != nil {
			return nil, malformed(n, line)
		}
		name := string(m[3])
		if counters[name] == nil {
			if len(order) == maxRails {
				return nil, fmt.Errorf("odpm: %w: more than %d rails", meter.ErrLimit, maxRails)
			}
			counters[name] = &meter.Cumulative{}
			order = append(order, name)
		}
		counters[name].Add(ms*1e6, float64(uj))
	}
	for _, name := range order {
		t.Rails = append(t.Rails, meter.Rail{Name: name, Subsystem: subsystem[name], Intervals: counters[name].Intervals()})
		if r := counters[name].Resets; r > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("rail %q went back %d times: the phone restarted", name, r))
		}
	}
	return t, t.Validate()
}

// milliseconds reads a stamp that still fits when turned into nanoseconds.
func milliseconds(text []byte) (int64, error) {
	ms, err := strconv.ParseInt(string(text), 10, 64)
	if err == nil && ms > 1<<42 {
		err = strconv.ErrRange
	}
	return ms, err
}

func malformed(line int, text []byte) error {
	return fmt.Errorf("odpm: %w: line %d: %.60q", meter.ErrMalformed, line+1, text)
}

// parseRails reads lines such as "CH0[S10M_VDD_TPU]:Tensor".
func parseRails(data []byte) (map[string]string, error) {
	out := map[string]string{}
	for n, line := range bytes.Split(data, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		m := railLine.FindSubmatch(line)
		if m == nil || len(out) >= maxRails {
			return nil, fmt.Errorf("odpm: enabled_rails: %w: line %d: %.60q", meter.ErrMalformed, n+1, line)
		}
		out[string(m[2])] = string(m[3])
	}
	return out, nil
}
