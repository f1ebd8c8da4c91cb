package main

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/plan"
	"github.com/gaugenn/gaugenn/calibrate/probe"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

// addProbes makes the probes that were asked for in a folder beside the plan, and takes their time from the budget.
func addProbes(o sampleOptions, machines []*simulate.Machine, opt *plan.Options) ([]plan.Candidate, error) {
	if o.probes <= 0 {
		return nil, nil
	}
	paths, err := probe.Write(strings.TrimSuffix(o.out, filepath.Ext(o.out))+".probes", o.probes)
	if err != nil {
		return nil, err
	}
	var out []plan.Candidate
	for _, path := range paths {
		c, err := candidateOf(path, formatsOfRuntime[o.runtime])
		if err != nil {
			return nil, err
		}
		c.LatencyMS = expectedMS(machines, c.Net)
		if opt.Budget > 0 {
			cost := time.Duration(opt.Cost(c.LatencyMS) * float64(time.Second))
			if opt.Budget < cost {
				break
			}
			opt.Budget = max(opt.Budget-cost, 1) // 0 would be no limit
		}
		out = append(out, c)
	}
	return out, nil
}

// withProbes puts probes before the models of a plan.
func withProbes(p *plan.Plan, probes []plan.Candidate, opt plan.Options) {
	models := make([]plan.Choice, len(probes), len(probes)+len(p.Models))
	for i := range probes {
		models[i] = choiceOf(&probes[i], opt, "a probe: its operators' own times price kernels of every kind and size")
		p.CostS += models[i].CostS
	}
	p.Models = append(models, p.Models...)
	for i := range p.Models {
		p.Models[i].Step = i + 1
	}
}
