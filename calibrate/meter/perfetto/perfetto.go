// Package perfetto reads the power data of a Perfetto trace: the energy counters of Pixel's rails (android.power data source with
// collect_power_rails) and the battery's counters. It decodes the protobuf wire format itself, bounded, and passes over everything else
// that a trace may hold. Field numbers are those of Perfetto's public protos (trace.proto, trace_packet.proto, power_rails.proto,
// battery_counters.proto).
package perfetto

import (
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/calibrate/meter"
	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers.
const (
	tracePacket = 1 // Trace.packet

	packetTimestamp  = 8
	packetBattery    = 38
	packetPowerRails = 40

	railsDescriptor = 1
	railsEnergy     = 2

	descriptorIndex     = 1
	descriptorName      = 2
	descriptorSubsystem = 3

	energyIndex     = 1
	energyTimestamp = 2 // ms of boot time
	energyValue     = 3 // µWs

	batteryCharge  = 1 // µAh
	batteryCurrent = 3 // µA
	batteryVoltage = 7 // µV
)

// gainSigma is the scale error of the rails' monitors, coarseSigma that of the battery's gauge; both from memory.
const (
	gainSigma   = 0.05
	coarseSigma = 0.1
	maxRails    = 1024
)

// Parse reads a trace. With power rails in it the trace holds them; without, the battery's current and voltage make one coarse rail. A
// trace with neither is ErrGap. The supply is told by the charge counter: one that rises is charging, one that falls is not. Bytes that
// are no protobuf are ErrMalformed with the offset.
func Parse(data []byte) (*meter.Trace, error) {
	d := &decoder{size: len(data), rails: map[uint64]*rail{}}
	err := fields(data, func(num protowire.Number, kind protowire.Type, value []byte, _ uint64, offset int) error {
		if num != tracePacket || kind != protowire.BytesType {
			return nil
		}
		return d.packet(value, offset)
	})
	if err != nil {
		return nil, err
	}
	return d.trace()
}

// rail collects one rail's counter; its name may come before or after its readings.
type rail struct {
	index           uint64
	name, subsystem string
	counter         meter.Cumulative
}

type decoder struct {
	size    int
	rails   map[uint64]*rail
	order   []uint64
	battery meter.Power
	first   float64 // charge counters, µAh
	last    float64
	charges int
	signs   [2]int // readings of current below and above zero
	samples int
}

// fields walks the fields of a message; value is the content of length-delimited fields, number of varints and fixed ones. Offsets are
// within the message.
func fields(data []byte, use func(num protowire.Number, kind protowire.Type, value []byte, number uint64, offset int) error) error {
	for at := 0; at < len(data); {
		num, kind, n := protowire.ConsumeTag(data[at:])
		if n < 0 {
			return fmt.Errorf("perfetto: %w: tag at offset %d: %v", meter.ErrMalformed, at, protowire.ParseError(n))
		}
		at += n
		var value []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(data[at:])
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(data[at:])
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(data[at:])
			number = uint64(v)
		case protowire.Fixed64Type:
			number, n = protowire.ConsumeFixed64(data[at:])
		default:
			n = protowire.ConsumeFieldValue(num, kind, data[at:])
		}
		if n < 0 {
			return fmt.Errorf("perfetto: %w: field %d at offset %d: %v", meter.ErrMalformed, num, at, protowire.ParseError(n))
		}
		if err := use(num, kind, value, number, at); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// at adds the place to an error of a message inside.
func at(offset int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("packet at offset %d: %w", offset, err)
}

func (d *decoder) packet(data []byte, offset int) error {
	var stamp uint64
	var rails, battery [][]byte
	err := fields(data, func(num protowire.Number, kind protowire.Type, value []byte, number uint64, _ int) error {
		switch {
		case num == packetTimestamp && kind == protowire.VarintType:
			stamp = number
		case num == packetPowerRails && kind == protowire.BytesType:
			rails = append(rails, value)
		case num == packetBattery && kind == protowire.BytesType:
			battery = append(battery, value)
		}
		return nil
	})
	for _, r := range rails {
		if err == nil {
			err = d.powerRails(r)
		}
	}
	for _, b := range battery {
		if err == nil {
			err = d.batteryCounters(b, stamp)
		}
	}
	return at(offset, err)
}

func (d *decoder) powerRails(data []byte) error {
	return fields(data, func(num protowire.Number, kind protowire.Type, value []byte, _ uint64, _ int) error {
		if kind != protowire.BytesType {
			return nil
		}
		switch num {
		case railsDescriptor:
			return d.descriptor(value)
		case railsEnergy:
			return d.energy(value)
		}
		return nil
	})
}

// rail returns the rail with an index, made at first sight.
func (d *decoder) rail(index uint64) (*rail, error) {
	r := d.rails[index]
	if r == nil {
		if len(d.order) >= maxRails {
			return nil, fmt.Errorf("perfetto: %w: more than %d rails", meter.ErrLimit, maxRails)
		}
		r = &rail{index: index, name: fmt.Sprintf("rail %d", index)}
		d.rails[index], d.order = r, append(d.order, index)
	}
	return r, nil
}

func (d *decoder) descriptor(data []byte) error {
	var index uint64
	var name, subsystem string
	err := fields(data, func(num protowire.Number, kind protowire.Type, value []byte, number uint64, _ int) error {
		switch {
		case num == descriptorIndex && kind == protowire.VarintType:
			index = number
		case num == descriptorName && kind == protowire.BytesType:
			name = clipped(value)
		case num == descriptorSubsystem && kind == protowire.BytesType:
			subsystem = clipped(value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	r, err := d.rail(index)
	if err == nil {
		r.name, r.subsystem = name, subsystem
	}
	return err
}

// clipped keeps names short whatever the file says.
func clipped(b []byte) string { return string(b[:min(len(b), 200)]) }

func (d *decoder) energy(data []byte) error {
	var index, ms, uj uint64
	err := fields(data, func(num protowire.Number, kind protowire.Type, _ []byte, number uint64, _ int) error {
		if kind != protowire.VarintType {
			return nil
		}
		switch num {
		case energyIndex:
			index = number
		case energyTimestamp:
			ms = number
		case energyValue:
			uj = number
		}
		return nil
	})
	if err != nil {
		return err
	}
	if d.samples++; d.samples > meter.MaxSamples {
		return fmt.Errorf("perfetto: %w: more than %d readings", meter.ErrLimit, meter.MaxSamples)
	}
	if ms > 1<<42 || uj > 1<<53 {
		return fmt.Errorf("perfetto: %w: reading of %d µWs at %d ms", meter.ErrMalformed, uj, ms)
	}
	r, err := d.rail(index)
	if err == nil {
		r.counter.Add(int64(ms)*1e6, float64(uj))
	}
	return err
}

func (d *decoder) batteryCounters(data []byte, stamp uint64) error {
	charge, current, voltage := math.NaN(), math.NaN(), math.NaN()
	err := fields(data, func(num protowire.Number, kind protowire.Type, _ []byte, number uint64, _ int) error {
		if kind != protowire.VarintType {
			return nil
		}
		switch num {
		case batteryCharge:
			charge = float64(int64(number))
		case batteryCurrent:
			current = float64(int64(number))
		case batteryVoltage:
			voltage = float64(int64(number))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if d.samples++; d.samples > meter.MaxSamples || stamp > 1<<62 {
		return fmt.Errorf("perfetto: %w: battery reading %d at %d ns", meter.ErrLimit, d.samples, stamp)
	}
	if !math.IsNaN(charge) {
		if d.charges == 0 {
			d.first = charge
		}
		d.last = charge
		d.charges++
	}
	if !math.IsNaN(current) && !math.IsNaN(voltage) && math.Abs(current) < 1e9 && voltage > 0 && voltage < 1e8 {
		d.signs[map[bool]int{true: 0, false: 1}[current < 0]]++
		d.battery.Add(int64(stamp), math.Abs(current)*1e-6*voltage*1e-6)
	}
	return nil
}

func (d *decoder) trace() (*meter.Trace, error) {
	t := &meter.Trace{Source: "perfetto", Clock: "boottime", GainSigma: gainSigma, Supply: d.supply()}
	for _, index := range d.order {
		r := d.rails[index]
		t.Rails = append(t.Rails, meter.Rail{Name: r.name, Subsystem: r.subsystem, Intervals: r.counter.Intervals()})
		if r.counter.Resets > 0 {
			t.Notes = append(t.Notes, fmt.Sprintf("rail %q went back %d times", r.name, r.counter.Resets))
		}
	}
	if len(t.Rails) == 0 {
		if len(d.battery.Intervals()) == 0 {
			return nil, fmt.Errorf("perfetto: %w: the trace of %d bytes holds no power data", meter.ErrGap, d.size)
		}
		t.Coarse, t.GainSigma = true, coarseSigma
		t.Notes = append(t.Notes, "no power rails in the trace: the battery's own gauge stands in")
		t.Rails = []meter.Rail{{Name: "battery", Subsystem: "battery", Intervals: d.battery.Intervals()}}
	}
	return t, t.Validate()
}

// supply is told by the charge counter over the trace, else by currents that change sign.
func (d *decoder) supply() meter.Supply {
	switch {
	case d.charges > 1 && d.last > d.first:
		return meter.Charging
	case d.charges > 1 && d.last < d.first:
		return meter.Discharging
	case d.signs[0] > 0 && d.signs[1] > 0:
		return meter.Charging
	}
	return meter.SupplyUnknown
}
