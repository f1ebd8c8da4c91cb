package weights

import (
	"math"
	"testing"
)

func TestHalf_everyPatternIsThatOfTheDefinition(t *testing.T) {
	for u := range uint32(1 << 16) {
		got, want := half(u), float(u, 5, 10, 15, true)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != math.Signbit(want) && !math.IsNaN(want) {
			t.Fatalf("half %#x: %v, want %v", u, got, want)
		}
	}
}
