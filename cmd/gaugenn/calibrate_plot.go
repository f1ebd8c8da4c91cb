package main

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gaugenn/gaugenn/calibrate/additive"
)

// heldPoints are measured against predicted latencies with intervals.
type heldPoints struct {
	plotter.XYs
	plotter.YErrors
}

// plotFit draws predicted against measured latency of held-out families, both on logarithmic axes, with 90 % intervals and the line on which
// they are equal. Both axes hold all points; an interval that ends outside is cut off there. The file's ending chooses the form.
func plotFit(path string, p *runProfile, rows []fitRow, held []additive.HeldOut) error {
	var pts heldPoints
	lo, hi := 0.0, 0.0
	for i, h := range held {
		if !h.Known {
			continue
		}
		y := rows[i].sample.LatencyMS
		pts.XYs = append(pts.XYs, plotter.XY{X: y, Y: h.ValueMS})
		pts.YErrors = append(pts.YErrors, struct{ Low, High float64 }{h.ValueMS - h.LoMS, h.HiMS - h.ValueMS})
		if lo == 0 {
			lo = y
		}
		lo, hi = min(lo, y, h.ValueMS), max(hi, y, h.ValueMS)
	}
	if len(pts.XYs) == 0 {
		return fmt.Errorf("plot: %w", additive.ErrTooFew)
	}
	c := plot.New()
	c.Title.Text = fmt.Sprintf("%s, %s, %s\nfamilies held out: mean error %.0f %%, %.0f %% inside", p.Device.Name, p.Runtime, p.Statistic, 100*p.MAPE, 100*p.Covered)
	c.Title.Padding = vg.Points(6)
	c.X.Label.Text, c.Y.Label.Text = "measured, ms", "predicted, ms"
	c.X.Scale, c.Y.Scale = plot.LogScale{}, plot.LogScale{}
	c.X.Tick.Marker, c.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	dots, err := plotter.NewScatter(pts.XYs)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Shape: draw.CircleGlyph{}, Radius: vg.Points(2.5), Color: color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}}
	bars, err := plotter.NewYErrorBars(pts)
	if err != nil {
		return err
	}
	bars.LineStyle.Color = color.RGBA{R: 0x9f, G: 0xb8, B: 0xd4, A: 0xff}
	equal, err := plotter.NewLine(plotter.XYs{{X: lo / 2, Y: lo / 2}, {X: hi * 2, Y: hi * 2}})
	if err != nil {
		return err
	}
	equal.LineStyle.Color = color.Gray{Y: 0x80}
	c.Add(plotter.NewGrid(), equal, bars, dots)
	c.X.Min, c.X.Max, c.Y.Min, c.Y.Max = lo/2, hi*2, lo/2, hi*2
	return c.Save(16*vg.Centimeter, 16*vg.Centimeter, path)
}
