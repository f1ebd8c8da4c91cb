// Package monsoon reads the CSV files that Monsoon's power monitors write, through PowerTool or their Python library: a header such as
// "Time(ms),Main(mA),USB(mA),Aux(mA),Main Voltage(V),USB Voltage(V)" with the enabled channels only, and often a comma too many at the end.
// The monitor takes the battery's place, so the phone is never charging.
package monsoon

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/meter"
)

// gainSigma is the scale error that Monsoon states for its monitors.
const gainSigma = 0.01

// channels are the current columns, the voltage column that belongs to each, and the rail that they make.
var channels = []struct{ current, voltage, rail, subsystem string }{
	{"Main(mA)", "Main Voltage(V)", "main", "battery"},
	{"USB(mA)", "USB Voltage(V)", "usb", "usb"},
	{"Aux(mA)", "", "aux", "aux"},
}

// Parse reads a CSV. volts is the voltage that the monitor was set to: it stands for a voltage column that is missing; with 0 such a
// channel is left out and noted. A row with an unreadable number is ErrMalformed with its line; a last row that was cut short is left out.
func Parse(data []byte, volts float64) (*meter.Trace, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("monsoon: %w: header: %v", meter.ErrMalformed, err)
	}
	t := &meter.Trace{Source: "monsoon", Clock: "meter", Supply: meter.Discharging, GainSigma: gainSigma}
	columns, width, err := layout(head, volts, t)
	if err != nil {
		return nil, err
	}
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("monsoon: %w: %v", meter.ErrMalformed, err)
		}
		if len(row) < width && atEnd(r, data) {
			t.Notes = append(t.Notes, "the last row is cut short and left out")
			break
		}
		line, _ := r.FieldPos(0)
		if line > meter.MaxSamples {
			return nil, fmt.Errorf("monsoon: %w: more than %d rows", meter.ErrLimit, meter.MaxSamples)
		}
		ms, ok := number(row, columns.time)
		if !ok || math.Abs(ms) > 1e12 {
			return nil, fmt.Errorf("monsoon: %w: line %d: time %.40q", meter.ErrMalformed, line, row)
		}
		for i := range columns.rails {
			c := &columns.rails[i]
			ma, ok := number(row, c.current)
			v := volts
			if c.voltage >= 0 {
				var good bool
				v, good = number(row, c.voltage)
				ok = ok && good
			}
			if !ok || math.Abs(ma) > 1e6 || v < 0 || v > 100 {
				return nil, fmt.Errorf("monsoon: %w: line %d: channel %q", meter.ErrMalformed, line, c.name)
			}
			c.power.Add(int64(ms*1e6), ma/1000*v)
		}
	}
	for _, c := range columns.rails {
		t.Rails = append(t.Rails, meter.Rail{Name: c.name, Subsystem: c.subsystem, Intervals: c.power.Intervals()})
	}
	return t, t.Validate()
}

type rail struct {
	name, subsystem  string
	current, voltage int // columns, voltage -1 when it is fixed
	power            meter.Power
}

type layoutOf struct {
	time  int
	rails []rail
}

func layout(head []string, volts float64, t *meter.Trace) (layoutOf, int, error) {
	at := map[string]int{}
	for i, h := range head {
		at[strings.TrimSpace(h)] = i
	}
	time, ok := at["Time(ms)"]
	if !ok {
		return layoutOf{}, 0, fmt.Errorf("monsoon: %w: no column %q in %.80q", meter.ErrMalformed, "Time(ms)", strings.Join(head, ","))
	}
	out, width := layoutOf{time: time}, time+1
	for _, c := range channels {
		current, ok := at[c.current]
		if !ok {
			continue
		}
		voltage, has := at[c.voltage]
		if !has || c.voltage == "" {
			voltage = -1
			if volts <= 0 {
				t.Notes = append(t.Notes, fmt.Sprintf("channel %q has no voltage and is left out", c.rail))
				continue
			}
		}
		out.rails = append(out.rails, rail{name: c.rail, subsystem: c.subsystem, current: current, voltage: voltage})
		width = max(width, current+1, voltage+1)
	}
	if len(out.rails) == 0 {
		return layoutOf{}, 0, fmt.Errorf("monsoon: %w: no channel with current and voltage", meter.ErrMalformed)
	}
	return out, width, nil
}

func number(row []string, i int) (float64, bool) {
	if i >= len(row) {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(row[i]), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// atEnd reports whether the reader has reached the end of the data.
func atEnd(r *csv.Reader, data []byte) bool {
	return r.InputOffset() >= int64(len(bytes.TrimRight(data, "\r\n")))
}
