package device_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

// Every name in the catalogue leads back to its own device, or to one of the same name that lists it as an alternative.
func TestFind_everyDeviceAnswersToItsNameAndCodes(t *testing.T) {
	c := device.Embedded()
	lost := 0
	for _, d := range c.Devices() {
		for _, q := range append([]string{d.Name}, d.ModelCodes...) {
			got, err := c.Find(q)
			if err != nil {
				t.Errorf("Find(%q): %v", q, err)
				continue
			}
			other := slices.ContainsFunc(got.Match.Alternatives, func(a string) bool { return strings.Contains(a, d.SoC.Name) })
			if got.SoC.ID != d.SoC.ID && !other {
				lost++
				t.Logf("Find(%q) = %q with %s, the row has %s", q, got.Name, got.SoC.ID, d.SoC.ID)
			}
		}
	}
	if lost > 12 {
		t.Errorf("%d names and codes lead to another SoC without listing their own", lost)
	}
}

func TestFind_everySoCAnswersToItsNameAndPart(t *testing.T) {
	c := device.Embedded()
	for _, s := range c.SoCs() {
		for _, q := range []string{s.Name, s.PartNumber, "soc=" + s.Name} {
			got, err := c.Find(q)
			if err != nil {
				t.Errorf("%s: Find(%q): %v", s.ID, q, err)
			} else if q != s.PartNumber && got.SoC.ID != s.ID {
				t.Errorf("%s: Find(%q) = %s", s.ID, q, got.SoC.ID)
			}
		}
	}
}

// Two tables that were collected apart must tell the same story: the top clocks of the power measurements and the clusters of the SoCs.
func TestFacts_powerCurvesAgreeWithClocks(t *testing.T) {
	c := device.Embedded()
	known := map[string]string{"sd435": "the phone that was measured runs 7 to 10 % faster than its part"}
	for _, id := range c.AllPowerCurves() {
		s, _ := c.SoC(id)
		for _, cv := range c.PowerCurves(id) {
			top, off := cv.Points[len(cv.Points)-1].ClockMHz, math.Inf(1)
			for _, cl := range s.Clusters {
				off = min(off, math.Abs(cl.ClockMHz.Value/top-1))
			}
			if off > 0.05 && known[id] == "" {
				t.Errorf("%s: power was measured up to %.0f MHz, clusters are %s", id, top, clusters(s))
			}
		}
	}
}

// Bandwidth follows from bus width and transfer rate where all three are given.
func TestFacts_bandwidthFollowsFromTheBus(t *testing.T) {
	off := 0
	for _, s := range device.Embedded().SoCs() {
		n, bits, ok := strings.Cut(s.Memory.Channels, "x")
		if !ok || !s.Memory.BandwidthGBps.Known || !s.Memory.MTPerS.Known {
			continue
		}
		width := number(n) * number(bits)
		want := width / 8 * s.Memory.MTPerS.Value / 1000
		if math.Abs(want/s.Memory.BandwidthGBps.Value-1) > 0.03 {
			off++
			t.Logf("%s: %s at %.0f MT/s is %.1f GB/s, the table has %.1f", s.ID, s.Memory.Channels, s.Memory.MTPerS.Value, want, s.Memory.BandwidthGBps.Value)
		}
	}
	if off > 3 {
		t.Errorf("%d SoCs contradict themselves", off)
	}
}

func number(text string) float64 {
	v := 0.0
	for _, r := range strings.TrimSpace(text) {
		if r < '0' || r > '9' {
			return math.NaN()
		}
		v = v*10 + float64(r-'0')
	}
	return v
}

// Names that users and other benchmarks write, beyond those in the recorded data.
func TestFind_namesInTheWild(t *testing.T) {
	for query, soc := range map[string]string{
		"Samsung Galaxy S23 (Family)": "sd8g2g", "Samsung Galaxy S22 Ultra 5G": "ex2200", "Galaxy S24 Ultra": "sd8g3g", "Samsung Galaxy Tab S8": "sd8g1",
		"Xiaomi 12 Pro": "sd8g1", "Google Pixel 8 Pro": "zuma", "Pixel 9": "zumapro", "OnePlus 12": "sd8g3", "Redmi Note 8 Pro": "helio_g90t",
		"iPhone 13": "a15", "Nothing Phone (2)": "sd8pg1", "Raspberry Pi 4": "bcm2711", "Raspberry Pi 400 (BCM2711)": "bcm2711", "Jetson Nano": "tegra_x1",
		"QCS8450 (Proxy)": "qcs8450", "SA8295P ADP": "sa8295p", "SA8155 (Proxy)": "sa8155p", "Snapdragon X Plus 8-Core CRD": "sdxp8",
		"Dragonwing IQ-8275 EVK": "qcs8275", "Snapdragon 7 Gen 4 QRD": "sd7g4", "Snapdragon 8 Gen 5 QRD": "sd8g5", "Snapdragon X2 Elite CRD": "sdx2e",
		"Qualcomm MSM6150 Snapdragon 675 (Kyro460 2.0GHz x 2 + Kyro460 1.7GHz x 6 + Adreno 612)":  "sd675",
		"Qualcomm SM8450 Snapdragon 8 Gen 1 (Kyro 3.0GHz + 2.5GHz x 3 + 1.8GHz x 4 + Adreno 730)": "sd8g1",
		"iPhone 6S (Apple A9 1.85GHz x 2)":                                                                                  "a9",
		"NVIDIA Jetson AGX Xavier (Carmel 2.2 GHz x 8 + Volta 512)":                                                         "xavier",
		"MacBook Pro (13-inch, M1, 2020)":                                                                                   "m1",
		"Banana Pi M2 Zero 2 AllWinner H2+, Cortex-A7 (ARMv7-A) (1.2GHz x 4)":                                               "h3",
		"EAIDK 310, Rockchip RK3228H (Cortex-A53 1.3GHz x 4) fedora-28 aarch64":                                             "rk3228h",
		"Dimensity 9300 (MT6989) (Cortex-X4 3.25 GHz + 2.85 GHz x 3 + Cortex-A720 2.0 GHz x 4 + Mali-G720-Immortalis MC12)": "d9300",
		"Unisoc T740 (A75 x 4 + A55 x 4)":                                                                                   "t740", "Vivo X90 Pro Dimensity 9200": "d9200",
	} {
		d, err := device.Embedded().Find(query)
		if err != nil || d.SoC.ID != soc {
			t.Errorf("Find(%q) = %q, %v, want %q", query, d.SoC.ID, err, soc)
		}
	}
}
