package main

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/calibrate/plan"
	"github.com/gaugenn/gaugenn/calibrate/probe"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

// addProbes makes the probes that were asked for in a folder beside the plan, and takes their time from the budget.
func addProbes(o sampleOptions, machines []*simulate.Machine, opt *plan.Options) ([]plan.Choice, error) {
	if o.probes <= 0 {
		return nil, nil
	}
	paths, err := probe.Write(strings.TrimSuffix(o.out, filepath.Ext(o.out))+".probes", o.probes)
	if err != nil {
		return nil, err
	}
	var out []plan.Choice
	for _, path := range paths {
		c, err := candidateOf(path, formatsOfRuntime[o.runtime])
		if err != nil {
			return nil, err
		}
		ms := slowest(machines, c.Net)
		if ms <= 0 {
			ms = additive.Nominal(additive.Terms(c.Net))
		}
		cost := opt.Setup.Seconds() + max(30*ms/1000, opt.MinRun.Seconds())
		if opt.Budget > 0 {
			if opt.Budget.Seconds() < cost {
				break
			}
			opt.Budget = max(opt.Budget-time.Duration(cost*float64(time.Second)), 1) // 0 would be no limit
		}
		out = append(out, plan.Choice{ID: c.ID, Name: c.Name, Path: c.Path, Format: c.Format, LatencyMS: ms, CostS: cost,
			Reason: "a probe: its operators' own times price kernels of every kind and size"})
	}
	return out, nil
}

// withProbes puts probes before the models of a plan.
func withProbes(p *plan.Plan, probes []plan.Choice, opt plan.Options) {
	if len(probes) == 0 {
		return
	}
	p.Models = append(probes, p.Models...)
	p.BudgetS = 0
	if opt.Budget > 0 {
		p.BudgetS = opt.Budget.Seconds()
	}
	for i := range p.Models {
		p.Models[i].Step = i + 1
		if i < len(probes) {
			p.CostS += probes[i].CostS
			p.BudgetS += pick(opt.Budget > 0, probes[i].CostS)
		}
	}
}

func pick(cond bool, v float64) float64 {
	if cond {
		return v
	}
	return 0
}
