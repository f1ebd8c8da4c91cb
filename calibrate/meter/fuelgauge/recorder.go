package fuelgauge

import (
	"fmt"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/meter"
)

// Recorder looks at the gauge's files twice a second, and at the battery service at the start and where the files cannot be read. Stamps
// are those of /proc/uptime, to ten milliseconds. The shell reads by itself: a program started for each file would be work, and late on a busy phone.
func Recorder() meter.Recorder {
	const loop = `stamp() { read up idle </proc/uptime; echo "@ ${up%.*}${up#*.}0000000"; }
stamp; dumpsys battery
while [ -e on ]; do
 stamp
 if [ -r /sys/class/power_supply/battery/current_now ]; then
  for f in current_now voltage_now charge_counter status; do
   v=; read -r v </sys/class/power_supply/battery/$f; [ -n "$v" ] && echo "$f: $v"
  done
  sleep 0.5
 else
  dumpsys battery; sleep 1
 fi
done`
	return meter.Recorder{
		Name: "fuelgauge",
		Start: func(limit time.Duration) string {
			return fmt.Sprintf(": >on; timeout -k 2 %.0f sh -c '%s' </dev/null >gauge 2>/dev/null & M=$!", limit.Seconds(), loop)
		},
		Stop:  "rm -f on; wait $M",
		Files: []string{"gauge"},
		Parse: func(files [][]byte) (*meter.Trace, error) { return Parse(files[0]) },
	}
}
