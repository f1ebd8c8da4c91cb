package device_test

import (
	"strconv"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestFind(t *testing.T) {
	tests := []struct{ query, name, soc, clusters string }{
		{"Pixel 7", "Google Pixel 7", "gs201", ""},
	}
	for _, tt := range tests {
		d, err := device.Embedded().Find(tt.query)
		if err != nil {
			t.Errorf("Find(%q): %v", tt.query, err)
			continue
		}
		if d.Name != tt.name || d.SoC.ID != tt.soc {
			t.Errorf("Find(%q) = %q with %q, want %q with %q", tt.query, d.Name, d.SoC.ID, tt.name, tt.soc)
		}
	}
}
