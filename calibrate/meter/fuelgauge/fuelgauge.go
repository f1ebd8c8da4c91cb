// Package fuelgauge reads the battery's own gauge: sysfs files of the power supply and "dumpsys battery", taken again and again. Every
// phone has one, and every vendor's is different: current in microamperes or milliamperes, positive or negative while discharging, updated
// from twice a second to twice a minute. Sign and unit are detected from the data and said in the notes. Readings are coarse: good for
// minutes of work, useless for one inference.
package fuelgauge

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/meter"
)

// gainSigma is the scale error of fuel gauges, from memory: within 5 to 15 per cent where they were compared with a monitor.
const gainSigma = 0.1

// maxSnapshots bounds a log: a day at ten readings a second.
const maxSnapshots = 1_000_000

// snapshot is one look at the gauge; absent values are NaN, an absent status 0.
type snapshot struct {
	ns                       int64
	current, voltage, charge float64
	said                     float64 // current as dumpsys has it
	status                   int
	powered                  bool
}

// Parse reads a log of snapshots. Each begins with a line "@ <boottime ns>"; then come lines "name: value" as "dumpsys battery" prints them,
// or "<file>: <content>" of sysfs files below /sys/class/power_supply/battery (current_now, voltage_now, charge_counter, status). Lines that
// mean nothing here are passed over. A log that shows charging gives a trace whose supply is Charging, which Measure refuses. Without any
// current, the charge counter stands in. Malformed numbers are ErrMalformed with their line.
func Parse(data []byte) (*meter.Trace, error) {
	list, err := snapshots(data)
	if err != nil {
		return nil, err
	}
	t := &meter.Trace{Source: "fuelgauge", Clock: "boottime", GainSigma: gainSigma, Coarse: true, Supply: supply(list)}
	watts, err := power(list, t)
	if err != nil {
		return nil, err
	}
	var p meter.Power
	for _, w := range watts {
		p.Add(w.ns, w.watts)
	}
	t.Rails = []meter.Rail{{Name: "battery", Subsystem: "battery", Intervals: p.Intervals()}}
	return t, t.Validate()
}

func snapshots(data []byte) ([]snapshot, error) {
	var list []snapshot
	for n, line := range bytes.Split(data, []byte("\n")) {
		text := strings.TrimSpace(string(line))
		if stamp, ok := strings.CutPrefix(text, "@ "); ok {
			ns, err := strconv.ParseInt(strings.TrimSpace(stamp), 10, 64)
			if err != nil || ns < 0 || ns > 1<<62 || len(list) >= maxSnapshots {
				return nil, fmt.Errorf("fuelgauge: %w: line %d: stamp %.40q", meter.ErrMalformed, n+1, stamp)
			}
			list = append(list, snapshot{ns: ns, current: math.NaN(), said: math.NaN(), voltage: math.NaN(), charge: math.NaN()})
			continue
		}
		key, value, ok := strings.Cut(text, ":")
		if !ok || len(list) == 0 {
			continue
		}
		if err := list[len(list)-1].set(strings.TrimSpace(key), strings.TrimSpace(value)); err != nil {
			return nil, fmt.Errorf("fuelgauge: %w: line %d: %v", meter.ErrMalformed, n+1, err)
		}
	}
	return list, nil
}

// set takes one line in. Names are those of dumpsys, of sysfs and of Samsung's additions.
func (s *snapshot) set(key, value string) error {
	key = strings.ToLower(key[strings.LastIndexByte(key, '/')+1:])
	var field *float64
	switch key {
	case "current_now":
		field = &s.current
	case "current now": // in a unit of its own: only where the kernel's file does not tell
		field = &s.said
	case "voltage_now", "voltage":
		field = &s.voltage
	case "charge_counter", "charge counter":
		field = &s.charge
	case "ac powered", "usb powered", "wireless powered", "dock powered":
		s.powered = s.powered || value == "true"
		return nil
	case "status":
		s.status = statusOf(value)
		return nil
	default:
		return nil
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > 1e12 {
		return fmt.Errorf("%s %.40q", key, value)
	}
	*field = v
	return nil
}

// statusOf reads BatteryManager's numbers and the kernel's words: 2 charging, 3 discharging, 4 not charging, 5 full, 0 unknown.
func statusOf(value string) int {
	switch strings.ToLower(value) {
	case "charging":
		return 2
	case "discharging":
		return 3
	case "not charging":
		return 4
	case "full":
		return 5
	}
	if n, err := strconv.Atoi(value); err == nil && n >= 1 && n <= 5 {
		return n
	}
	return 0
}

// supply is Charging when any snapshot says so, Discharging when all that say something say that.
func supply(list []snapshot) meter.Supply {
	said := false
	for _, s := range list {
		if s.powered || s.status == 2 || s.status == 5 {
			return meter.Charging
		}
		said = said || s.status == 3
	}
	if said {
		return meter.Discharging
	}
	return meter.SupplyUnknown
}

type reading struct {
	ns    int64
	watts float64
}

// power turns snapshots into watts and notes which units and sign were found.
func power(list []snapshot, t *meter.Trace) ([]reading, error) {
	if err := inVolts(list, t); err != nil {
		return nil, err
	}
	useSaid(list)
	var currents []float64
	for _, s := range list {
		if !math.IsNaN(s.current) {
			currents = append(currents, s.current)
		}
	}
	if len(currents) == 0 {
		return byCharge(list, t)
	}
	scale := currentScale(currents, t)
	signum, err := currentSign(currents, t)
	if err != nil {
		return nil, err
	}
	var out []reading
	volts := math.NaN()
	for _, s := range list {
		if !math.IsNaN(s.voltage) {
			volts = s.voltage
		}
		if !math.IsNaN(s.current) && !math.IsNaN(volts) {
			out = append(out, reading{s.ns, signum * s.current * scale * volts})
		}
	}
	return out, nil
}

// useSaid takes the currents of dumpsys where no snapshot has one of the kernel's.
func useSaid(list []snapshot) {
	if slices.ContainsFunc(list, func(s snapshot) bool { return !math.IsNaN(s.current) }) {
		return
	}
	for i := range list {
		list[i].current = list[i].said
	}
}

type voltUnit struct {
	volts float64
	note  string
}

// voltUnits are the units that a battery's voltage comes in: a cell has 2.5 to 5 V, two in series twice that.
var voltUnits = []voltUnit{{1, "voltage is in volts"}, {1e-3, "voltage is in millivolts"}, {1e-6, "voltage is in microvolts"}}

// inVolts turns every voltage into volts, each by its own size: a log may hold dumpsys' millivolts beside the kernel's microvolts.
func inVolts(list []snapshot, t *meter.Trace) error {
	any := false
	for i := range list {
		v := list[i].voltage
		if math.IsNaN(v) {
			continue
		}
		any = true
		at := slices.IndexFunc(voltUnits, func(u voltUnit) bool { return v*u.volts > 2 && v*u.volts < 12 })
		if at < 0 {
			return fmt.Errorf("fuelgauge: %w: voltage %g is none of a battery", meter.ErrMalformed, v)
		}
		list[i].voltage = v * voltUnits[at].volts
		if note := voltUnits[at].note; at > 0 && !slices.Contains(t.Notes, note) {
			t.Notes = append(t.Notes, note)
		}
	}
	if !any {
		return fmt.Errorf("fuelgauge: %w: no voltage in %d snapshots", meter.ErrMalformed, len(list))
	}
	return nil
}

// currentScale finds whether currents are in micro- or milliamperes. A phone that works draws 50 mA to 6 A; a median size above 10,000
// can only be microamperes.
func currentScale(currents []float64, t *meter.Trace) float64 {
	sizes := make([]float64, len(currents))
	for i, c := range currents {
		sizes[i] = math.Abs(c)
	}
	slices.Sort(sizes)
	if sizes[len(sizes)/2] > 10000 {
		t.Notes = append(t.Notes, "current is in microamperes")
		return 1e-6
	}
	t.Notes = append(t.Notes, "current is in milliamperes")
	return 1e-3
}

// currentSign finds which sign means discharging: that of nearly all readings, since a charging phone was refused by its status. Where
// both occur the supply is in doubt.
func currentSign(currents []float64, t *meter.Trace) (float64, error) {
	negative := 0
	for _, c := range currents {
		if c < 0 {
			negative++
		}
	}
	share := float64(negative) / float64(len(currents))
	switch {
	case share > 0.95:
		t.Notes = append(t.Notes, "negative current means discharging")
		return -1, nil
	case share < 0.05:
		t.Notes = append(t.Notes, "positive current means discharging")
		return 1, nil
	}
	if t.Supply == meter.Charging { // Measure will refuse it by that
		return 1, nil
	}
	return 0, fmt.Errorf("fuelgauge: %w: %.0f %% of the currents are negative, the others not", meter.ErrCharging, 100*share)
}

// byCharge derives power from the charge counter in microampere-hours, where no current is shown. The counter moves in steps, so only
// the moments of its changes count.
func byCharge(list []snapshot, t *meter.Trace) ([]reading, error) {
	t.Notes = append(t.Notes, "no current is shown: power is from the charge counter, which is coarser still")
	t.GainSigma = 2 * gainSigma
	var out []reading
	last, volts, seen := snapshot{}, math.NaN(), false
	for _, s := range list {
		if !math.IsNaN(s.voltage) {
			volts = s.voltage
		}
		if math.IsNaN(s.charge) || math.IsNaN(volts) || seen && s.charge == last.charge {
			continue
		}
		if seen && s.ns > last.ns {
			if s.charge > last.charge && t.Supply != meter.Charging {
				return nil, fmt.Errorf("fuelgauge: %w: the charge counter rises", meter.ErrCharging)
			}
			joules := (last.charge - s.charge) * 1e-6 * 3600 * volts
			w := joules / (float64(s.ns-last.ns) / 1e9)
			out = append(out, reading{last.ns + 1, w}, reading{s.ns, w})
		}
		last, seen = s, true
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("fuelgauge: %w: neither current nor a charge counter that moves", meter.ErrTooShort)
	}
	return out, nil
}
