package device_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

// Names that end like a count are none.
func TestFindLabel_namesWithXAndDigitsAreNoCounts(t *testing.T) {
	for label, want := range map[string]int{
		"RDK X3 Module (Cortex-A53 1.5GHz x 4) aarch64":                                                                4,
		"Dimensity 9300 (MT6989) (Cortex-X4 3.25 GHz + 2.85 GHz x 3 + Cortex-A720 2.0 GHz x 4)":                        8,
		"Radxa Orion O6 (Big Cortex-A720 2.6Ghz x4 + Medium Cortex-A720 x 4 + Little Cortex-A520 x 4)":                 12,
		"Qualcomm SM8550-AB Snapdragon 8 Gen 2 (Kyro 3.20 GHz + 2.8 GHz x 2 + 2.80 GHz x 2 + 2.00 GHz * 3)":            8,
		"Khadas VIM3, Amlogic A311D (Cortex-A73 2.2GHz x 4 + Cortex-A53 1.8GHz x 2)":                                   6,
		"Qualcomm MSM8998 Snapdragon 835 (Kyro 2.45GHz x 4 + Kyro 1.9GHz x 4 + Adreno 540)":                            8,
		"Apple iPhone SE 2nd (Apple A13 Bionic 2.65GHz x 2 + 1.8GHz x 4)":                                              6,
		"Raspberry Pi 3 Model B+ Broadcom BCM2837B0, Cortex-A53 (ARMv8) (1.4GHz x 4)":                                  4,
		"Snapdragon 8 Gen 3 (Cortex-X4 3.3GHz + Cortex-A720 3.15GHz x 3 + Cortex-A720 2.96GHz x 2 + A520 2.27GHz x 2)": 8,
	} {
		d, err := device.Embedded().FindLabel(label, "")
		if err != nil || d.SoC.CoreCount() != want {
			t.Errorf("%s: %d cores, %v; want %d", label, d.SoC.CoreCount(), err, want)
		}
	}
}
