package text

import "fmt"

// Amount is what one inference costs, with the range that holds it. Energy is above idle. An unknown energy has EnergyKnown false.
type Amount struct {
	LatencyMS, LatencyLoMS, LatencyHiMS float64
	EnergyMJ, EnergyLoMJ, EnergyHiMJ    float64
	EnergyKnown                         bool
}

// Price is the cost of a plan as a whole, per word and per day. Ranges add up as if every inference erred the same way, which is the
// cautious reading, and take the range of the token count in.
type Price struct {
	Run, Word, Day Amount
	// BatteryShare is the share of a full battery that a day takes, 0 to 1, with its range; known only with energy and a battery.
	BatteryShare, BatteryLo, BatteryHi float64
	BatteryKnown                       bool
}

// PriceOf adds up a plan: cost gives what one inference of a step costs. wordsPerDay scales to a day; batteryWh is the phone's battery,
// 0 when unknown. The error is that of cost, with the step's name.
func PriceOf(p Plan, wordsPerDay, batteryWh float64, cost func(Step) (Amount, error)) (Price, error) {
	var out Price
	out.Run.EnergyKnown = len(p.Steps) > 0
	for _, s := range p.Steps {
		a, err := cost(s)
		if err != nil {
			return Price{}, fmt.Errorf("step %q of %d tokens: %w", s.Name, s.SequenceLength, err)
		}
		out.Run.add(a, float64(s.Inferences))
	}
	if p.Count.Tokens > 0 {
		lo, hi := float64(p.Count.Lo)/float64(p.Count.Tokens), float64(p.Count.Hi)/float64(p.Count.Tokens)
		out.Run.LatencyLoMS *= lo
		out.Run.EnergyLoMJ *= lo
		out.Run.LatencyHiMS *= hi
		out.Run.EnergyHiMJ *= hi
	}
	if p.Words > 0 {
		out.Word = out.Run.times(1 / float64(p.Words))
		out.Day = out.Word.times(wordsPerDay)
	}
	if out.Day.EnergyKnown && batteryWh > 0 {
		const mjPerWh = 3.6e6
		out.BatteryKnown = true
		out.BatteryShare = out.Day.EnergyMJ / (batteryWh * mjPerWh)
		out.BatteryLo, out.BatteryHi = out.Day.EnergyLoMJ/(batteryWh*mjPerWh), out.Day.EnergyHiMJ/(batteryWh*mjPerWh)
	}
	return out, nil
}

func (a *Amount) add(b Amount, n float64) {
	a.LatencyMS += b.LatencyMS * n
	a.LatencyLoMS += b.LatencyLoMS * n
	a.LatencyHiMS += b.LatencyHiMS * n
	a.EnergyMJ += b.EnergyMJ * n
	a.EnergyLoMJ += b.EnergyLoMJ * n
	a.EnergyHiMJ += b.EnergyHiMJ * n
	a.EnergyKnown = a.EnergyKnown && b.EnergyKnown
}

func (a Amount) times(k float64) Amount {
	b := Amount{EnergyKnown: true}
	b.add(a, k)
	return b
}
