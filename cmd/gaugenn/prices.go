package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

// priceTable shows many models on a few phones: one row a model, one column a
// phone, latency with its interval, and a mark where no recorded run is behind
// it.
type priceTable struct {
	phones []device.Device
	models []*pricedRow
	byID   map[string]*pricedRow
	bases  map[estimate.Basis]int
	target device.Target
	// refused lists the models that get no answer on some phone, by reason; each once.
	reasons []string
	refused map[string][]string
}

type pricedRow struct {
	name, runtime string
	macs          float64
	cells         map[string]string // by phone
	reasons       []string          // why there is no answer
}

func newPriceTable(phones []device.Device) *priceTable {
	return &priceTable{phones: phones, byID: map[string]*pricedRow{}, bases: map[estimate.Basis]int{}, refused: map[string][]string{}}
}

func (p *priceTable) add(q *pricedModel, t device.Target, a estimate.Prediction) {
	p.target = t
	name := q.Name
	if name == "" {
		name = fmt.Sprintf("%s %.8s", q.format, q.id)
	}
	p.bases[a.Basis]++
	r := p.byID[q.id]
	if r == nil {
		r = &pricedRow{name: name, runtime: t.Runtime, cells: map[string]string{}}
		if q.Network != nil {
			r.macs = q.macs()
		}
		if !loads(t.Runtime, q.format) {
			r.runtime += " †"
		}
		if q.assumes() {
			r.runtime += " ‡"
		}
		p.byID[q.id] = r
		p.models = append(p.models, r)
	}
	switch {
	case a.Basis == estimate.Refused:
		r.cells[t.Device.Name] = "no answer"
		if slices.Contains(r.reasons, a.Reason) {
			return
		}
		r.reasons = append(r.reasons, a.Reason)
		if p.refused[a.Reason] == nil {
			p.reasons = append(p.reasons, a.Reason)
		}
		p.refused[a.Reason] = append(p.refused[a.Reason], name)
	case a.LatencyMS.Known:
		mark := " "
		if a.Basis == estimate.Simulated {
			mark = "*"
		}
		r.cells[t.Device.Name] = fmt.Sprintf("%s (%s – %s)%s", digits(a.LatencyMS.Value, 2), digits(a.LatencyMS.Lo, 2), digits(a.LatencyMS.Hi, 2), mark)
	}
}

// answered reports whether a model has a price on any phone.
func (r *pricedRow) answered() bool {
	for _, c := range r.cells {
		if c != "no answer" {
			return true
		}
	}
	return false
}

func (p *priceTable) write(w io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	head, under := table.Row{"latency in ms (90 %)", "runtime", "MACs"}, table.Row{"", "", ""}
	configs := []table.ColumnConfig{{Number: 3, Align: text.AlignRight}}
	for i, d := range p.phones {
		head = append(head, d.Name)
		under = append(under, strings.Join(nonEmpty(d.SoC.Name, yearText(d.Year)), ", "))
		configs = append(configs, table.ColumnConfig{Number: i + 4, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.AppendHeader(head)
	t.AppendHeader(under)
	t.Style().Format.Header = text.FormatDefault
	t.SetColumnConfigs(configs)
	slices.SortStableFunc(p.models, func(a, b *pricedRow) int { return cmp.Compare(b.macs, a.macs) })
	marks, converted, assumed := false, false, false
	for _, m := range p.models {
		if !m.answered() {
			continue
		}
		row := table.Row{short(m.name, 36), m.runtime, countText(int64(m.macs))}
		for _, d := range p.phones {
			row = append(row, m.cells[d.Name])
			marks = marks || strings.HasSuffix(m.cells[d.Name], "*")
		}
		converted, assumed = converted || strings.Contains(m.runtime, "†"), assumed || strings.Contains(m.runtime, "‡")
		t.AppendRow(row)
	}
	if t.Length() > 0 {
		if _, err := fmt.Fprintln(w, t.Render()); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "one inference on the %s", p.target.Delegate)
	if p.target.Threads > 0 {
		fmt.Fprintf(w, " with %s", plural(p.target.Threads, "thread"))
	}
	fmt.Fprint(w, ", warm; in brackets the 90 % interval")
	if marks {
		fmt.Fprint(w, "; * published facts alone, no recorded runs of this runtime")
	}
	if converted {
		fmt.Fprint(w, "; † as if converted for this runtime")
	}
	if assumed {
		fmt.Fprint(w, "; ‡ at customary sizes, --bind height=… sets others")
	}
	fmt.Fprintln(w)
	for _, r := range p.reasons {
		names := p.refused[r]
		if len(names) > 4 {
			names = append(names[:4:4], fmt.Sprintf("and %d more", len(names)-4))
		}
		fmt.Fprintf(w, "no answer: %s (%s)\n", r, strings.Join(names, ", "))
	}
	basis := ""
	for _, b := range []estimate.Basis{estimate.Measured, estimate.SameTarget, estimate.SameSoC, estimate.Unseen, estimate.Simulated, estimate.Refused} {
		if n := p.bases[b]; n > 0 {
			basis += fmt.Sprintf("   %s %s", b, group(n))
		}
	}
	_, err := fmt.Fprintf(w, "basis of the answers:%s      why, and what would help: gaugenn estimate MODEL --device %q; how sure: gaugenn devices %q\n", basis, p.phones[0].Name, p.phones[0].Name)
	return err
}

// short cuts a name in the middle, where names differ least.
func short(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	tail := n/2 - 1
	return string(r[:n-tail-1]) + "…" + string(r[len(r)-tail:])
}

// digits writes v with n significant digits and no exponent.
func digits(v float64, n int) string {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', n, 64), 64)
	if err != nil {
		return strconv.FormatFloat(v, 'g', n, 64)
	}
	return strconv.FormatFloat(r, 'f', -1, 64)
}
