package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// world is a runtime, processor and precision that people ask about, with the
// held-out predictions that tell how well it is answered.
type world struct {
	name   string
	target device.Target // without the device
	holds  func(*estimate.HeldOut) bool
}

// worlds lists what a device's page shows.
func worlds() []world {
	rows := func(runtime, processor string, precisions ...string) func(*estimate.HeldOut) bool {
		return func(h *estimate.HeldOut) bool {
			if h.Runtime != runtime || h.Processor != processor {
				return false
			}
			for _, p := range precisions {
				if h.Precision == p {
					return true
				}
			}
			return len(precisions) == 0
		}
	}
	cpu, gpu, npu := device.CPU, device.GPUDelegate, device.NPUDelegate
	return []world{
		{"LiteRT CPU, f32", device.Target{Runtime: "litert", Delegate: cpu, Threads: 4, Precision: device.F32}, rows("litert", "cpu", "fp32")},
		{"LiteRT CPU, i8", device.Target{Runtime: "litert", Delegate: cpu, Threads: 4, Precision: device.I8}, rows("litert", "cpu", "int8")},
		{"LiteRT GPU, f16", device.Target{Runtime: "litert", Delegate: gpu, Precision: device.F16}, rows("litert", "gpu")},
		{"LiteRT NPU, f16", device.Target{Runtime: "litert", Delegate: npu, Precision: device.F16}, rows("tflite", "npu", "float")},
		{"LiteRT NPU, i8", device.Target{Runtime: "litert", Delegate: npu, Precision: device.I8}, rows("tflite", "npu", "w8a8")},
		{"QNN NPU, i8", device.Target{Runtime: "qnn", Delegate: npu, Precision: device.I8}, rows("qnn_dlc", "npu", "w8a8")},
		{"ONNX Runtime CPU, f32", device.Target{Runtime: "ort", Delegate: cpu, Threads: 4, Precision: device.F32}, rows("ort", "cpu")},
		{"ONNX Runtime NPU, f16", device.Target{Runtime: "ort", Delegate: npu, Precision: device.F16}, rows("onnx", "npu", "float")},
		{"ncnn CPU", device.Target{Runtime: "ncnn", Delegate: cpu, Threads: 4, Precision: device.Auto}, rows("ncnn", "cpu")},
		{"ncnn GPU", device.Target{Runtime: "ncnn", Delegate: gpu, Precision: device.F16}, rows("ncnn", "gpu")},
	}
}

// heldOutRows are the shipped held-out predictions with their chips found.
var heldOutRows = sync.OnceValues(func() ([]estimate.HeldOut, error) {
	rows, err := data.HeldOut()
	if err != nil {
		return nil, err
	}
	c := device.Embedded()
	for i := range rows {
		if d, err := c.FindLabel(rows[i].Device, rows[i].SoC); err == nil {
			rows[i].ChipID = chipOf(&d.SoC)
		}
	}
	return rows, nil
})

// chipOf names a chip by its part number without the bin: the bins of a part
// are one chip here.
func chipOf(s *device.SoC) string {
	if i := strings.IndexAny(s.PartNumber, "- ,/"); i > 3 {
		return s.PartNumber[:i]
	}
	if s.PartNumber != "" {
		return s.PartNumber
	}
	return s.ID
}

// expectation is how well a world is answered on a device.
type expectation struct {
	own    estimate.Accuracy // rows of this chip, which was left out of the fit
	family estimate.Accuracy // rows of this chip, known to the fit, of networks of a new kind
	like   estimate.Accuracy // rows of all chips, each left out of its fit: what an unseen chip can expect
	known  estimate.Accuracy // rows of all chips that the fit knew, of networks of a new kind
	given  [2]estimate.Accuracy
}

// expect returns what the held-out predictions say of a world on a device.
// Phones are judged by phones where there are any, boards by boards.
func expect(w world, d *device.Device, rows []estimate.HeldOut) expectation {
	chip := chipOf(&d.SoC)
	var own, family, like, known []estimate.HeldOut
	var given [2][]estimate.HeldOut
	other := "board"
	if d.Form == "board" {
		other = "phone"
	}
	for i := range rows {
		h := &rows[i]
		if !w.holds(h) {
			continue
		}
		mine := h.ChipID != "" && h.ChipID == chip
		alike := len(h.Group) < len(other) || h.Group[len(h.Group)-len(other):] != other
		switch {
		case h.Kind == estimate.FamilyLeftOut:
			if mine {
				family = append(family, *h)
			}
			if alike {
				known = append(known, *h)
			}
		case h.Given == 0:
			if mine {
				own = append(own, *h)
			}
			if alike {
				like = append(like, *h)
			}
		case alike && h.Given == 3:
			given[0] = append(given[0], *h)
		case alike && h.Given == 10:
			given[1] = append(given[1], *h)
		}
	}
	return expectation{estimate.AccuracyOf(own), estimate.AccuracyOf(family), estimate.AccuracyOf(like), estimate.AccuracyOf(known),
		[2]estimate.Accuracy{estimate.AccuracyOf(given[0]), estimate.AccuracyOf(given[1])}}
}

// text returns the median error to expect of an answer with this basis, and
// the rows it is from; "" where nothing was held out.
func (e expectation) text(b estimate.Basis) string {
	switch {
	case b == estimate.SameSoC && e.family.Rows >= 8:
		return fmt.Sprintf("%.0f %% on new networks (%s runs of this chip)", 100*e.family.MedianError, group(e.family.Rows))
	case b == estimate.SameSoC && e.own.Rows > 0:
		return fmt.Sprintf("under %.0f %%, which it was with this chip left out (%s runs)", 100*e.own.MedianError, group(e.own.Rows))
	case b == estimate.SameSoC && e.known.Rows > 0:
		return fmt.Sprintf("%.0f %% on new networks (%s runs of %d known chips)", 100*e.known.MedianError, group(e.known.Rows), e.known.Chips)
	case b == estimate.Simulated:
		return "not known: no runs to hold out"
	case e.own.Rows >= 8:
		return fmt.Sprintf("%.0f %%, which it was for this chip left out (%s runs)", 100*e.own.MedianError, group(e.own.Rows))
	case e.like.Rows > 0 && e.like.Rows < 10:
		return fmt.Sprintf("%.0f %%, from only %d runs of %d chips left out", 100*e.like.MedianError, e.like.Rows, e.like.Chips)
	case e.like.Rows > 0:
		return fmt.Sprintf("%.0f %%, from %s runs of %d chips left out", 100*e.like.MedianError, group(e.like.Rows), e.like.Chips)
	}
	if e.known.Rows > 0 {
		return fmt.Sprintf("above %.0f %%, which it is for new networks on known chips (%s runs)", 100*e.known.MedianError, group(e.known.Rows))
	}
	return "not known: no runs to hold out"
}

// givenText says what the caller's own rows would bring.
func (e expectation) givenText() string {
	if e.given[0].Rows == 0 || e.given[1].Rows == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f / %.0f %%", 100*e.given[0].MedianError, 100*e.given[1].MedianError)
}

// referenceNetwork is MobileNet V1 1.0 at 224 pixels: a network everybody can
// place, to show what a device's answers look like.
func referenceNetwork() *feature.Network {
	net := &feature.Network{Name: "MobileNet V1", InputElems: 3 * 224 * 224, OutputElems: 1000}
	add := func(k feature.Kind, op string, in, out, kernel, stride, size int) {
		groups := 1
		if k == feature.DepthConv {
			groups = in
		}
		o := size / stride
		weights := float64(out * in / groups * kernel * kernel)
		net.Layers = append(net.Layers, feature.Layer{Op: op, Kind: k, MACs: weights * float64(o*o), Params: weights + float64(out), WeightBytes: 4 * (weights + float64(out)),
			InElems: float64(in * size * size), OutElems: float64(out * o * o), InChannels: in, OutChannels: out, KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride,
			DilationH: 1, DilationW: 1, Groups: groups, Pixels: o * o, SpatialAxes: 2, InH: size, InW: size, OutH: o, OutW: o, Known: true})
	}
	add(feature.Conv, "Conv", 3, 32, 3, 2, 224)
	in, size := 32, 112
	for _, b := range [][2]int{{64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}} {
		add(feature.DepthConv, "Conv", in, in, 3, b[1], size)
		size /= b[1]
		add(feature.Conv, "Conv", in, b[0], 1, 1, size)
		in = b[0]
	}
	net.Layers = append(net.Layers, feature.Layer{Op: "GlobalAveragePool", Kind: feature.GlobalPool, InElems: 1024 * 49, OutElems: 1024, InChannels: 1024, OutChannels: 1024, KernelH: 7, KernelW: 7,
		StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1, Pixels: 1, InH: 7, InW: 7, OutH: 1, OutW: 1, Known: true})
	add(feature.Dense, "FullyConnected", 1024, 1000, 1, 1, 1)
	return net
}
