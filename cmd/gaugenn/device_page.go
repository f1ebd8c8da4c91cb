package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

// devicePage shows one device in full: facts with their sources, and what an
// answer for it rests on.
func devicePage(w io.Writer, d *device.Device) error {
	if err := deviceFacts(w, d); err != nil {
		return err
	}
	held, err := heldOutRows()
	if err != nil {
		return err
	}
	profiles, err := profilesFrom("")
	if err != nil {
		return err
	}
	e, net := estimate.New(profiles), referenceNetwork()
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"runtime, 4 threads on CPU", "MobileNet V1, ms (90 %)", "basis", "median error to expect", "with 3 / 10 of your runs"})
	for _, wd := range worlds() {
		target := wd.target
		target.Device = *d
		ready, err := e.Prepare(target, nil)
		if err != nil {
			continue // the device has no such processor
		}
		p := ready.Predict(estimate.Question{Name: net.Name, Network: net})
		if p.Basis == estimate.Refused {
			continue
		}
		x := expect(wd, d, held)
		t.AppendRow(table.Row{wd.name, fmt.Sprintf("%s (%s – %s)", digits(p.LatencyMS.Value, 3), digits(p.LatencyMS.Lo, 2), digits(p.LatencyMS.Hi, 2)), p.Basis, x.text(p.Basis), x.givenText()})
	}
	_, err = fmt.Fprintf(w, `%s
basis: same_soc recorded runs of this chip are in the fit; unseen published facts and runs of other chips; simulated published facts, no runs of this runtime
errors: predictions of fits that had not seen the chip (or the network's family), hyper-parameters included, against recorded runs that ship with the program (data/records/SOURCES.md)
`, t.Render())
	return err
}

// deviceFacts writes every fact with its source and how sure it is.
func deviceFacts(w io.Writer, d *device.Device) error {
	s := &d.SoC
	var b strings.Builder
	fmt.Fprintf(&b, "%s", d.Name)
	var about []string
	for _, x := range []string{d.Vendor, d.Form, yearText(d.Year), strings.Join(d.ModelCodes[:min(len(d.ModelCodes), 6)], " ")} {
		if x != "" && x != "unknown" {
			about = append(about, x)
		}
	}
	if len(about) > 0 {
		fmt.Fprintf(&b, "   %s", strings.Join(about, ", "))
	}
	fmt.Fprintln(&b)
	if m := d.Match; m.Note != "" {
		fmt.Fprintf(&b, "  found by   %s: %s\n", m.Kind, m.Note)
	}
	if m := d.Match; len(m.Alternatives) > 0 {
		fmt.Fprintf(&b, "  also sold  %s\n", strings.Join(m.Alternatives, "; "))
	}
	line := func(name, value string, facts ...device.Quantity) {
		fmt.Fprintf(&b, "  %-10s %-58s %s\n", name, value, provenance(facts))
	}
	line("SoC", strings.Join(nonEmpty(s.Name, s.PartNumber, s.Vendor, yearText(s.Year), unitText(s.ProcessNM, "nm")), ", "), s.Year, s.ProcessNM)
	for i, c := range s.Clusters {
		name := ""
		if i == 0 {
			name = "cores"
		}
		order := "out of order"
		if !c.Core.OutOfOrder {
			order = "in order"
		}
		line(name, fmt.Sprintf("%d×%s %.4g GHz, %s, %.3g f32 MACs a cycle", c.Count, c.Core.Name, c.ClockMHz.Value/1000, order, c.Core.F32MACs.Value), c.ClockMHz, c.Core.F32MACs)
	}
	line("vector", s.Common.String()+" on every core")
	line("peak", fmt.Sprintf("%.3g f32, %.3g i8 GMAC/s on 4 threads", s.Peak(device.F32, 4, "").Value/1e9, s.Peak(device.I8, 4, "").Value/1e9), s.Peak(device.F32, 4, ""))
	line("memory", strings.Join(nonEmpty(s.Memory.Kind, unitText(s.Memory.BandwidthGBps, "GB/s at best"), ram(d)), ", "), s.Memory.BandwidthGBps)
	line("GPU", cmp.Or(strings.Join(nonEmpty(s.GPU.Name, unitText(s.GPU.F32MACs.Times(1e-9), "f32 GMAC/s")), ", "), "?"), s.GPU.F32MACs)
	line("NPU", cmp.Or(strings.Join(nonEmpty(s.NPU.Name, unitText(s.NPU.TOPS, "TOPS as its vendor counts")), ", "), "none known"), s.NPU.TOPS)
	battery := "?"
	if wh := d.BatteryWh(); wh.Known {
		battery = fmt.Sprintf("%.0f mAh × %.4g V = %.3g Wh", d.BatteryMAh.Value, d.BatteryV.Value, wh.Value)
	}
	line("battery", battery, d.BatteryMAh, d.BatteryV)
	_, err := io.WriteString(w, b.String())
	return err
}

func ram(d *device.Device) string {
	if !d.RAMGB.Known {
		return ""
	}
	return fmt.Sprintf("%.3g GB in the smallest variant", d.RAMGB.Value)
}

func yearText(q device.Quantity) string {
	if !q.Known {
		return ""
	}
	return fmt.Sprintf("%.0f", q.Value)
}

func unitText(q device.Quantity, unit string) string {
	if !q.Known {
		return ""
	}
	return fmt.Sprintf("%.4g %s", q.Value, unit)
}

func nonEmpty(texts ...string) []string {
	var out []string
	for _, t := range texts {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}

// provenance says where facts were read and how sure they are, each source
// once.
func provenance(facts []device.Quantity) string {
	var parts []string
	for _, q := range facts {
		if !q.Known {
			continue
		}
		source := q.Source
		if r := []rune(source); len(r) > 70 {
			source = string(r[:69]) + "…"
		}
		p := fmt.Sprintf("%s (%s)", source, sureness(q.Confidence))
		if len(parts) == 0 || parts[len(parts)-1] != p {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "← " + strings.Join(parts, "; ")
}

// sureness names the steps of confidence.
func sureness(c float64) string {
	switch {
	case c >= device.ConfidenceMeasured:
		return "measured"
	case c >= device.ConfidenceSourced:
		return "sourced"
	case c >= device.ConfidencePartly:
		return "partly sourced"
	case c >= device.ConfidenceMemory:
		return "from memory"
	}
	return "assumed"
}

// shortErrors gives the one cell of a list, each chip judged once.
type shortErrors struct {
	held   []estimate.HeldOut
	worlds []world
	cells  map[string]string
}

func newShortErrors(held []estimate.HeldOut) *shortErrors {
	s := &shortErrors{held: held, cells: map[string]string{}}
	for _, name := range []string{"LiteRT CPU, f32", "ncnn CPU", "LiteRT NPU, i8"} {
		for _, w := range worlds() {
			if w.name == name {
				s.worlds = append(s.worlds, w)
			}
		}
	}
	return s
}

func (s *shortErrors) of(d *device.Device) string {
	key := chipOf(&d.SoC) + "/" + d.Form
	if c, ok := s.cells[key]; ok {
		return c
	}
	var parts []string
	for _, w := range s.worlds {
		e := expect(w, d, s.held)
		switch {
		case w.target.Delegate == device.NPUDelegate && (d.SoC.NPU.Name == "" || !strings.Contains(d.SoC.Vendor, "Qualcomm")):
			parts = append(parts, "–")
		case e.own.Rows >= 5:
			parts = append(parts, fmt.Sprintf("%.0f*", 100*e.own.MedianError))
		case e.like.Rows > 0:
			parts = append(parts, fmt.Sprintf("%.0f", 100*e.like.MedianError))
		default:
			parts = append(parts, "?")
		}
	}
	s.cells[key] = strings.Join(parts, " / ") + " %"
	return s.cells[key]
}
