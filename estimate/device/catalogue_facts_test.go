package device_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

// A phone that is known by its chip alone has no year of its own: chips are sold for years.
func TestFind_yearOfAChipIsNotThatOfAPhone(t *testing.T) {
	for _, name := range []string{"Galaxy A06", "moto g85", "OnePlus Nord 3"} {
		d, err := device.Embedded().Find(name)
		if err != nil || d.Year.Known || !d.SoC.Year.Known {
			t.Errorf("%s: %v, year %+v", name, err, d.Year)
		}
	}
	if d, err := device.Embedded().Find("Snapdragon 8 Gen 3"); err != nil || !d.Year.Known {
		t.Errorf("a chip by itself: %v, %+v", err, d.Year)
	}
}

func TestFind_partialNamesSayWhatWasTaken(t *testing.T) {
	d, err := device.Embedded().Find("galaxy note")
	if err != nil || d.Match.Kind != device.MatchPartial || d.Match.Note == "" {
		t.Errorf("%v, %+v", err, d.Match)
	}
}

// Phones of the last years that many people have are found, each with the chip that its maker states.
func TestFind_phonesOfTheLastYears(t *testing.T) {
	for name, part := range map[string]string{"Galaxy A16 5G": "ex1330", "Galaxy A55 5G": "ex1480", "Galaxy A56 5G": "ex1580", "Galaxy S24 Ultra": "sd8g3g", "Galaxy S25": "sd8eg", "Pixel 8a": "zuma",
		"Redmi Note 13": "sd685", "Xiaomi 14": "sd8g3", "POCO F6": "sd8sg3", "OnePlus Nord 3": "d9000", "moto g85": "sd6sg3", "CMF Phone 1": "d7300", "Nothing Phone (3a)": "sd7sg3", "HONOR 200": "sd7g3", "Galaxy M34 5G": "ex1280"} {
		d, err := device.Embedded().Find(name)
		if err != nil || d.SoC.ID != part {
			t.Errorf("%s: %q, %v; want %q", name, d.SoC.ID, err, part)
		}
	}
}

// Within a chip clusters stand fastest first, clocks are those of phones, and counts are of cores that exist.
func TestFacts_clustersArePlausible(t *testing.T) {
	for _, s := range device.Embedded().SoCs() {
		if n := s.CoreCount(); n < 1 || n > 128 {
			t.Errorf("%s: %d cores", s.ID, n)
		}
		for _, c := range s.Clusters {
			if mhz := c.ClockMHz.Value; mhz < 500 || mhz > 6000 {
				t.Errorf("%s: %s at %.0f MHz", s.ID, c.Core.Name, mhz)
			}
		}
		if y := s.Year; y.Known && (y.Value < 2009 || y.Value > 2027) {
			t.Errorf("%s: year %.0f", s.ID, y.Value)
		}
	}
}
