package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/evidence"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

type inspectOptions struct {
	layers, why, asJSON, recoverXOR bool
	bind                            []string
}

func inspectCommand() *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use:     "inspect FILE...",
		Short:   "Show on one screen which models an app, archive or model file holds",
		Example: "  gaugenn inspect keyboard.apk\n  gaugenn inspect model.tflite --layers",
		Args:    atLeast(1, "a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inspect(cmd.Context(), args, o, cmd.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&o.layers, "layers", false, "every operator of every model with shapes and costs")
	c.Flags().BoolVar(&o.why, "why", false, "reasons: rule, file and offset of each claim, bindings, notes, metadata, files that are no models")
	c.Flags().BoolVar(&o.asJSON, "json", false, "one JSON object per model")
	c.Flags().BoolVar(&o.recoverXOR, "recover-xor", false, recoverXORHelp)
	c.Flags().StringArrayVar(&o.bind, "bind", nil, "value of a free dimension, such as batch=1 or height=320; may be repeated")
	return c
}

func inspect(ctx context.Context, paths []string, o inspectOptions, w io.Writer) error {
	policy, err := bindPolicy(o.bind)
	if err != nil {
		return err
	}
	rules, err := evidence.Rules()
	if err != nil {
		return err
	}
	reader := evidence.NewReader(rules, evidence.Limits{})
	digests := map[string]*digest{}
	sc := extract.Scanner{
		Formats: all.Formats(), Protection: protection(o.recoverXOR),
		Digest: func(f *extract.Finding, m *graph.Model) any {
			return measure(f, m, measureOptions{policy: policy})
		},
		Describe: func(s extract.Source) any { return describe(reader, s) },
	}
	return sc.Scan(ctx, paths, func(a *extract.App) error {
		combine(a)
		for _, f := range a.Findings {
			if d, ok := f.Digest.(*digest); ok {
				digests[f.ModelID] = d
			}
		}
		if o.asJSON {
			return inspectJSON(w, a, digests)
		}
		return inspectText(w, a, digests, o)
	})
}

func inspectJSON(w io.Writer, a *extract.App, digests map[string]*digest) error {
	enc := json.NewEncoder(w)
	rows := data.FileRows(a)
	for i, f := range a.Findings {
		line := map[string]any{"app": a.Path, "path": f.Path, "status": f.Status, "reason": f.Reason, "format": f.Format, "offset_bytes": f.Offset, "model_id": f.ModelID, "owner": rows[i].Owner}
		if d := digests[f.ModelID]; d != nil {
			m := &d.model
			line["name"], line["macs"], line["flops"], line["param_count"], line["weight_bytes"] = m.Name, m.MACs, m.FLOPs, m.ParamCount, m.WeightBytes
			line["unknown_cost_nodes"], line["peak_activation_bytes"], line["binding"] = m.UnknownCostNodes, m.PeakActivationBytes, m.Binding
			line["assumed_macs"], line["assumed_binding"] = m.AssumedMACs, m.AssumedBinding
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func inspectText(w io.Writer, a *extract.App, digests map[string]*digest, o inspectOptions) error {
	report, _ := a.Description.(*evidence.Report)
	fmt.Fprintln(w, headline(a, report))
	if a.Reason != "" {
		fmt.Fprintf(w, "  %s: %s\n", a.Status, a.Reason)
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.Options{SeparateColumns: false}
	t.Style().Box.PaddingLeft = "  "
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}, {Number: 5, Align: text.AlignRight}})
	for _, f := range a.Findings {
		d := digests[f.ModelID]
		if !f.Status.IsModel() || d == nil {
			continue
		}
		t.AppendRow(table.Row{place(f), f.Format, macsText(&d.model), paramsText(d.model.ParamCount), weightsText(&d.model), d.topOps(), notes(a, f, &d.model)})
	}
	if t.Length() > 0 {
		for line := range strings.Lines(t.Render() + "\n") {
			fmt.Fprintln(w, strings.TrimRight(line, " \n"))
		}
	}
	for _, f := range a.Findings {
		if f.Status.IsModel() || (!o.why && (f.Status == extract.NotAModel || f.Status == extract.PartOf)) {
			continue
		}
		fmt.Fprintf(w, "  %s   %s: %s\n", place(f), f.Status, f.Reason)
	}
	if report != nil {
		writeEvidence(w, report, o.why)
	}
	for _, f := range a.Findings {
		if d := digests[f.ModelID]; d != nil && f.Status.IsModel() {
			if o.why {
				d.writeWhy(w, f)
			}
			if o.layers {
				d.writeLayers(w, f)
			}
		}
	}
	return nil
}

func place(f *extract.Finding) string {
	if f.Offset >= 0 {
		return fmt.Sprintf("%s @0x%x", f.Path, f.Offset)
	}
	return f.Path
}

func notes(a *extract.App, f *extract.Finding, m *data.Model) string {
	var parts []string
	if owner := ownerText(a, f); owner != "" {
		parts = append(parts, owner)
	}
	switch {
	case f.Status != extract.Parsed:
		parts = append(parts, string(f.Status)+": "+f.Reason)
	case strings.Contains(f.Reason, "XOR"):
		parts = append(parts, f.Reason)
	}
	if m.MACs == nil && m.AssumedMACs != nil {
		parts = append(parts, "at "+strings.ReplaceAll(m.AssumedBinding, ", assumed", ""))
	}
	if m.UnknownCostNodes > 0 {
		parts = append(parts, fmt.Sprintf("%s without a known cost", plural(int(m.UnknownCostNodes), "op")))
	}
	return strings.Join(parts, "; ")
}

func macsText(m *data.Model) string {
	switch {
	case m.MACs != nil && m.UnknownCostNodes > 0:
		return "≥ " + countText(*m.MACs) + "MACs"
	case m.MACs != nil:
		return countText(*m.MACs) + "MACs"
	case m.AssumedMACs != nil:
		return countText(*m.AssumedMACs) + "MACs assumed"
	}
	return "MACs unknown"
}

func paramsText(n *int64) string {
	if n == nil {
		return "params unknown"
	}
	return countText(*n) + "params"
}

func weightsText(m *data.Model) string {
	if m.WeightBytes == nil {
		return ""
	}
	return bytesText(*m.WeightBytes) + " " + m.WeightDType
}

// topOps names the operators that carry most MACs, or the most frequent ones.
func (d *digest) topOps() string {
	macs, count := map[string]int64{}, map[string]int{}
	for i := range d.layers {
		l := &d.layers[i]
		name := l.Op
		if name == "" {
			name = l.SourceOp
		}
		count[name]++
		if l.MACs != nil {
			macs[name] += *l.MACs
		}
	}
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(macs[b], macs[a]), cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, n := range names[:min(3, len(names))] {
		parts = append(parts, fmt.Sprintf("%s ×%d", n, count[n]))
	}
	return strings.Join(parts, "  ")
}

func (d *digest) writeWhy(w io.Writer, f *extract.Finding) {
	m := &d.model
	fmt.Fprintf(w, "\n%s\n  model_id %s\n", place(f), m.ModelID)
	for _, kv := range [][2]string{{"format", m.Format + " " + m.FormatVersion}, {"producer", m.Producer}, {"name", m.Name}, {"description", m.Description}, {"binding", m.Binding}, {"quantisation", m.Quantisation}} {
		if strings.TrimSpace(kv[1]) != "" {
			fmt.Fprintf(w, "  %s: %s\n", kv[0], kv[1])
		}
	}
	for i, n := range m.InputNames {
		fmt.Fprintf(w, "  input %s %v\n", n, m.InputShapes[i])
	}
	for i, n := range m.OutputNames {
		fmt.Fprintf(w, "  output %s %v\n", n, m.OutputShapes[i])
	}
	for _, s := range m.Notes {
		fmt.Fprintf(w, "  note: %s\n", s)
	}
	for _, s := range m.Metadata {
		if len(s) > 160 {
			s = s[:160] + "…"
		}
		fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(s, "\n", " "))
	}
}

func (d *digest) writeLayers(w io.Writer, f *extract.Finding) {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.SetTitle("%s  %s  %s", place(f), macsText(&d.model), paramsText(d.model.ParamCount))
	t.AppendHeader(table.Row{"#", "op", "source", "inputs", "outputs", "MACs", "other ops", "params", "read", "write"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 4, WidthMax: 44, WidthMaxEnforcer: text.WrapSoft}, {Number: 5, WidthMax: 30, WidthMaxEnforcer: text.WrapSoft},
		{Number: 6, Align: text.AlignRight}, {Number: 7, Align: text.AlignRight}, {Number: 8, Align: text.AlignRight}, {Number: 9, Align: text.AlignRight}, {Number: 10, Align: text.AlignRight},
	})
	for i := range d.layers {
		l := &d.layers[i]
		op := l.Op
		if l.Fused != "" {
			op += "+" + l.Fused
		}
		where := fmt.Sprint(l.NodeIndex)
		if l.GraphIndex > 0 {
			where = fmt.Sprintf("%d:%d", l.GraphIndex, l.NodeIndex)
		}
		row := table.Row{where, op, l.SourceOp, shapesText(l.InputShapes), shapesText(l.OutputShapes)}
		if l.CostKnown {
			row = append(row, group(int(*l.MACs)), group(int(*l.Ops)), group(int(l.ParamCount)), bytesText(*l.ReadBytes), bytesText(*l.WriteBytes))
		} else {
			row = append(row, "unknown", "unknown", group(int(l.ParamCount)), l.CostReason, "")
		}
		t.AppendRow(row)
	}
	fmt.Fprintf(w, "\n%s\n", t.Render())
}

func shapesText(shapes [][]int64) string {
	parts := make([]string, len(shapes))
	for i, s := range shapes {
		if s == nil {
			parts[i] = "?"
			continue
		}
		dims := make([]string, len(s))
		for j, n := range s {
			dims[j] = fmt.Sprint(n)
			if n < 0 {
				dims[j] = "?"
			}
		}
		parts[i] = strings.Join(dims, "×")
		if len(s) == 0 {
			parts[i] = "scalar"
		}
	}
	return strings.Join(parts, ", ")
}

// countText writes a count with an SI prefix before the unit: "569 M".
func countText(n int64) string {
	f := float64(n)
	for _, u := range []string{"", "k", "M", "G", "T", "P"} {
		if f < 1000 {
			if u == "" {
				return fmt.Sprintf("%d ", n)
			}
			return fmt.Sprintf("%.3g %s", f, u)
		}
		f /= 1000
	}
	return fmt.Sprintf("%.3g E", f)
}

// bytesText writes bytes with decimal prefixes.
func bytesText(n int64) string {
	s := countText(n)
	return strings.TrimRight(s, " ") + map[bool]string{true: " B", false: "B"}[strings.HasSuffix(s, " ")]
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return group(n) + " " + noun + "s"
}
