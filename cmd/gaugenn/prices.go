package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

// priceTable shows many models on a few phones: one row a model, one column a
// phone, latency with its interval, and the basis where it is not simulated.
type priceTable struct {
	phones []device.Device
	models []string
	cells  map[[2]string]string
	bases  map[estimate.Basis]int
	macs   map[string]float64
	// refused lists the models that get no answer, with the reason.
	refused []string
}

func newPriceTable(phones []device.Device) *priceTable {
	return &priceTable{phones: phones, cells: map[[2]string]string{}, bases: map[estimate.Basis]int{}, macs: map[string]float64{}}
}

func (p *priceTable) add(q *pricedModel, t device.Target, a estimate.Prediction) {
	name := q.Name
	if name == "" {
		name = fmt.Sprintf("%s %.8s", q.format, q.id)
	}
	p.bases[a.Basis]++
	if a.Basis == estimate.Refused && t.Device.Name == p.phones[0].Name {
		p.refused = append(p.refused, fmt.Sprintf("%s: %s", name, a.Reason))
	}
	if a.Basis == estimate.Refused {
		return
	}
	if _, ok := p.macs[name]; !ok {
		p.models = append(p.models, name)
		p.macs[name] = 0
		for _, l := range q.Network.Layers {
			p.macs[name] += l.MACs
		}
	}
	cell := "no answer"
	if a.LatencyMS.Known {
		cell = fmt.Sprintf("%s (%s – %s)", digits(a.LatencyMS.Value, 3), digits(a.LatencyMS.Lo, 2), digits(a.LatencyMS.Hi, 2))
	}
	p.cells[[2]string{name, t.Device.Name}] = cell
}

func (p *priceTable) write(w io.Writer) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	head, under := table.Row{"latency in ms (90 %)", "MACs"}, table.Row{"", ""}
	configs := []table.ColumnConfig{{Number: 1, WidthMax: 34, WidthMaxEnforcer: text.Trim}, {Number: 2, Align: text.AlignRight}}
	for i, d := range p.phones {
		head = append(head, d.Name)
		under = append(under, fmt.Sprintf("%s, %s", d.SoC.Name, amount(d.Year, 1, "")))
		configs = append(configs, table.ColumnConfig{Number: i + 3, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.AppendHeader(head)
	t.AppendHeader(under)
	t.Style().Format.Header = text.FormatDefault
	t.SetColumnConfigs(configs)
	slices.SortStableFunc(p.models, func(a, b string) int { return cmp.Compare(p.macs[b], p.macs[a]) })
	for _, m := range p.models {
		row := table.Row{m, countText(int64(p.macs[m]))}
		for _, d := range p.phones {
			row = append(row, p.cells[[2]string{m, d.Name}])
		}
		t.AppendRow(row)
	}
	if _, err := fmt.Fprintln(w, t.Render()); err != nil {
		return err
	}
	if n := len(p.refused); n > 0 {
		fmt.Fprintf(w, "no answer for %s:\n", plural(n, "model"))
		for _, r := range p.refused[:min(n, 12)] {
			fmt.Fprintf(w, "  %s\n", r)
		}
		if n > 12 {
			fmt.Fprintf(w, "  and %d more\n", n-12)
		}
	}
	basis := ""
	for _, b := range []estimate.Basis{estimate.Measured, estimate.SameTarget, estimate.SameSoC, estimate.Unseen, estimate.Simulated, estimate.Refused} {
		if n := p.bases[b]; n > 0 {
			basis += fmt.Sprintf("   %s %s", b, group(n))
		}
	}
	_, err := fmt.Fprintf(w, "basis:%s\n", basis)
	return err
}

// digits writes v with n significant digits and no exponent.
func digits(v float64, n int) string {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', n, 64), 64)
	if err != nil {
		return strconv.FormatFloat(v, 'g', n, 64)
	}
	return strconv.FormatFloat(r, 'f', -1, 64)
}
