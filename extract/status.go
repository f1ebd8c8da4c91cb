package extract

import (
	"errors"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Status is the verdict on a candidate.
type Status string

// The statuses of a finding. Every finding that is not Parsed has a reason.
const (
	// Parsed: a format read it whole.
	Parsed Status = "parsed"
	// Partial: a format read it, but lost operators, shapes or weights.
	Partial Status = "partial"
	// Opaque: a compiled model whose operators cannot be seen.
	Opaque Status = "opaque"
	// PartOf: weights or another half of a model whose main file is elsewhere.
	PartOf Status = "part_of"
	// NotAModel: called like a model, but its content is not one.
	NotAModel Status = "not_a_model"
	// Encrypted: encrypted or scrambled; the reason says by which sign.
	Encrypted Status = "encrypted"
	// Truncated: the file ends too early.
	Truncated Status = "truncated"
	// Unsupported: recognised, but this version or method is not read.
	Unsupported Status = "unsupported"
	// Malformed: the bytes contradict themselves.
	Malformed Status = "malformed"
	// Limit: reading on would have passed a limit of memory, depth or time.
	Limit Status = "limit"
)

// Statuses lists all statuses in a fixed order.
func Statuses() []Status {
	return []Status{Parsed, Partial, Opaque, PartOf, NotAModel, Encrypted, Truncated, Unsupported, Malformed, Limit}
}

// IsModel reports whether the status says that a model was read.
func (s Status) IsModel() bool { return s == Parsed || s == Partial || s == Opaque }

// statusOf turns the error of a format or container into a status.
func statusOf(err error) Status {
	for _, k := range []struct {
		err    error
		status Status
	}{
		{format.ErrTruncated, Truncated}, {container.ErrTruncated, Truncated},
		{format.ErrEncrypted, Encrypted}, {container.ErrEncrypted, Encrypted},
		{format.ErrUnsupported, Unsupported}, {container.ErrUnsupported, Unsupported},
		{format.ErrLimit, Limit}, {container.ErrLimit, Limit},
		{format.ErrPart, PartOf}, {format.ErrNotModel, NotAModel},
		{format.ErrNotFound, Truncated},
	} {
		if errors.Is(err, k.err) {
			return k.status
		}
	}
	return Malformed
}

// modelStatus is the status of a model that parsed.
func modelStatus(m *graph.Model) (Status, string) {
	reason := ""
	for _, n := range m.Notes {
		if n.Loses {
			reason = n.Text
			break
		}
	}
	if len(m.Opaque) > 0 {
		o := m.Opaque[0]
		if reason == "" {
			reason = o.Kind + " in " + o.Where + " cannot be looked into"
		}
		if !hasKnownNode(m) {
			return Opaque, reason
		}
		return Partial, reason
	}
	if m.IsPartial() {
		return Partial, reason
	}
	return Parsed, ""
}

// hasKnownNode reports whether there is an operator beside the compiled ones.
func hasKnownNode(m *graph.Model) bool {
	for _, g := range m.Graphs {
		for i := range g.Nodes {
			if op := g.Nodes[i].Op; op != graph.Unknown && op != graph.OpaqueOp {
				return true
			}
		}
	}
	return false
}
