package coreml

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// modelDescription is a ModelDescription: the interface and the metadata.
type modelDescription struct {
	inputs, outputs []feature
	predicted       string
	defaultFunction string
	functions       []modelFunction
	metadata        []graph.KeyValue
	text            map[string]string
	producer        string
}

// modelFunction is one function of an ML Program with several.
type modelFunction struct {
	name            string
	inputs, outputs []feature
}

// feature is a FeatureDescription.
type feature struct {
	name  string
	dtype graph.DType
	shape graph.Shape
	image bool
}

// Field numbers of ModelDescription and FeatureDescription.
const (
	descriptionInput     = 1
	descriptionOutput    = 10
	descriptionPredicted = 11
	descriptionState     = 13
	descriptionFunctions = 20
	descriptionDefault   = 21
	descriptionMetadata  = 100
)

// maxFeatures bounds inputs and outputs.
const maxFeatures = 10000

func (d *modelDescription) read(p *parser, m protowire.Message) {
	d.text = map[string]string{}
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes || len(d.inputs)+len(d.outputs)+len(d.functions) > maxFeatures {
			continue
		}
		switch f.Number {
		case descriptionInput, descriptionState:
			d.inputs = append(d.inputs, readFeature(f.Message()))
		case descriptionOutput:
			d.outputs = append(d.outputs, readFeature(f.Message()))
		case descriptionPredicted:
			d.predicted = f.String()
		case descriptionDefault:
			d.defaultFunction = f.String()
		case descriptionFunctions:
			d.functions = append(d.functions, readFunctionDescription(f.Message()))
		case descriptionMetadata:
			d.readMetadata(p, f.Message())
		}
	}
}

func readFunctionDescription(m protowire.Message) modelFunction {
	var fn modelFunction
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			fn.name = f.String()
		case f.Is(2, protowire.Bytes), f.Is(6, protowire.Bytes):
			fn.inputs = append(fn.inputs, readFeature(f.Message()))
		case f.Is(3, protowire.Bytes):
			fn.outputs = append(fn.outputs, readFeature(f.Message()))
		}
	}
	return fn
}

// labelled reports whether an output is the predicted class, which no layer makes.
func (d *modelDescription) labelled(name string) bool { return name == d.predicted }

func (d *modelDescription) readMetadata(p *parser, m protowire.Message) {
	names := map[int32]string{1: "short_description", 2: "version", 3: "author", 4: "license"}
	var f protowire.Field
	for m.Next(&f) && len(d.metadata) < 1000 {
		if f.Type != protowire.Bytes || len(f.Bytes) == 0 {
			continue
		}
		if key := names[f.Number]; key != "" {
			d.text[key] = p.text(f.Bytes)
			d.metadata = append(d.metadata, graph.KeyValue{Key: key, Value: p.text(f.Bytes)})
			continue
		}
		if f.Number != 100 {
			continue
		}
		var key, value []byte
		e := f.Message()
		for e.Next(&f) {
			switch f.Number {
			case 1:
				key = f.Bytes
			case 2:
				value = f.Bytes
			}
		}
		d.metadata = append(d.metadata, graph.KeyValue{Key: "user." + p.text(key), Value: p.text(value)})
		if strings.HasPrefix(string(key), "com.github.apple.coremltools.version") {
			d.producer = "coremltools " + p.text(value)
		}
	}
}

func readFeature(m protowire.Message) feature {
	var ft feature
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			ft.name = f.String()
		case f.Is(3, protowire.Bytes):
			ft.readType(f.Message())
		}
	}
	return ft
}

// readType reads a FeatureType. An image is [C, H, W] of bytes turned to floats.
func (ft *feature) readType(m protowire.Message) {
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case 1:
			ft.dtype, ft.shape = graph.Int64, graph.ShapeOf()
		case 2:
			ft.dtype, ft.shape = graph.Float64, graph.ShapeOf()
		case 3:
			ft.dtype, ft.shape = graph.String, graph.ShapeOf()
		case 4:
			ft.readImage(f.Message())
		case 5:
			ft.readArray(f.Message())
		case 6, 7:
			ft.dtype = graph.Variant
		case 8:
			inner := f.Message()
			for inner.Next(&f) {
				if f.Is(1, protowire.Bytes) {
					ft.readArray(f.Message())
				}
			}
		}
	}
}

func (ft *feature) readImage(m protowire.Message) {
	var w, h int64
	channels := int64(3)
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1:
			w = f.Int64()
		case 2:
			h = f.Int64()
		case 3:
			if f.Uint == 10 || f.Uint == 40 {
				channels = 1
			}
		}
	}
	ft.image, ft.dtype, ft.shape = true, graph.Float32, graph.ShapeOf(channels, h, w)
}

// readArray reads an ArrayFeatureType. The shape is the default one.
func (ft *feature) readArray(m protowire.Message) {
	var dims []int64
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1:
			dims, _ = f.AppendInts(dims, 64)
		case 2:
			switch f.Uint {
			case 65568:
				ft.dtype = graph.Float32
			case 65600:
				ft.dtype = graph.Float64
			case 131104:
				ft.dtype = graph.Int32
			case 131080:
				ft.dtype = graph.Int8
			case 65552:
				ft.dtype = graph.Float16
			}
		}
	}
	if dims != nil {
		ft.shape = graph.ShapeOf(dims...)
	}
}
