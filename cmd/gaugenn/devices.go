package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/gaugenn/gaugenn/estimate/device"
)

func devicesCommand() *cobra.Command {
	var search string
	var asJSON, popular bool
	c := &cobra.Command{
		Use:     "devices",
		Short:   "What is known of each phone and SoC",
		Example: "  gaugenn devices --search galaxy\n  gaugenn devices --popular",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := device.Embedded()
			list := c.Devices()
			if popular {
				list = c.Popular()
			}
			if search != "" {
				list = c.Search(search)
				if len(list) == 0 {
					_, err := c.Find(search)
					return err
				}
			}
			if asJSON {
				return devicesJSON(cmd.OutOrStdout(), list)
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
	t.AppendHeader(table.Row{"device", "year", "SoC", "cores", "f32 GMAC/s, 4 threads", "memory", "GPU", "NPU", "battery"})
	for i := range list {
		d := &list[i]
		s := &d.SoC
		t.AppendRow(table.Row{
			d.Name, amount(d.Year, 1, ""), s.Name, clustersText(s), amount(s.Peak(device.F32, 4, device.AffinityBig), 1e-9, ""),
			amount(s.Memory.BandwidthGBps, 1, " GB/s"), s.GPU.Name, s.NPU.Name, amount(d.BatteryWh(), 1, " Wh"),
		})
	}
	_, err := fmt.Fprintf(w, "%s\n%s; a value with ~ is from memory or assumed, ? is unknown\n", t.Render(), plural(len(list), "device"))
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
			"device": d.Name, "vendor": d.Vendor, "model_codes": d.ModelCodes, "soc": d.SoC.Name, "part_number": d.SoC.PartNumber,
			"year": value(d.Year), "ram_gb": value(d.RAMGB), "battery_wh": value(d.BatteryWh()), "cores": clustersText(&d.SoC),
			"bandwidth_gbps": value(d.SoC.Memory.BandwidthGBps), "gpu": d.SoC.GPU.Name, "npu": d.SoC.NPU.Name, "npu_tops": value(d.SoC.NPU.TOPS),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
