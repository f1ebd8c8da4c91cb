package litert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Slots of metadata_schema.fbs.
const (
	describeName             = 0
	describeDescription      = 1
	describeVersion          = 2
	describeSubgraphs        = 3
	describeAuthor           = 4
	describeLicense          = 5
	describeAssociatedFiles  = 6
	describeMinParserVersion = 7

	subgraphMetaInputs        = 2
	subgraphMetaOutputs       = 3
	subgraphMetaFiles         = 4
	subgraphMetaInputProcess  = 5
	subgraphMetaOutputProcess = 6

	tensorMetaName           = 0
	tensorMetaDescription    = 1
	tensorMetaDimensionNames = 2
	tensorMetaContent        = 3
	tensorMetaProcessUnits   = 4
	tensorMetaStats          = 5
	tensorMetaFiles          = 6

	fileName        = 0
	fileDescription = 1
	fileType        = 2
	fileLocale      = 3

	processOptionsType = 0
	processOptions     = 1

	contentPropertiesType = 0
	contentProperties     = 1
)

var (
	fileTypes    = [...]string{"unknown", "descriptions", "tensor_axis_labels", "tensor_value_labels", "tensor_axis_score_calibration", "vocabulary"}
	contentTypes = [...]string{"", "feature", "image", "bounding_box", "audio"}
	colorSpaces  = [...]string{"unknown", "rgb", "grayscale"}
	processTypes = [...]string{"", "normalization", "score_calibration", "score_thresholding", "bert_tokenizer", "sentencepiece_tokenizer", "regex_tokenizer"}
)

// word returns entry i of a list, its number when the list is shorter.
func word(list []string, i uint8) string {
	if int(i) < len(list) {
		return list[i]
	}
	return strconv.Itoa(int(i))
}

// modelMetadata reads the FlatBuffer "M001": what the model's authors say of
// the model and its inputs and outputs.
func (r *reader) modelMetadata(data []byte) {
	fb := flatbuf.New(data)
	root := fb.Root()
	r.m.Name = r.text(root.String(describeName))
	r.put("metadata.name", root.String(describeName))
	r.put("metadata.description", root.String(describeDescription))
	r.put("metadata.version", root.String(describeVersion))
	r.put("metadata.author", root.String(describeAuthor))
	r.put("metadata.license", root.String(describeLicense))
	r.put("metadata.min_parser_version", root.String(describeMinParserVersion))
	r.files("metadata", root.Tables(describeAssociatedFiles))
	subs := root.Tables(describeSubgraphs)
	for i := range min(subs.Len(), len(r.m.Graphs)) {
		t := subs.Table(i)
		prefix := "metadata"
		if i > 0 {
			prefix = fmt.Sprintf("metadata.subgraph.%d", i)
		}
		r.files(prefix, t.Tables(subgraphMetaFiles))
		r.process(prefix+".input", t.Tables(subgraphMetaInputProcess))
		r.process(prefix+".output", t.Tables(subgraphMetaOutputProcess))
		r.tensorMeta(prefix+".input", t.Tables(subgraphMetaInputs))
		r.tensorMeta(prefix+".output", t.Tables(subgraphMetaOutputs))
	}
	if err := fb.Err(); err != nil {
		r.note(false, "TFLITE_METADATA: "+err.Error())
	}
}

func (r *reader) tensorMeta(prefix string, list flatbuf.Vector) {
	for i := range min(list.Len(), maxMetadata) {
		t := list.Table(i)
		p := prefix + "." + strconv.Itoa(i)
		r.put(p+".name", t.String(tensorMetaName))
		r.put(p+".description", t.String(tensorMetaDescription))
		r.put(p+".dimension_names", strings.Join(t.Vector(tensorMetaDimensionNames, 4).Strings(), ","))
		r.content(p, t.Table(tensorMetaContent))
		r.process(p, t.Tables(tensorMetaProcessUnits))
		stats := t.Table(tensorMetaStats)
		r.put(p+".max", floats(stats.Vector(0, 4)))
		r.put(p+".min", floats(stats.Vector(1, 4)))
		r.files(p, t.Tables(tensorMetaFiles))
	}
}

// content says what a tensor holds; images also which colours and, for free
// sizes, the size expected.
func (r *reader) content(prefix string, t flatbuf.Table) {
	kind := t.Uint8(contentPropertiesType, 0)
	r.put(prefix+".content", word(contentTypes[:], kind))
	if p := t.Table(contentProperties); kind == 2 && p.Exists() {
		r.put(prefix+".color_space", word(colorSpaces[:], p.Uint8(0, 0)))
		if size := p.Table(1); size.Exists() {
			r.put(prefix+".default_size", fmt.Sprintf("%dx%d", size.Uint32(0, 0), size.Uint32(1, 0)))
		}
	}
}

// process reads the steps that the app runs around the network.
func (r *reader) process(prefix string, list flatbuf.Vector) {
	for i := range min(list.Len(), maxMetadata) {
		t := list.Table(i)
		kind := t.Uint8(processOptionsType, 0)
		o := t.Table(processOptions)
		p := prefix + "." + word(processTypes[:], kind)
		switch kind {
		case 1:
			r.put(p+".mean", floats(o.Vector(0, 4)))
			r.put(p+".std", floats(o.Vector(1, 4)))
		case 3:
			r.put(p, strconv.FormatFloat(float64(o.Float32(0, 0)), 'g', -1, 32))
		case 4:
			r.put(p, "true")
			r.files(p, o.Tables(0))
		case 5:
			r.put(p, "true")
			r.files(p, o.Tables(0))
			r.files(p, o.Tables(1))
		default:
			r.put(p, "true")
		}
	}
}

// files names the associated files, which an appended ZIP holds.
func (r *reader) files(prefix string, list flatbuf.Vector) {
	for i := range min(list.Len(), maxMetadata) {
		t := list.Table(i)
		line := t.String(fileName) + " (" + word(fileTypes[:], t.Uint8(fileType, 0)) + ")"
		if s := t.String(fileLocale); s != "" {
			line += " locale=" + s
		}
		if s := t.String(fileDescription); s != "" {
			line += " " + s
		}
		r.put(prefix+".file", line)
	}
}

// floats returns "1,2.5", of at most 64 numbers.
func floats(v flatbuf.Vector) string {
	words := make([]string, 0, min(v.Len(), 64))
	for i := range cap(words) {
		words = append(words, strconv.FormatFloat(float64(v.Float32(i)), 'g', -1, 32))
	}
	return strings.Join(words, ",")
}
