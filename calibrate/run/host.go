package run

import (
	"context"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
)

// Device is where jobs run. Both this host and a phone behind adb are one.
type Device interface {
	// Facts says what the device is.
	Facts(ctx context.Context) (Facts, error)
	// State says what it is doing now; what it does not tell is nil.
	State(ctx context.Context) State
	// Run runs a job. Whatever goes wrong is in the outcome.
	Run(ctx context.Context, job Job) Outcome
}

// Host is this machine. Root is where its files start, "" for /.
type Host struct {
	Child   Child
	Library string // path of LiteRT's library
	Root    string
}

// Run runs a job in a child process.
func (h Host) Run(ctx context.Context, job Job) Outcome {
	return h.Child.Run(ctx, Request{Job: job, Library: h.Library})
}

// Facts reads /proc and /sys; what is not there stays empty.
func (h Host) Facts(context.Context) (Facts, error) {
	f := Facts{ID: "host", Name: "host", ABI: goruntime.GOARCH, Cores: goruntime.NumCPU()}
	for line := range strings.Lines(h.read("proc/cpuinfo")) {
		k, v, _ := strings.Cut(line, ":")
		if strings.TrimSpace(k) == "model name" {
			f.CPU = strings.TrimSpace(v)
			break
		}
	}
	for line := range strings.Lines(h.read("proc/meminfo")) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			if kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64); err == nil {
				f.MemoryMB = kb >> 10
			}
		}
	}
	if f.CPU != "" {
		f.Name = f.CPU
	}
	return f, nil
}

// State reads load, clocks, governor and the hottest thermal zone.
func (h Host) State(context.Context) State {
	var s State
	if v, err := strconv.ParseFloat(first(h.read("proc/loadavg")), 64); err == nil {
		v /= float64(goruntime.NumCPU())
		s.Load = &v
	}
	for _, p := range h.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq") {
		if khz, err := strconv.ParseFloat(first(readText(p)), 64); err == nil {
			s.ClocksMHz = append(s.ClocksMHz, khz/1000)
		}
	}
	for _, p := range h.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor") {
		if g := first(readText(p)); g != "" {
			s.Governors = append(s.Governors, g)
		}
	}
	for _, p := range h.glob("sys/class/thermal/thermal_zone*/temp") {
		if m, err := strconv.ParseFloat(first(readText(p)), 64); err == nil && m > 0 && m < 150000 {
			if c := m / 1000; s.TemperatureC == nil || c > *s.TemperatureC {
				s.TemperatureC = &c
			}
		}
	}
	return s
}

func (h Host) read(path string) string { return readText(filepath.Join("/", h.Root, path)) }

func (h Host) glob(pattern string) []string {
	found, err := filepath.Glob(filepath.Join("/", h.Root, pattern))
	if err != nil {
		return nil
	}
	slices.Sort(found)
	return found
}

func readText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

func first(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}
