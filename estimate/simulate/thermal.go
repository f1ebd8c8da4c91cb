package simulate

import "math"

// Thermal is the heat model of a phone: the chip warms fast, the body slowly, and the system lowers clocks to keep the body below its
// limit. The zero value is a typical phone in a room of 25 °C. From memory of published teardowns; a case or the sun shifts it.
type Thermal struct {
	AmbientC   float64 // 0 is 25
	SkinLimitC float64 // 0 is 43: where governors begin to throttle the body
	ChipLimitC float64 // 0 is 85
	BodyKPerW  float64 // 0 is 7: body to air
	ChipKPerW  float64 // 0 is 8: chip to body
	BodyJPerK  float64 // 0 is 120: about 150 g
	ChipJPerK  float64 // 0 is 6
	IdleW      float64 // 0 is 0.6: what the phone draws besides, with the screen on at low light
}

// Minute is the state after one minute of running without pause.
type Minute struct {
	Minute    int
	LatencyMS float64 // of one inference at the clock of this minute
	Speed     float64 // against the first inference, 1 is full clock
	ChipC     float64
	BodyC     float64
	PowerW    float64
}

func (h Thermal) withDefaults() Thermal {
	set := func(p *float64, v float64) {
		if *p == 0 {
			*p = v
		}
	}
	set(&h.AmbientC, 25)
	set(&h.SkinLimitC, 43)
	set(&h.ChipLimitC, 85)
	set(&h.BodyKPerW, 7)
	set(&h.ChipKPerW, 8)
	set(&h.BodyJPerK, 120)
	set(&h.ChipJPerK, 6)
	set(&h.IdleW, 0.6)
	return h
}

// SustainableW is the power of the chip, above idle, that the body can carry away for ever.
func (h Thermal) SustainableW() float64 {
	h = h.withDefaults()
	body := (h.SkinLimitC-h.AmbientC)/h.BodyKPerW - h.IdleW
	chip := (h.ChipLimitC - h.SkinLimitC) / h.ChipKPerW
	return max(min(body, chip), 0)
}

// headroom is how many watts the controller allows above the sustainable power for each kelvin below the limit.
const headroom = 1.5

// Sustained runs the result's inference back to back for some minutes and returns the state after each. Power follows the cube of the
// clock, latency its inverse. The controller grants the sustainable power and more while there is room below the limits, as Android's
// power allocator does; it sees whichever of chip and body is closer to its limit.
func (res Result) Sustained(h Thermal, minutes int) []Minute {
	h = h.withDefaults()
	const step = 1.0 // s
	full, steady := res.PowerW.Value, h.SustainableW()
	chip, body, speed := h.AmbientC+3, h.AmbientC+2, 1.0
	var out []Minute
	for m := 1; m <= minutes; m++ {
		for s := 0.0; s < 60; s += step {
			power := full * speed * speed * speed
			flow := (chip - body) / h.ChipKPerW
			chip += step * (power - flow) / h.ChipJPerK
			body += step * (flow + h.IdleW - (body-h.AmbientC)/h.BodyKPerW) / h.BodyJPerK
			allowed := steady + headroom*min(h.SkinLimitC-body, (h.ChipLimitC-chip)/4)
			speed = max(min(math.Cbrt(max(allowed, 0)/full), 1), 0.2)
		}
		out = append(out, Minute{Minute: m, LatencyMS: res.LatencyMS.Value / speed, Speed: speed, ChipC: chip, BodyC: body, PowerW: full * speed * speed * speed})
	}
	return out
}
