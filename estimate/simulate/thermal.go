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

// Heat is the thermal state of a phone that is being used.
type Heat struct {
	ChipC, BodyC float64
	Speed        float64 // clock that is allowed, against the full one
	model        Thermal
}

// NewHeat returns a phone that was left alone for a while.
func NewHeat(h Thermal) *Heat {
	h = h.withDefaults()
	return &Heat{ChipC: h.AmbientC + 3, BodyC: h.AmbientC + 2, Speed: 1, model: h}
}

// heatStep is the longest step of the integration in seconds.
const heatStep = 1.0

// Pass lets time go by while the chip draws some watts above idle, and returns the joules that the phone drew. The speed that is allowed
// after it is what full power would need to stay within the limits: the controller grants the sustainable power and more while there is
// room below the limits, as Android's power allocator does; it sees whichever of chip and body is closer to its limit.
func (t *Heat) Pass(seconds, watts float64) (joules float64) {
	h := t.model
	for left := seconds; left > 0; left -= heatStep {
		step := min(left, heatStep)
		flow := (t.ChipC - t.BodyC) / h.ChipKPerW
		t.ChipC += step * (watts - flow) / h.ChipJPerK
		t.BodyC += step * (flow + h.IdleW - (t.BodyC-h.AmbientC)/h.BodyKPerW) / h.BodyJPerK
		joules += step * (watts + h.IdleW)
		if watts > 0 {
			full := watts / (t.Speed * t.Speed * t.Speed)
			allowed := h.SustainableW() + headroom*min(h.SkinLimitC-t.BodyC, (h.ChipLimitC-t.ChipC)/4)
			t.Speed = max(min(math.Cbrt(max(allowed, 0)/full), 1), 0.2)
			if left > heatStep { // the rest of this time is at the new clock
				watts = full * t.Speed * t.Speed * t.Speed
			}
		} else if t.ChipC < h.ChipLimitC && t.BodyC < h.SkinLimitC-1 {
			t.Speed = 1
		}
	}
	return joules
}

// Sustained runs the result's inference back to back for some minutes and returns the state after each. Power follows the cube of the
// clock, latency its inverse.
func (res Result) Sustained(h Thermal, minutes int) []Minute {
	full, t := res.PowerW.Value, NewHeat(h)
	var out []Minute
	for m := 1; m <= minutes; m++ {
		for range 60 {
			t.Pass(1, full*t.Speed*t.Speed*t.Speed)
		}
		out = append(out, Minute{Minute: m, LatencyMS: res.LatencyMS.Value / t.Speed, Speed: t.Speed, ChipC: t.ChipC, BodyC: t.BodyC, PowerW: full * t.Speed * t.Speed * t.Speed})
	}
	return out
}
