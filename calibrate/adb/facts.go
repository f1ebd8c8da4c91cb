package adb

import (
	"bufio"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Facts are what a device says it is. What it does not say is empty.
type Facts struct {
	Props    map[string]string
	Parts    []string  // of each core, "implementer/part" in hexadecimal as /proc/cpuinfo has them: 0x41/0xd05
	MaxMHz   []float64 // of each core
	MemoryMB int64
}

// Clusters writes the cores as 4x1800+2x2400+1x2850, slowest first; "" when clocks are not told.
func (f Facts) Clusters() string {
	count := map[float64]int{}
	for _, c := range f.MaxMHz {
		count[c]++
	}
	var clocks []float64
	for c := range count {
		clocks = append(clocks, c)
	}
	slices.Sort(clocks)
	var parts []string
	for _, c := range clocks {
		parts = append(parts, fmt.Sprintf("%dx%.0f", count[c], c))
	}
	return strings.Join(parts, "+")
}

// State is what a device is doing. What it does not say is nil or "".
type State struct {
	Temperature   map[string]float64 // degrees Celsius by sensor, from the HAL
	ThermalStatus *int               // 0 none to 6 shutdown
	BatteryC      *float64
	BatteryLevel  *float64 // percent
	VoltageMV     *float64
	Charging      *bool
	ClocksMHz     []float64 // of each core, now
	Governors     []string  // of each core: clusters have their own
	LoadPerCore   *float64  // runnable processes per core, last minute
	Awake         string    // Awake, Asleep, Dozing
	Airplane      *bool
}

// mark starts a section of the answer to one shell command that asks for all.
const mark = "==gaugenn=="

func sections(commands [][2]string) string {
	var b strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&b, "echo; echo %s%s; %s 2>/dev/null; ", mark, c[0], c[1])
	}
	return b.String() + "true"
}

var factCommands = [][2]string{
	{"getprop", "getprop"}, {"cpuinfo", "cat /proc/cpuinfo"}, {"meminfo", "cat /proc/meminfo"},
	{"max", "cat /sys/devices/system/cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq"},
}

var stateCommands = [][2]string{
	{"battery", "dumpsys battery"}, {"thermal", "dumpsys thermalservice"}, {"cur", "cat /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq"},
	{"governor", "cat /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"}, {"load", "cat /proc/loadavg"}, {"cores", "nproc"},
	{"power", "dumpsys power | grep mWakefulness="}, {"airplane", "settings get global airplane_mode_on"},
}

// Facts asks the device what it is.
func (c Client) Facts(ctx context.Context) (Facts, error) {
	out, err := c.Shell(ctx, sections(factCommands), 0)
	if err != nil {
		return Facts{}, err
	}
	return ParseFacts(string(out.Stdout)), nil
}

// State asks the device what it is doing.
func (c Client) State(ctx context.Context) (State, error) {
	out, err := c.Shell(ctx, sections(stateCommands), 0)
	if err != nil {
		return State{}, err
	}
	return ParseState(string(out.Stdout)), nil
}

// split returns the sections of an answer by name.
func split(text string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(text, mark)[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		out[strings.TrimSpace(name)] = rest
	}
	return out
}

var prop = regexp.MustCompile(`^\[([^\]]+)\]: \[(.*)\]$`)

// ParseFacts reads the answer to the command of Facts. Lines that it does not know are left out.
func ParseFacts(text string) Facts {
	s := split(text)
	f := Facts{Props: map[string]string{}, MaxMHz: megahertz(s["max"])}
	for line := range strings.Lines(s["getprop"]) {
		if m := prop.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			f.Props[m[1]] = m[2]
		}
	}
	implementer := ""
	for line := range strings.Lines(s["cpuinfo"]) {
		k, v, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(k) {
		case "CPU implementer":
			implementer = strings.TrimSpace(v)
		case "CPU part":
			f.Parts = append(f.Parts, implementer+"/"+strings.TrimSpace(v))
		}
	}
	for line := range strings.Lines(s["meminfo"]) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			if kb, err := strconv.ParseInt(strings.Fields(rest + " 0")[0], 10, 64); err == nil {
				f.MemoryMB = kb >> 10
			}
		}
	}
	return f
}

// ParseState reads the answer to the command of State.
func ParseState(text string) State {
	s := split(text)
	st := State{ClocksMHz: megahertz(s["cur"]), Governors: strings.Fields(s["governor"])}
	st.battery(s["battery"])
	st.thermal(s["thermal"])
	if load, ok := number(firstField(s["load"])); ok {
		if n, ok := number(firstField(s["cores"])); ok && n > 0 {
			load /= n
			st.LoadPerCore = &load
		}
	}
	if _, v, ok := strings.Cut(s["power"], "mWakefulness="); ok {
		st.Awake = firstField(v)
	}
	if v := firstField(s["airplane"]); v == "0" || v == "1" {
		on := v == "1"
		st.Airplane = &on
	}
	return st
}

// battery reads dumpsys battery: voltage in mV, temperature in tenths of a degree, status 2 charging, 3 discharging, 4 not charging, 5 full.
func (st *State) battery(text string) {
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(line, ":")
		x, ok := number(strings.TrimSpace(v))
		if !ok {
			continue
		}
		switch strings.TrimSpace(k) {
		case "temperature":
			x /= 10
			st.BatteryC = &x
		case "level":
			st.BatteryLevel = &x
		case "voltage":
			st.VoltageMV = &x
		case "status":
			if x == 2 || x == 3 || x == 4 || x == 5 {
				on := x == 2 || x == 5
				st.Charging = &on
			}
		}
	}
}

var sensor = regexp.MustCompile(`^\s*Temperature\{mValue=(-?[0-9.]+), mType=(-?[0-9]+), mName=([^,}]+), mStatus=[0-9]+\}`)

// thermal reads dumpsys thermalservice: the block after "Current temperatures from HAL:" only, since cached ones are old.
func (st *State) thermal(text string) {
	in := false
	sc := bufio.NewScanner(strings.NewReader(text))
	for sc.Scan() {
		line := sc.Text()
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "Thermal Status:"); ok {
			if v, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil {
				st.ThermalStatus = &v
			}
		}
		if strings.HasPrefix(strings.TrimSpace(line), "Current temperatures from HAL:") {
			in = true
			continue
		}
		if !in {
			continue
		}
		m := sensor.FindStringSubmatch(line)
		if m == nil {
			in = false
			continue
		}
		if v, ok := number(m[1]); ok && v > -50 && v < 150 {
			if st.Temperature == nil {
				st.Temperature = map[string]float64{}
			}
			st.Temperature[m[3]] = v
		}
	}
}

// megahertz reads one clock in kHz a line.
func megahertz(text string) []float64 {
	var out []float64
	for _, f := range strings.Fields(text) {
		if v, ok := number(f); ok && v > 0 {
			out = append(out, v/1000)
		}
	}
	return out
}

func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil && v == v && v < 1e15 && v > -1e15
}

func firstField(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return ""
}
