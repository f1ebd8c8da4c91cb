//go:build linux

package adbtest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Power is a made-up power supply whose meters show real work: the device draws IdleW, and CoreW for each thread of its shells' processes that runs or
// waits for a core, as if it had one for each. It feeds the power monitors and the battery's gauge of the tree, and the trace
// that the tree's perfetto writes.
type Power struct {
	IdleW, CoreW float64
	Step         time.Duration // of the meters; 0 is 50 ms
	Charging     bool          // the battery is charged: the current has the other sign

	mu      sync.Mutex
	root    string
	shells  map[int]bool // processes that a client started
	lastNS  int64
	uj      [2]float64 // counters: of the cores, of the rest
	history []sample
	stop    chan struct{}
	done    chan struct{}
}

// sample is one moment of the counters.
type sample struct {
	ns int64
	uj [2]float64
	w  float64
}

const milliVolts = 4000

// start writes the meters' files and keeps them moving.
func (p *Power) start(root string) error {
	if p.Step <= 0 {
		p.Step = 50 * time.Millisecond
	}
	p.root, p.shells, p.stop, p.done = root, map[int]bool{}, make(chan struct{}), make(chan struct{})
	p.lastNS = sinceBoot()
	for name, text := range map[string]string{
		"sys/bus/iio/devices/iio:device0/enabled_rails": "CH0[S2M_VDD_CPUCL2]:CPU(BIG)\nCH1[VSYS_PWR_REST]:Rest\n",
		"system/bin/perfetto":                           perfettoScript,
		"data/misc/perfetto-traces/.keep":               "",
	} {
		if err := write(root, name, text); err != nil {
			return err
		}
	}
	if p.Charging {
		if err := write(root, ".battery", strings.Replace(battery, "status: 3", "status: 2", 1)); err != nil {
			return err
		}
	}
	if err := p.tick(); err != nil {
		return err
	}
	go func() {
		defer close(p.done)
		t := time.NewTicker(p.Step)
		defer t.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-t.C:
				_ = p.tick() // the tree may be on its way out
			}
		}
	}()
	return nil
}

func (p *Power) close() {
	close(p.stop)
	<-p.done
}

// began makes a process and those below it draw power; ended takes it off.
func (p *Power) began(pid int) { p.mu.Lock(); p.shells[pid] = true; p.mu.Unlock() }
func (p *Power) ended(pid int) { p.mu.Lock(); delete(p.shells, pid); p.mu.Unlock() }

// tick moves the counters on and writes the files.
func (p *Power) tick() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := sinceBoot()
	seconds := float64(now-p.lastNS) / 1e9
	if seconds <= 0 {
		return nil
	}
	p.lastNS = now
	cores := p.CoreW * p.running()
	watts := p.IdleW + cores
	p.uj[0] += cores * seconds * 1e6
	p.uj[1] += p.IdleW * seconds * 1e6
	p.history = append(p.history, sample{now, p.uj, watts})
	ms := now / 1e6
	status, sign := "Discharging", -1.0
	if p.Charging {
		status, sign = "Charging", 1
	}
	for name, text := range map[string]string{
		"sys/bus/iio/devices/iio:device0/energy_value": fmt.Sprintf("t=%d\nCH0(T=%d)[S2M_VDD_CPUCL2], %.0f\nCH1(T=%d)[VSYS_PWR_REST], %.0f\n", ms, ms, p.uj[0], ms, p.uj[1]),
		"sys/class/power_supply/battery/current_now":   fmt.Sprintf("%.0f\n", sign*p.recent()/milliVolts*1e9),
		"sys/class/power_supply/battery/voltage_now":   fmt.Sprintf("%d000\n", milliVolts),
		"sys/class/power_supply/battery/status":        status + "\n",
	} {
		if err := write(p.root, name, text); err != nil {
			return err
		}
	}
	p.perfetto()
	return nil
}

// recent is the mean power of the last half second, as gauges average.
func (p *Power) recent() float64 {
	last := p.history[len(p.history)-1]
	for i := len(p.history) - 2; i >= 0; i-- {
		if s := p.history[i]; i == 0 || last.ns-s.ns >= 5e8 {
			return (last.uj[0] + last.uj[1] - s.uj[0] - s.uj[1]) * 1000 / float64(last.ns-s.ns)
		}
	}
	return last.w
}

// Drawn returns the joules that the device drew between two moments of its boot time: what a meter without faults tells.
func (p *Power) Drawn(fromNS, toNS int64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	upTo := func(ns int64) float64 {
		i := sort.Search(len(p.history)-1, func(i int) bool { return p.history[i].ns >= ns })
		s := p.history[i]
		return (s.uj[0]+s.uj[1])/1e6 - s.w*float64(s.ns-ns)/1e9
	}
	return upTo(toNS) - upTo(fromNS)
}

// Stood returns the longest time for which the supply could not look at its load: long where the whole machine, or this process, was stopped.
func (p *Power) Stood() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	longest := int64(0)
	for i := 1; i < len(p.history); i++ {
		longest = max(longest, p.history[i].ns-p.history[i-1].ns)
	}
	return time.Duration(longest)
}

// running returns how many threads of the shells' processes want a core at this moment.
func (p *Power) running() float64 {
	if len(p.shells) == 0 {
		return 0
	}
	parents := map[int]int{}
	for _, name := range numbers("/proc") {
		if f := stat("/proc/" + name); len(f) > 1 {
			pid, err := strconv.Atoi(name)
			parent, err2 := strconv.Atoi(f[1])
			if err == nil && err2 == nil {
				parents[pid] = parent
			}
		}
	}
	n := 0.0
	for pid := range parents {
		ours := false
		for at, up := pid, 0; at > 1 && up < 32 && !ours; at, up = parents[at], up+1 {
			ours = p.shells[at]
		}
		if !ours {
			continue
		}
		tasks := fmt.Sprintf("/proc/%d/task", pid)
		for _, task := range numbers(tasks) {
			if f := stat(tasks + "/" + task); len(f) > 0 && f[0] == "R" {
				n++
			}
		}
	}
	return n
}

// numbers are the entries of a folder of /proc whose names are numbers.
func numbers(dir string) (out []string) {
	list, _ := os.ReadDir(dir) // a process may have ended
	for _, e := range list {
		if _, err := strconv.Atoi(e.Name()); err == nil {
			out = append(out, e.Name())
		}
	}
	return out
}

// stat returns the fields after the name: state, parent, ...
func stat(dir string) []string {
	b, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
}

// MonsoonCSV returns what a monitor in the battery's place would have written, on a clock that began with the device's.
func (p *Power) MonsoonCSV() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	b.WriteString("Time(ms),Main(mA),Main Voltage(V),\n")
	for i, s := range p.history {
		if i > 0 { // the mean since the moment before, held over that time
			fmt.Fprintf(&b, "%.3f,%.4f,%.3f,\n", float64(p.history[i-1].ns-p.history[0].ns)/1e6+0.001, s.w/milliVolts*1e6, float64(milliVolts)/1000)
			fmt.Fprintf(&b, "%.3f,%.4f,%.3f,\n", float64(s.ns-p.history[0].ns)/1e6, s.w/milliVolts*1e6, float64(milliVolts)/1000)
		}
	}
	return []byte(b.String())
}

// perfettoScript stands for the phone's own Perfetto: it keeps the configuration, says its number, and asks for the trace when it is told to
// end.
const perfettoScript = `#!/bin/sh
while [ $# -gt 0 ]; do case "$1" in -o) out="$2"; shift ;; esac; shift; done
config=$(cat)
case "$config" in *collect_power_rails:\ true*) ;; *) echo "no power rails are asked for" >&2; exit 1 ;; esac
read up rest </proc/uptime
(
	trap 'end=1' TERM
	while [ -z "$end" ]; do sleep 0.05; done
	echo "$up $out" >/.trace.part && mv /.trace.part /.trace
	while [ ! -e "$out" ]; do sleep 0.02; done
) </dev/null >/dev/null 2>&1 &
echo $!
`

// perfetto writes the trace that the script asks for: descriptors of the rails, and their counters since the script began.
func (p *Power) perfetto() {
	request, err := os.ReadFile(filepath.Join(p.root, ".trace"))
	if err != nil {
		return
	}
	os.Remove(filepath.Join(p.root, ".trace"))
	up, out, _ := strings.Cut(strings.TrimSpace(string(request)), " ")
	from, err := strconv.ParseFloat(up, 64)
	if err != nil || !strings.HasPrefix(out, "/data/misc/perfetto-traces/") {
		return
	}
	var trace []byte
	packet := func(rails []byte) { trace = field(trace, 1, field(nil, 40, rails)) }
	for i, name := range []string{"S2M_VDD_CPUCL2", "VSYS_PWR_REST"} {
		packet(field(nil, 1, field(field(number(nil, 1, uint64(i)), 2, []byte(name)), 3, []byte("cpu"))))
	}
	for _, s := range p.history {
		if float64(s.ns) < from*1e9 {
			continue
		}
		var rails []byte
		for i, uj := range s.uj {
			rails = field(rails, 2, number(number(number(nil, 1, uint64(i)), 2, uint64(s.ns/1e6)), 3, uint64(uj)))
		}
		packet(rails)
	}
	_ = write(p.root, out, string(trace)) // the tree may be on its way out
}

// field appends a field of bytes, number one of a whole number, as protobuf writes them.
func field(b []byte, id uint64, content []byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(b, id<<3|2), uint64(len(content))), content...)
}

func number(b []byte, id, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, id<<3), v)
}

// write puts a file into the tree in one step, so that nobody reads half of it.
func write(root, name, text string) error {
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o755); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// sinceBoot is the time since boot in nanoseconds, to ten milliseconds: what /proc/uptime says, which the shells see too.
func sinceBoot() int64 {
	b, err := os.ReadFile("/proc/uptime")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	s, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return int64(s * 1e9)
}
