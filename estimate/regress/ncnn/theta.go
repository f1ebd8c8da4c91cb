package ncnn

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// The ways in which two runs are alike. Each multiplies a sum of ways in which two networks are alike.
const (
	byProcessor = iota // CPU or Vulkan
	bySpecLinear
	bySpec     // squared exponential over the scaled facts
	bySpecFast // another with scales of its own, short where facts switch kernels
	bySoC      // chip
	bySetting  // chip, threads and cores
	byRun
	byVersion // date of the software, with the short memory that releases have
	runWays
)

var runWayNames = [runWays]string{"proc", "lin", "rbf", "rb2", "soc", "set", "iid", "ver"}

// The ways in which two networks are alike.
const (
	asLevel    = iota // all networks
	asShares          // by the shares of the nominal time
	asInt8            // both with 8-bit kernels
	asInt8Part        // by the shares of 8-bit kernels
	asName            // the same network whatever its precision
	asSame            // the same network
	asGraph           // squared exponential over the shape of the graph
	netWays
)

var netWayNames = [netWays]string{"lev", "shr", "i8", "s8", "mb", "mx", "gr"}

// shareCount is the number of shares of a network's nominal time that are compared.
const shareCount = int(classCount) + int(modifierCount)

// theta holds the hyper-parameters, exponentiated.
type theta struct {
	amplitude          [runWays][netWays]float64
	share              [shareCount]float64 // scale of each share
	linearScale        [specCount]float64
	fastScale          [specCount]float64
	specRadius2        float64 // squared length of bySpec
	graphRadius2       float64 // squared length of asGraph
	noiseCPU, noiseGPU float64
}

// thetaFile is one set of hyper-parameters as stored, in logarithms, with the chips and families that were not looked at for it.
type thetaFile struct {
	SoCs     []string           `json:"without_socs,omitempty"`
	Families []string           `json:"without_families,omitempty"`
	Values   map[string]float64 `json:"values"`
}

//go:embed theta.json
var thetaJSON []byte

// thetas are the stored sets; the first was fitted on everything.
func thetas() ([]thetaFile, error) {
	var fs []thetaFile
	if err := json.Unmarshal(thetaJSON, &fs); err != nil {
		return nil, fmt.Errorf("hyper-parameters: %w", err)
	}
	if len(fs) == 0 {
		return nil, fmt.Errorf("hyper-parameters: empty")
	}
	return fs, nil
}

// chooseTheta returns the hyper-parameters for a question about chips and families that the training rows do not have: a set that was
// fitted without them, if the questioned ones took part in any fit, so that a fold never profits from hyper-parameters that saw its
// answers. Of several it takes the one that left out least.
func chooseTheta(fs []thetaFile, socs, families []string) *theta {
	known := func(list func(f *thetaFile) []string, names []string) []string {
		var out []string
		for _, n := range names {
			for i := range fs {
				if slices.Contains(list(&fs[i]), n) {
					out = append(out, n)
					break
				}
			}
		}
		return out
	}
	socList, famList := func(f *thetaFile) []string { return f.SoCs }, func(f *thetaFile) []string { return f.Families }
	needS, needF := known(socList, socs), known(famList, families)
	best, at := math.MaxInt, 0
	for i := range fs {
		if !containsAll(fs[i].SoCs, needS) || !containsAll(fs[i].Families, needF) {
			continue
		}
		if n := len(fs[i].SoCs) + len(fs[i].Families); n < best {
			best, at = n, i
		}
	}
	return thetaOf(fs[at].Values)
}

func containsAll(set, names []string) bool {
	for _, n := range names {
		if !slices.Contains(set, n) {
			return false
		}
	}
	return true
}

// thetaOf exponentiates; a missing name counts as -6 for amplitudes and 0 for scales.
func thetaOf(v map[string]float64) *theta {
	t := &theta{}
	get := func(name string, def float64) float64 {
		if x, ok := v[name]; ok {
			return math.Exp(x)
		}
		return math.Exp(def)
	}
	for j, r := range runWayNames {
		for k, n := range netWayNames {
			t.amplitude[j][k] = get(r+"."+n, -6)
		}
	}
	for i := range t.share {
		t.share[i] = get(fmt.Sprintf("w.%d", i), 0)
	}
	for i := range specCount {
		t.linearScale[i], t.fastScale[i] = get(fmt.Sprintf("lz.%d", i), 0), get(fmt.Sprintf("ly.%d", i), 0)
	}
	ls, lg := get("ls", .5), get("lsg", .7)
	t.specRadius2, t.graphRadius2 = ls*ls, lg*lg
	t.noiseCPU, t.noiseGPU = get("n.cpu", -5), get("n.gpu", -4)
	return t
}
