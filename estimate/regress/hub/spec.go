package hub

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Spec is what is published of a device's neural processor.
type Spec struct {
	// LogTOPS is the logarithm of the throughput of one processor in tera int8
	// operations per second; NaN when nothing is known.
	LogTOPS float64
	// BandwidthGBs is the peak memory bandwidth, 0 when not known.
	BandwidthGBs float64
}

var (
	topsPattern  = regexp.MustCompile(`(\d+(?:\.\d+)?)\s*TOPS`)
	unitPattern  = regexp.MustCompile(`\bx(\d)\b`)
	hexagonMatch = regexp.MustCompile(`V(\d\d)`)
)

// socTOPS are throughputs of one neural processor by SoC where device tables
// often leave them out: vendor claims, from memory, the phone parts of 2023 on
// without an official figure and put between the figures in circulation.
var socTOPS = map[string]float64{
	"SM8350": 26, "SM8450": 27, "SM8475": 27, "QCS8450": 27, "SM8550": 48, "QCS8550": 48, "SM8635": 40,
	"SM8650": 60, "SM8735": 60, "SM8750": 80, "SM8845": 80, "SM8850": 100,
	"SM7325": 12, "QCS6490": 12, "QCM6690": 6, "SM7450": 12, "SM7475": 20, "SM7550": 15, "SM7675": 30, "SM7750": 20,
	"SA8295P": 30, "SC8280XP": 15, "SA8775P": 50, "SA8255P": 50, "SA8650P": 50, "QCS9075": 50, "SA7255P": 40, "QCS8275": 40,
	"X1E80100": 45, "X1E78100": 45, "X1P64100": 45, "X1P42100": 45, "X2E96100": 80, "QRB5165": 15, "SM8250": 15, "SA8155P": 8, "SM8150": 7,
}

// generationTOPS stand in by Hexagon generation when nothing else is known.
var generationTOPS = map[int]float64{65: 5, 66: 8, 68: 15, 69: 20, 73: 30, 75: 40, 79: 70, 81: 90}

// NewSpec reads the throughput of one neural processor from the text of a device
// table ("Hexagon V73 x2 100TOPS" is 50), else from tops when positive, else
// from what is known of the SoC or of the Hexagon generation.
func NewSpec(soc, npu string, tops, bandwidthGBs float64) Spec {
	s := Spec{LogTOPS: math.NaN(), BandwidthGBs: bandwidthGBs}
	units := 1.
	if m := unitPattern.FindStringSubmatch(npu); m != nil {
		units, _ = strconv.ParseFloat(m[1], 64)
	}
	if m := topsPattern.FindStringSubmatch(npu); m != nil {
		tops, _ = strconv.ParseFloat(m[1], 64)
		tops /= units
	} else if v, ok := lookUpTOPS(soc); ok {
		tops = v
	} else if m := hexagonMatch.FindStringSubmatch(npu); m != nil && tops <= 0 {
		g, _ := strconv.Atoi(m[1])
		tops = generationTOPS[g]
	}
	if tops > 0 {
		s.LogTOPS = math.Log(tops)
	}
	return s
}

func lookUpTOPS(soc string) (float64, bool) {
	base, _, _ := strings.Cut(soc, "-")
	v, ok := socTOPS[base]
	return v, ok
}

// gap returns by how much, in log, the other processor is published to be
// faster than s, and how uncertain that is.
func (s Spec) gap(other Spec) (log float64, known bool) {
	if math.IsNaN(s.LogTOPS) || math.IsNaN(other.LogTOPS) {
		return 0, false
	}
	return other.LogTOPS - s.LogTOPS, true
}
