package main

import (
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
	"github.com/gaugenn/gaugenn/graph/op"
)

// bindPolicy reads --bind flags: NAME=VALUE, where NAME is a symbol of the
// file, an axis of an input ("ids:1") or a role ("height").
func bindPolicy(flags []string) (bind.Policy, error) {
	p := bind.Policy{Explicit: map[string]int64{}}
	for _, s := range flags {
		name, value, ok := strings.Cut(s, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		if !ok || name == "" || err != nil || n < 0 {
			return p, usagef("--bind %q: want NAME=SIZE, such as batch=1 or height=320", s)
		}
		p.Explicit[name] = n
	}
	return p, nil
}

// boundModel is a model with its free dimensions bound, and what was chosen.
type boundModel struct {
	model *graph.Model
	// text lists the choices, "" if no dimension was free; free says that
	// some dimension was left unbound; explicit are the names that stated sizes
	// could have been given by.
	text     string
	free     bool
	explicit []string
	// assumed are the roles whose sizes were assumed.
	assumed map[bind.Role]bool
}

func bindModel(m *graph.Model, p bind.Policy) boundModel {
	model, made := bind.Bind(m, p)
	var parts []string
	out := boundModel{model: model, assumed: map[bind.Role]bool{}}
	for _, b := range made {
		if b.Why == bind.Assumed {
			out.assumed[b.Role] = true
		}
		parts = append(parts, b.String())
		out.free = out.free || b.Why == bind.Unbound
		if b.Why == bind.Explicit {
			out.explicit = append(out.explicit, b.Input+":"+strconv.Itoa(b.Axis), string(b.Role))
			for term := range strings.SplitSeq(b.Symbol, "+") {
				out.explicit = append(out.explicit, strings.TrimSpace(term))
			}
		}
	}
	out.text = strings.Join(parts, "; ")
	return out
}

// sizedModel is a model at sizes that were assumed, shaped and costed.
type sizedModel struct {
	boundModel
	costs  [][]graph.Cost
	totals op.Totals
	known  bool // what macsKnown says
}

// customary returns a model at customary sizes. Where a network does not fit images of
// those, as a recogniser of lines of text does not, it takes the first others at which
// its cost is known.
func customary(m *graph.Model, p bind.Policy) sizedModel {
	at := func(sizes map[bind.Role]int64) (s sizedModel) {
		p.Assume = sizes
		s.boundModel = bindModel(m, p)
		s.model, _ = op.Infer(s.model)
		s.costs = op.Costs(s.model)
		s.totals = op.Total(s.model, s.costs)
		s.known = macsKnown(s.model, s.costs, s.totals)
		return s
	}
	sizes := bind.Customary()
	first := at(sizes)
	if first.known || !first.assumed[bind.RoleHeight] && !first.assumed[bind.RoleWidth] {
		return first
	}
	for _, hw := range bind.ImageSizes() {
		sizes[bind.RoleHeight], sizes[bind.RoleWidth] = hw[0], hw[1]
		if s := at(sizes); s.known {
			return s
		}
	}
	return first
}
