package odpm

import (
	"fmt"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/meter"
)

// Recorder reads the counters four times a second, as often as they move.
func Recorder() meter.Recorder {
	return meter.Recorder{
		Name: "odpm",
		Start: func(limit time.Duration) string {
			return fmt.Sprintf("cat /sys/bus/iio/devices/iio:device*/enabled_rails >rails 2>/dev/null; : >on; "+
				"timeout -k 2 %.0f sh -c 'while [ -e on ]; do cat /sys/bus/iio/devices/iio:device*/energy_value; sleep 0.25; done' </dev/null >values 2>errors & M=$!", limit.Seconds())
		},
		Stop:  "rm -f on; wait $M",
		Files: []string{"values", "rails", "errors"},
		Parse: func(files [][]byte) (*meter.Trace, error) {
			t, err := Parse(files[0], files[1])
			if err == nil && len(t.Rails) == 0 {
				first, _, _ := strings.Cut(strings.TrimSpace(string(files[2])), "\n")
				err = fmt.Errorf("odpm: %w: no power monitor could be read, which needs a rooted or engineering Pixel 6 or later (%.120s)", meter.ErrGap, first)
			}
			return t, err
		},
	}
}
