package main

import (
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
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
}

func bindModel(m *graph.Model, p bind.Policy) boundModel {
	model, made := bind.Bind(m, p)
	var parts []string
	out := boundModel{model: model}
	for _, b := range made {
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

// assume returns the policy that also assumes customary sizes.
func assume(p bind.Policy) bind.Policy {
	p.Assume = bind.Customary()
	return p
}
