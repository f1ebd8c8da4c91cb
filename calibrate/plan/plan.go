// Package plan chooses which models to run on a device: a few, within a time budget, whose runs tell most about all the others. Each
// choice is the model whose run lowers the mean variance of the predicted latencies of all candidates most, given those chosen before it,
// per second that it costs (greedy I-optimal design under a prior: what a predictor fitted on other devices knows of the networks, where the
// caller has one, else that of calibrate/additive, the model that is fitted on the runs). The same rule,
// started from runs that are already there, names the next ones: those that the fit is least sure of, and that many others are like.
package plan

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// ErrNothing is returned when no candidate fits the budget.
var ErrNothing = errors.New("no model to run")

// Candidate is a model that could be run.
type Candidate struct {
	ID     string // SHA-256 of the model
	Name   string
	Path   string
	Format string
	Net    *feature.Network
	// LatencyMS is the predicted or simulated latency on the slowest of the devices; 0 takes the nominal one.
	LatencyMS float64
	// Inside says where the model's bytes are, when Path is no file of its own.
	Inside *Source
	// Absent marks a model whose file is not at hand: it counts among those to be predicted and is never chosen.
	Absent bool
}

// Source is a model inside another file, as a scan found it.
type Source struct {
	File   string   `json:"file"`             // file on disk
	Path   string   `json:"path,omitempty"`   // path in it, nested archives joined by !/; "" is the file itself
	Offset int64    `json:"offset,omitempty"` // of the model in what is at the path
	Length int64    `json:"length,omitempty"` // 0 up to its end
	SHA256 string   `json:"sha256"`           // of those bytes
	Parts  []string `json:"parts,omitempty"`  // paths of the companions that the model needs beside it
}

// Options says how to choose. The zero value has no limit but the number of distinct candidates.
type Options struct {
	Budget  time.Duration // for one device, set-up included; 0 none
	Models  int           // most models; 0 no limit
	Repeats int           // runs of each model, warm-up included; 0 is 30
	Setup   time.Duration // per model: push, load, cool down; 0 is 3 s
	MinRun  time.Duration // least time of each model's repeats, as the run is told
	Done    []Candidate   // models that were run before, which are not chosen again
	// Prior, unless nil, is what is known of the networks' latencies on the device before any run, as a fitted predictor of other devices
	// knows it: the covariance of their logarithms, row by row, and the variance of one run's noise. Where ok is false the prior of
	// calibrate/additive stands in.
	Prior func(nets []*feature.Network) (cov []float64, noise float64, ok bool)
}

// Choice is a model of a plan.
type Choice struct {
	Step      int     `json:"step"`
	ID        string  `json:"model_id"`
	Name      string  `json:"name"`
	Path      string  `json:"path"`
	Format    string  `json:"format"`
	Inside    *Source `json:"inside,omitempty"` // where its bytes are, when path is empty
	LatencyMS float64 `json:"expected_latency_ms"`
	CostS     float64 `json:"cost_s"`      // expected seconds of the whole run
	SD        float64 `json:"uncertainty"` // standard deviation of its relative error before this run
	Reason    string  `json:"reason"`      // one sentence
	Covers    string  `json:"covers"`      // the terms that take most of its time
}

// Plan is an ordered list of models to run. It is the file that calibrate run reads.
type Plan struct {
	Version int      `json:"version"`
	Devices []string `json:"devices"`
	Method  string   `json:"method"`
	BudgetS float64  `json:"budget_s,omitempty"`
	CostS   float64  `json:"cost_s"` // expected, of all choices, on the slowest device
	// DeviceCostS are the expected seconds on each of several devices.
	DeviceCostS map[string]float64 `json:"device_cost_s,omitempty"`
	Considered  int                `json:"considered"` // distinct candidates
	// MeanSDLeft is the standard deviation of relative errors that is expected after the plan: the root of the mean variance of all candidates.
	MeanSDLeft float64  `json:"uncertainty_left"`
	Models     []Choice `json:"models"`
}

// Version is the version of plan files.
const Version = 1

// worth is the least fall of the mean standard deviation of relative errors, over all candidates, for which a model is still run.
const worth = 0.0005

// maxPoints bounds how many distinct candidates are compared, since each is compared with each.
const maxPoints = 1500

// point is a candidate on its place in the design.
type point struct {
	c     *Candidate
	place additive.Place
	cost  float64 // seconds
	ms    float64
}

// Choose returns a plan. Candidates with the same ID, or whose kernels and sizes are the same, are one. The same candidates and options
// give the same plan whatever their order.
func Choose(candidates []Candidate, opt Options) (*Plan, error) {
	points := distinct(candidates, opt)
	d := newDesign(points, opt.Done, opt.Prior)
	p := &Plan{Version: Version, Method: method + d.prior, BudgetS: opt.Budget.Seconds(), Considered: len(points), MeanSDLeft: d.meanSD()}
	for opt.Models == 0 || len(p.Models) < opt.Models {
		best := next(d, points, opt.Budget.Seconds()-p.CostS, opt.Budget > 0)
		if best < 0 {
			break
		}
		c := points[best].choice(len(p.Models)+1, d, best)
		d.add(best)
		before, after := p.MeanSDLeft, d.meanSD()
		if before-after < worth && len(p.Models) > 0 {
			break
		}
		p.MeanSDLeft = after
		c.Reason = reason(c, before, after, len(opt.Done) == 0)
		p.CostS += c.CostS
		p.Models = append(p.Models, c)
		points[best].c = nil
	}
	if len(p.Models) == 0 {
		return nil, fmt.Errorf("%w: %d candidates, budget %s", ErrNothing, len(points), opt.Budget)
	}
	return p, nil
}

// method is the sentence that a plan says of itself.
const method = "greedy I-optimal: the run that lowers the mean variance of all candidates' latencies most, per second; prior of "

// next returns the candidate that gains most for its cost and fits what is left of the budget; -1 when none is left.
func next(d *design, points []point, left float64, limited bool) int {
	best, score := -1, 0.0
	for i := range points {
		q := &points[i]
		if q.c == nil || q.c.Absent || limited && q.cost > left {
			continue
		}
		// The square root keeps short runs from always winning: a long model is often the only one of its kind.
		if s := d.gain(i) / math.Sqrt(q.cost); s > score {
			best, score = i, s
		}
	}
	return best
}

func (q *point) choice(step int, d *design, i int) Choice {
	return Choice{Step: step, ID: q.c.ID, Name: q.c.Name, Path: q.c.Path, Inside: q.c.Inside, Format: q.c.Format, LatencyMS: q.ms, CostS: q.cost,
		SD: math.Sqrt(d.cov[i*d.n+i]), Covers: strings.Join(largest(q.place.Shares), ", ")}
}

// reason says in a sentence why a model was chosen.
func reason(c Choice, before, after float64, fresh bool) string {
	what := c.Covers
	if what == "" {
		what = "many small parts"
	}
	if c.Step == 1 && fresh {
		return fmt.Sprintf("most like all others: sets the device's own scale (mean uncertainty %.0f to %.0f %%); its time is %s", 100*before, 100*after, what)
	}
	return fmt.Sprintf("lowers the mean uncertainty from %.1f to %.1f %%, its own was %.0f %%; its time is %s", 100*before, 100*after, 100*c.SD, what)
}

// distinct makes points of candidates, in order of cost and then ID, without doubles and without those that were run.
func distinct(candidates []Candidate, opt Options) []point {
	seen := map[string]bool{}
	for i := range opt.Done {
		seen[opt.Done[i].ID] = true
	}
	var out []point
	for i := range candidates {
		c := &candidates[i]
		if c.Net == nil || len(c.Net.Layers) == 0 {
			continue
		}
		x := additive.Terms(c.Net)
		ms := c.LatencyMS
		if ms <= 0 {
			ms = additive.Nominal(x)
		}
		out = append(out, point{c: c, place: additive.PlaceOf(x), cost: opt.Cost(ms), ms: ms})
	}
	slices.SortStableFunc(out, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), compareBool(a.c.Absent, b.c.Absent), strings.Compare(a.c.ID, b.c.ID))
	})
	out = slices.DeleteFunc(out, func(q point) bool {
		shape := fmt.Sprintf("%.6g %.5g", q.ms, q.place.Shares)
		double := seen[q.c.ID] || seen[shape]
		seen[q.c.ID], seen[shape] = true, true
		return double
	})
	if n := len(out); n > maxPoints { // evenly over the range of cost
		for i := range maxPoints {
			out[i] = out[i*n/maxPoints]
		}
		out = out[:maxPoints]
	}
	return out
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	if a == b {
		return 0
	}
	return map[bool]int{false: -1, true: 1}[a]
}

// Cost returns the expected seconds of running a model that takes some milliseconds an inference.
func (o Options) Cost(ms float64) float64 {
	n, setup := o.Repeats, o.Setup
	if n <= 0 {
		n = 30
	}
	if setup <= 0 {
		setup = 3 * time.Second
	}
	return setup.Seconds() + max(float64(n)*ms/1000, o.MinRun.Seconds())
}

// largest names the terms that make up most of a model's nominal time, at most three.
func largest(shares []float64) []string {
	names := additive.Names()
	order := make([]int, len(shares))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(shares[b], shares[a]) })
	var out []string
	for _, i := range order[:3] {
		if shares[i] >= 0.05 {
			out = append(out, fmt.Sprintf("%s %.0f %%", names[i], 100*shares[i]))
		}
	}
	return out
}
