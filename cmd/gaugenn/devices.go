package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

func devicesCommand() *cobra.Command {
	var search string
	var asJSON, popular bool
	c := &cobra.Command{
		Use:   "devices [NAME]",
		Short: "What is known of each phone and SoC, and how well it predicts",
		Long: `Devices lists phones, tablets and boards with the median error to expect of an estimate on
them: of LiteRT on the CPU, of ncnn on the CPU and of the neural processor, from fits that had
not seen the chip. With NAME (a phone, model code, SoC or getprop text, as estimate takes it) or a
search that finds one device, it shows that device in full: each fact with its source and how
sure it is, and for each runtime what an answer rests on, its interval and the error to expect.`,
		Example: "  gaugenn devices \"Galaxy A15\"\n  gaugenn devices --search galaxy\n  gaugenn devices --popular",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := device.Embedded()
			name := strings.Join(args, " ") // Pixel 7 is one name, in quotes or not
			list := c.Devices()
			switch {
			case search != "":
				search, name = strings.TrimSpace(search+" "+name), ""
				if list = c.Search(search); len(list) == 0 {
					name = search // an SoC that no phone of the table has
				}
			case popular:
				list = c.Popular()
			}
			if name != "" {
				d, err := findDevice(name)
				if err != nil {
					return err
				}
				list = []device.Device{d}
			}
			if asJSON {
				return devicesJSON(cmd.OutOrStdout(), list)
			}
			if len(list) == 1 {
				return devicePage(cmd.OutOrStdout(), &list[0])
			}
			return devicesText(cmd.OutOrStdout(), list)
		},
	}
	c.Flags().StringVar(&search, "search", "", "only devices whose name, code or SoC has these words")
	c.Flags().BoolVar(&popular, "popular", false, "the phones that estimate --devices popular means")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object per device")
	return c
}

func devicesText(w io.Writer, list []device.Device) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"device", "year", "SoC", "cores", "f32 GMAC/s, 4 threads", "memory", "GPU", "NPU", "battery", "error to expect"})
	held, err := heldOutRows()
	if err != nil {
		return err
	}
	short := newShortErrors(held)
	for i := range list {
		d := &list[i]
		s := &d.SoC
		t.AppendRow(table.Row{
			d.Name, amount(d.Year, 1, ""), s.Name, clustersText(s), amount(s.Peak(device.F32, 4, device.AffinityBig), 1e-9, ""),
			amount(s.Memory.BandwidthGBps, 1, " GB/s"), cmp.Or(s.GPU.Name, "?"), cmp.Or(s.NPU.Name, "?"), amount(d.BatteryWh(), 1, " Wh"), short.of(d),
		})
	}
	_, err = fmt.Fprintf(w, `%s
%s; a value with ~ is from memory or assumed, ? is unknown
error to expect: median, of LiteRT CPU / ncnn CPU / NPU; with * from this chip's own recorded runs, left out of the fit, else from chips left out like it
one device in full: gaugenn devices "%s"
`, t.Render(), plural(len(list), "device"), list[0].Name)
	return err
}

// amount writes a quantity: ? where unknown, ~ where not read in a source.
func amount(q device.Quantity, scale float64, unit string) string {
	if !q.Known {
		return "?"
	}
	mark := ""
	if q.Confidence < 0.7 {
		mark = "~"
	}
	return fmt.Sprintf("%s%.4g%s", mark, q.Value*scale, unit)
}

func clustersText(s *device.SoC) string {
	var parts []string
	for _, c := range s.Clusters {
		parts = append(parts, fmt.Sprintf("%d×%s %.2g GHz", c.Count, c.Core.Name, c.ClockMHz.Value/1000))
	}
	return strings.Join(parts, " + ")
}

func devicesJSON(w io.Writer, list []device.Device) error {
	held, err := heldOutRows()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	value := func(q device.Quantity) any {
		if !q.Known {
			return nil
		}
		return map[string]any{"value": q.Value, "confidence": q.Confidence, "source": q.Source}
	}
	for i := range list {
		d := &list[i]
		err := enc.Encode(map[string]any{
			"device": d.Name, "vendor": d.Vendor, "form": d.Form, "model_codes": d.ModelCodes, "soc": d.SoC.Name, "part_number": d.SoC.PartNumber,
			"year": value(d.Year), "ram_gb": value(d.RAMGB), "battery_wh": value(d.BatteryWh()), "cores": clustersText(&d.SoC),
			"bandwidth_gbps": value(d.SoC.Memory.BandwidthGBps), "gpu": d.SoC.GPU.Name, "npu": d.SoC.NPU.Name, "npu_tops": value(d.SoC.NPU.TOPS),
			"peak_f32_gmacs": value(d.SoC.Peak(device.F32, 4, device.AffinityAny).Times(1e-9)), "peak_i8_gmacs": value(d.SoC.Peak(device.I8, 4, device.AffinityAny).Times(1e-9)),
			"predicts": predictsJSON(d, held),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// predictsJSON is how well each runtime is answered on a device: held-out
// errors, null where no run could be held out.
func predictsJSON(d *device.Device, held []estimate.HeldOut) []any {
	var out []any
	accuracy := func(a estimate.Accuracy) any {
		if a.Rows == 0 {
			return nil
		}
		return map[string]any{"rows": a.Rows, "chips": a.Chips, "median_error": a.MedianError, "mean_error": a.MeanError, "covered": a.Covered, "interval_factor": a.MedianFactor}
	}
	for _, w := range worlds() {
		if w.target.Delegate == device.NPUDelegate && d.SoC.NPU.Name == "" || w.target.Delegate == device.GPUDelegate && d.SoC.GPU.Name == "" {
			continue
		}
		e := expect(w, d, held)
		out = append(out, map[string]any{"runtime": w.target.Runtime, "delegate": w.target.Delegate, "precision": w.target.Precision,
			"this_chip_left_out": accuracy(e.own), "chips_left_out": accuracy(e.like), "known_chips_new_networks": accuracy(e.known),
			"with_3_own_runs": accuracy(e.given[0]), "with_10_own_runs": accuracy(e.given[1])})
	}
	return out
}
