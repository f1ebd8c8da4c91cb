package perfetto

import (
	"fmt"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/meter"
)

// onPhone is the one folder that Perfetto's daemon may write to and a shell may read.
const onPhone = "/data/misc/perfetto-traces/gaugenn.pftrace"

// config asks for the power data four times a second. The trace ends by itself after the duration.
const config = `buffers { size_kb: 16384 fill_policy: RING_BUFFER }
data_sources { config { name: "android.power" android_power_config { battery_poll_ms: 250
 battery_counters: BATTERY_COUNTER_CHARGE battery_counters: BATTERY_COUNTER_CURRENT battery_counters: BATTERY_COUNTER_VOLTAGE
 collect_power_rails: true } } }
duration_ms: %d
`

// Recorder starts the phone's own Perfetto. Its configuration goes in by standard input, since the daemon may not read a shell's files.
func Recorder() meter.Recorder {
	return meter.Recorder{
		Name: "perfetto",
		Start: func(limit time.Duration) string {
			return fmt.Sprintf("rm -f %s; P=$(printf '%%s' '%s' | perfetto --txt -c - --background -o %s 2>errors)", onPhone, fmt.Sprintf(config, limit.Milliseconds()), onPhone)
		},
		Stop:  `if [ -n "$P" ]; then kill -TERM $P; n=0; while kill -0 $P 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done; fi`,
		Files: []string{onPhone, "errors"},
		Parse: func(files [][]byte) (*meter.Trace, error) {
			if len(files[0]) == 0 {
				first, _, _ := strings.Cut(strings.TrimSpace(string(files[1])), "\n")
				return nil, fmt.Errorf("perfetto: %w: the phone wrote no trace (%.120s)", meter.ErrGap, first)
			}
			return Parse(files[0])
		},
	}
}
