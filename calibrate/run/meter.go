package run

import (
	"context"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/adb"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Meter records a phone's power around a run, by commands of the phone's own shell in a working folder. One shell does it all, so that every
// moment is on the phone's clock: it starts the meter, leaves the phone alone for Idle, runs the program, leaves it alone again and stops the
// meter.
type Meter struct {
	Name string
	// Start returns the command that begins to record and returns at once; what it starts ends by itself after the limit.
	Start func(limit time.Duration) string
	Stop  string   // ends the recording
	Files []string // what was recorded: names in the working folder, or paths elsewhere on the phone
	// Idle is how long the phone is left alone before and after the program, for the level that is subtracted; 0 is 5 s.
	Idle time.Duration
	// Price turns what was recorded into the energy of one inference; nil leaves that to a later step (a meter outside the phone).
	Price func(files [][]byte, s Span) (Energy, error)
}

// Span is when a metered run did what, in nanoseconds of the phone's boot time.
type Span struct {
	FromNS  int64 `json:"from_ns"`  // the meter was on and the phone was left alone
	BeginNS int64 `json:"begin_ns"` // the program was started
	EndNS   int64 `json:"end_ns"`   // it had ended
	ToNS    int64 `json:"to_ns"`    // the phone had been left alone again
	// The mark: a stretch in which inferences ran back to back, and how many.
	MarkFromNS int64 `json:"mark_from_ns"`
	MarkToNS   int64 `json:"mark_to_ns"`
	Inferences int   `json:"inferences"`
	Charging   *bool `json:"charging,omitempty"` // nil not known
}

// Energy is what a meter says of a run. With a reason it says nothing, and the numbers are 0.
type Energy struct {
	Meter    string       `json:"meter"`
	Reason   string       `json:"reason,omitempty"` // why there is no energy
	EnergyMJ float64      `json:"energy_mj"`        // of one inference, above idle
	SigmaMJ  float64      `json:"sigma_mj"`         // one standard deviation
	LoMJ     float64      `json:"energy_lo_mj"`     // 90 % range
	HiMJ     float64      `json:"energy_hi_mj"`
	PowerW   float64      `json:"power_w"` // mean while inferences ran, above idle
	IdleW    float64      `json:"idle_w"`  // what was subtracted: the phone left alone, its screen as it was
	Coarse   bool         `json:"coarse,omitempty"`
	Rails    []RailEnergy `json:"rails,omitempty"`
	Notes    []string     `json:"notes,omitempty"`
	Span     Span         `json:"span"`
	Files    []string     `json:"files,omitempty"` // what was recorded, beside the file of runs
}

// RailEnergy is one rail's part.
type RailEnergy struct {
	Name     string  `json:"name"`
	EnergyMJ float64 `json:"energy_mj"`
	IdleW    float64 `json:"idle_w"`
}

// Known reports whether there is an energy.
func (e *Energy) Known() bool { return e != nil && e.Reason == "" && e.EnergyMJ > 0 }

// meterDir is the working folder of a meter on the phone.
const meterDir = adb.Dir + "/meter"

// idle returns the time that the phone is left alone on either side.
func (m *Meter) idle() time.Duration {
	if m.Idle > 0 {
		return m.Idle
	}
	return 5 * time.Second
}

// wrap puts the meter around a command that runs for at most limit.
func (m *Meter) wrap(command string, limit time.Duration) string {
	stamp := func(word string) string {
		return fmt.Sprintf("read up rest </proc/uptime; echo %s $up >>marks; ", word)
	}
	idle := fmt.Sprintf("sleep %.2f; ", m.idle().Seconds())
	return fmt.Sprintf("rm -rf %[1]s; mkdir -p %[1]s && cd %[1]s || exit 1; ", meterDir) + m.Start(limit+2*m.idle()+30*time.Second) + "\n" + stamp("from") + idle + stamp("begin") +
		"( " + command + " ); code=$?; " + stamp("end") + idle + stamp("to") + m.Stop + "\nexit $code"
}

// charging is the answer for a metered run on a phone that charges.
func charging() Outcome {
	return Outcome{Answer: Answer{Status: Charging, Reason: "the phone charges, and then its energy cannot be told: take the cable off and use adb over Wi-Fi"}}
}

// energy fetches what the meter recorded, takes it off the phone and prices it. It never fails: an energy that cannot be told has a reason.
func (p *Phone) energy(ctx context.Context, job Job, res *runtime.Result) *Energy {
	e := &Energy{Meter: p.Meter.Name}
	said, err := p.Client.Shell(ctx, "cat "+meterDir+"/marks", 0)
	if err != nil {
		e.Reason = err.Error()
		return e
	}
	files := p.fetch(ctx, job, e)
	marks, err := parseMarks(string(said.Stdout))
	if err == nil {
		marks.Charging = p.charging
		err = marks.mark(res)
	}
	e.Span = marks
	if err == nil && p.Meter.Price != nil {
		var priced Energy
		priced, err = p.Meter.Price(files, marks)
		if err == nil {
			priced.Meter, priced.Span, priced.Files = e.Meter, e.Span, e.Files
			e = &priced
		}
	}
	if err != nil {
		e.Reason = err.Error()
	} else if p.Meter.Price == nil {
		e.Reason = NotPriced
	}
	return e
}

// NotPriced is the reason of an energy whose meter is read later.
const NotPriced = "the meter's file was not read yet"

// maxTrace bounds a file of a meter.
const maxTrace = 1 << 30

// fetch pulls the meter's files, keeps them beside the runs and takes them off the phone.
func (p *Phone) fetch(ctx context.Context, job Job, e *Energy) [][]byte {
	dir, keep := p.Traces, true
	if dir == "" {
		tmp, err := os.MkdirTemp("", "gaugenn-meter")
		if err != nil {
			e.Notes = append(e.Notes, err.Error())
			return make([][]byte, len(p.Meter.Files))
		}
		defer os.RemoveAll(tmp)
		dir, keep = tmp, false
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		e.Notes = append(e.Notes, err.Error())
	}
	var out [][]byte
	remove := "rm -rf " + meterDir
	for _, f := range p.Meter.Files {
		remote := f
		if !path.IsAbs(f) {
			remote = meterDir + "/" + f
		} else {
			remove += " " + adb.Quote(f)
		}
		local := filepath.Join(dir, job.Key(p.id)+"."+path.Base(f))
		if err := p.Client.Pull(ctx, remote, local, time.Minute); err != nil {
			out = append(out, nil)
			continue
		}
		b, err := readBounded(local)
		if err != nil {
			e.Notes = append(e.Notes, err.Error())
		} else if keep {
			e.Files = append(e.Files, filepath.Base(local))
		}
		out = append(out, b)
	}
	if _, err := p.Client.Shell(context.WithoutCancel(ctx), remove, 0); err != nil {
		e.Notes = append(e.Notes, err.Error())
	}
	return out
}

func readBounded(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > maxTrace {
		return nil, fmt.Errorf("%s: %d bytes are more than a meter writes", path, st.Size())
	}
	return os.ReadFile(path)
}

// parseMarks reads the four moments that the shell wrote: a word and seconds since boot.
func parseMarks(text string) (Span, error) {
	var s Span
	at := map[string]*int64{"from": &s.FromNS, "begin": &s.BeginNS, "end": &s.EndNS, "to": &s.ToNS}
	for line := range strings.Lines(text) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		v, err := strconv.ParseFloat(rest, 64)
		if p := at[word]; p != nil && err == nil && v > 0 && v < 1e9 {
			*p = int64(math.Round(v*100)) * 1e7
		}
	}
	if s.FromNS <= 0 || s.BeginNS < s.FromNS || s.EndNS < s.BeginNS || s.ToNS < s.EndNS {
		return s, fmt.Errorf("the meter's moments are not whole: %.120q", text)
	}
	return s, nil
}

// mark finds a stretch that held nothing but timed inferences. A runtime that tells when they began and ended is believed. Of another only the
// length T of the timed part is known: it began after loading (begin + init) and before end - T, so whatever else the program did, timed
// inferences filled the time from end - T to begin + init + T.
func (s *Span) mark(res *runtime.Result) error {
	n, totalMS := timedRuns(res)
	if n == 0 {
		return fmt.Errorf("the runtime does not say how many inferences it timed")
	}
	from, to := res.TimedFromNS, res.TimedToNS
	if from > 0 && to > from {
		if from < s.BeginNS-clockStep || to > s.EndNS+clockStep {
			return fmt.Errorf("the runtime's clock is not the phone's: inferences from %d to %d ns, the program from %d to %d", from, to, s.BeginNS, s.EndNS)
		}
		s.MarkFromNS, s.MarkToNS, s.Inferences = from, to, max(n, res.TimedRuns)
		return nil
	}
	total, mean := int64(totalMS*1e6), totalMS*1e6/float64(n)
	from, to = max(s.EndNS-total, s.BeginNS), min(s.BeginNS+int64(res.InitMS*1e6)+total, s.EndNS)
	k := min(int(float64(to-from)/mean), n)
	if k < 1 {
		return fmt.Errorf("the timed inferences took %.0f ms of the program's %.0f, too few to tell when they ran; raise --min-time", totalMS, float64(s.EndNS-s.BeginNS)/1e6)
	}
	s.MarkFromNS, s.MarkToNS, s.Inferences = from, from+int64(float64(k)*mean), k
	return nil
}

// clockStep is the step of /proc/uptime.
const clockStep = 1e7

// timedRuns returns how many inferences were timed and how long they took together.
func timedRuns(res *runtime.Result) (n int, totalMS float64) {
	for _, v := range res.RepeatsMS {
		totalMS += v
	}
	if n = len(res.RepeatsMS); n == 0 && res.Summary != nil && res.Summary.MeanMS != nil {
		n = res.Summary.Count
		totalMS = float64(n) * *res.Summary.MeanMS
	}
	if !(totalMS > 0) {
		return 0, 0
	}
	return n, totalMS
}
