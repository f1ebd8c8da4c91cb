package coreml

import (
	"bytes"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

const name = "coreml"

// Format is Core ML's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Core ML",
	Extensions: []string{"mlmodel", "mlpackage", "mlmodelc"},
	Magic:      "protobuf \"08 vv 12\" (specification version, description), then a model type in fields 200 to 3000; compiled: text \"program(1.0)\" (model.mil) or JSON with layers of top and bottom (model.espresso.net)",
	Container:  "protobuf; .mlpackage: a folder with weights/weight.bin; .mlmodelc: a folder of text or JSON and weights",
	Reads:      "Neural networks, ML Programs with their weight file, pipelines, classic models as one node, metadata, quantised weights; compiled programs (model.mil) and networks (Espresso) with stated shapes.",
	ReadsNot:   "Blocks in compiled programs, attributes of most Espresso layers, encrypted models, shapes of flexible inputs beyond their default.",
	Match:      match,
	Parse:      parse,
	Parts:      parts,
}

// weightFile is where an .mlpackage keeps the values of an ML Program.
const weightFile = "weights/weight.bin"

// parts are the files of an .mlpackage around the model.
func parts(h format.Head) []string {
	if isMILText(h.Bytes) {
		return []string{weightFile}
	}
	if isEspresso(h.Bytes) {
		return espressoParts(h.Name)
	}
	if kind, _ := modelType(h.Bytes, h.Size); kind == mlProgram {
		return []string{weightFile, "../../Manifest.json"}
	}
	return nil
}

func match(h format.Head) format.Confidence {
	if isManifest(h.Bytes) || isMILText(h.Bytes) || isEspresso(h.Bytes) || isEspressoShape(h.Bytes) {
		return format.Likely
	}
	if _, ok := modelType(h.Bytes, h.Size); ok {
		return format.Likely
	}
	return format.No
}

// isManifest recognises the table of contents of an .mlpackage.
func isManifest(b []byte) bool {
	return len(b) > 0 && b[0] == '{' && bytes.Contains(b, []byte("\"rootModelIdentifier\"")) && bytes.Contains(b, []byte("\"itemInfoEntries\""))
}

// Field numbers of Model.
const (
	specificationVersion = 1
	description          = 2
	isUpdatable          = 10

	neuralNetworkRegressor  = 303
	neuralNetworkClassifier = 403
	neuralNetwork           = 500
	mlProgram               = 502
	customModel             = 555
	linkedModel             = 556
	pipelineClassifier      = 200
	pipelineRegressor       = 201
	pipeline                = 202
	serializedModel         = 3000
)

// modelTypes are the model types of Model that are a single piece, by field.
var modelTypes = map[int32]string{
	300: "glmRegressor", 301: "supportVectorRegressor", 302: "treeEnsembleRegressor", 304: "bayesianProbitRegressor",
	400: "glmClassifier", 401: "supportVectorClassifier", 402: "treeEnsembleClassifier", 404: "kNearestNeighborsClassifier",
	501: "itemSimilarityRecommender", 555: "customModel", 556: "linkedModel", 560: "classConfidenceThresholding",
	600: "oneHotEncoder", 601: "imputer", 602: "featureVectorizer", 603: "dictVectorizer", 604: "scaler",
	606: "categoricalMapping", 607: "normalizer", 609: "arrayFeatureExtractor", 610: "nonMaximumSuppression",
	900: "identity", 2000: "textClassifier", 2001: "wordTagger", 2002: "visionFeaturePrint",
	2003: "soundAnalysisPreprocessing", 2004: "gazetteer", 2005: "wordEmbedding", 2006: "audioFeaturePrint", 3000: "serializedModel",
}

// isModelType reports whether a field of Model holds a model.
func isModelType(number int32) bool {
	switch number {
	case pipelineClassifier, pipelineRegressor, pipeline, neuralNetworkRegressor, neuralNetworkClassifier, neuralNetwork, mlProgram:
		return true
	}
	return modelTypes[number] != ""
}

// modelType walks the first fields and returns the field of the model type. The
// last field may go beyond the bytes where the file of the given size does.
func modelType(b []byte, size int64) (int32, bool) {
	if len(b) < 8 || b[0] != specificationVersion<<3 {
		return 0, false
	}
	m := protowire.NewMessage(b)
	var f protowire.Field
	described := false
	for m.Next(&f) {
		switch {
		case f.Is(specificationVersion, protowire.Varint) && f.Uint >= 1 && f.Uint < 64:
		case f.Is(description, protowire.Bytes) && plausibleDescription(f.Message()):
			described = true
		case f.Is(isUpdatable, protowire.Varint):
		case isModelType(f.Number) && f.Type == protowire.Bytes && described:
			return f.Number, true
		default:
			return 0, false
		}
	}
	rest := m.Rest()
	tag, n := protowire.ReadVarint(rest)
	if m.Err() == nil || n == 0 || tag&7 != 2 || !described || int64(len(b)) > size {
		return 0, false
	}
	number := int32(min(tag>>3, 1<<20))
	return number, isModelType(number)
}

// plausibleDescription requires the fields of ModelDescription with named
// inputs and outputs.
func plausibleDescription(m protowire.Message) bool {
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1, 10, 13, 50:
			inner := f.Message()
			var g protowire.Field
			if f.Type != protowire.Bytes || !inner.Next(&g) || !g.Is(1, protowire.Bytes) || !protowire.IsText(g.Bytes) {
				return false
			}
		case 11, 12, 20, 21, 100:
			if f.Type != protowire.Bytes {
				return false
			}
		default:
			return false
		}
	}
	return m.Err() == nil
}

// parse reads a whole model; errors carry the format's name and the path.
func parse(in format.Input) (*graph.Model, error) {
	m, err := parseModel(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}
