package litert

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// put adds a line of metadata unless its value is empty.
func (r *reader) put(key, value string) {
	value = strings.TrimRight(value, "\x00")
	if value != "" && len(r.m.Metadata) < maxMetadata {
		r.m.Metadata = append(r.m.Metadata, graph.KeyValue{Key: key, Value: r.text(value)})
	}
}

// maxMetadata bounds the lines that hostile metadata can make.
const maxMetadata = 4096

// signatures writes one line per SignatureDef: the subgraph, and the names
// that callers use for its inputs and outputs.
func (r *reader) signatures(model flatbuf.Table) {
	list := model.Tables(modelSignatureDefs)
	for i := range list.Len() {
		t := list.Table(i)
		sub := int(t.Uint32(signatureSubgraphIndex, 0))
		t.String(signatureDeprecatedTag)
		if r.err() != nil || sub < 0 || sub >= len(r.m.Graphs) {
			r.fb.Fail(flatbuf.Malformed, t.Pos(), fmt.Sprintf("signature of subgraph %d of %d", sub, len(r.m.Graphs)))
			return
		}
		g := r.m.Graphs[sub]
		g.Role = graph.RoleMain
		key := r.text(t.String(signatureKey))
		r.put("signature."+strconv.Itoa(i), fmt.Sprintf("%s subgraph=%d inputs=%s outputs=%s", key, sub,
			r.tensorMaps(t.Tables(signatureInputs), g), r.tensorMaps(t.Tables(signatureOutputs), g)))
	}
}

// tensorMaps returns "name=tensor,...".
func (r *reader) tensorMaps(list flatbuf.Vector, g *graph.Graph) string {
	var b strings.Builder
	for i := range list.Len() {
		t := list.Table(i)
		name, id := t.String(tensorMapName), int(t.Uint32(tensorMapTensorIndex, 0))
		if b.Len() > r.lim.TextBytes {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name)
		if id >= 0 && id < len(g.Tensors) {
			b.WriteString("=" + g.Tensors[id].Name)
		}
	}
	return b.String()
}

// metadata reads the named buffers of Model.metadata.
func (r *reader) metadata(model flatbuf.Table) error {
	if strings.HasSuffix(r.m.Description, "Converted.") { // "MLIR Converted.", "TOCO Converted."
		r.m.Producer = r.m.Description
	}
	list := model.Tables(modelMetadata)
	for i := range list.Len() {
		t := list.Table(i)
		name, index := r.text(t.String(metadataName)), t.Uint32(metadataBuffer, 0)
		if err := r.err(); err != nil {
			return err
		}
		if int64(index) >= int64(len(r.consts)) {
			return format.Errorf(format.ErrMalformed, int64(t.Pos()), "metadata %q: buffer %d of %d", name, index, len(r.consts))
		}
		var data []byte
		if c := r.consts[index]; c != nil {
			data = c.Data
		}
		r.entry(name, data)
	}
	return nil
}

func (r *reader) entry(name string, data []byte) {
	switch name {
	case "min_runtime_version":
		r.put(name, r.text(string(data[:min(len(data), 64)])))
	case "TFLITE_METADATA":
		if flatbuf.Identifier(data) == "M001" {
			r.modelMetadata(data)
			return
		}
		r.note(false, "TFLITE_METADATA is not of the kind \"M001\"")
	case "CONVERSION_METADATA":
		r.conversion(data)
	case "":
	default:
		r.put("buffer."+name, fmt.Sprintf("%d bytes", len(data)))
	}
}

// Slots of conversion_metadata.fbs.
const (
	conversionEnvironment = 0
	conversionOptions     = 1

	environmentTensorFlowVersion = 0
	environmentAPIVersion        = 1
	environmentModelType         = 2

	optionsOptimizationModes  = 0
	optionsAllowCustomOps     = 1
	optionsEnableSelectTFOps  = 2
	optionsForceSelectTFOps   = 3
	optionsSparsityBlockSizes = 4
)

// modelTypes is enum ModelType of conversion_metadata.fbs.
var modelTypes = [...]string{"", "TF_SAVED_MODEL", "KERAS_MODEL", "TF_CONCRETE_FUNCTIONS", "TF_GRAPH_DEF", "TF_SESSION", "JAX", "PYTORCH"}

// optimizationModes is enum ModelOptimizationMode of conversion_metadata.fbs.
var optimizationModes = map[int32]string{
	1001: "PTQ_FLOAT16", 1002: "PTQ_DYNAMIC_RANGE", 1003: "PTQ_FULL_INTEGER", 1004: "PTQ_INT16",
	2000: "QUANTIZATION_AWARE_TRAINING", 3001: "RANDOM_SPARSITY", 3002: "BLOCK_SPARSITY", 3003: "STRUCTURED_SPARSITY",
}

func (r *reader) conversion(data []byte) {
	fb := flatbuf.New(data)
	root := fb.Root()
	env, opt := root.Table(conversionEnvironment), root.Table(conversionOptions)
	version := r.text(env.String(environmentTensorFlowVersion))
	if fb.Err() != nil {
		r.note(false, "CONVERSION_METADATA cannot be read")
		return
	}
	if version != "" {
		r.m.Producer = strings.TrimSpace("tensorflow " + version)
		r.put("converter.tensorflow_version", version)
	}
	if v := env.Uint32(environmentAPIVersion, 0); v > 0 {
		r.put("converter.api_version", strconv.Itoa(int(v)))
	}
	if k := env.Int32(environmentModelType, 0); k > 0 && int(k) < len(modelTypes) {
		r.put("converter.model_type", modelTypes[k])
	}
	modes := opt.Vector(optionsOptimizationModes, 4)
	var words []string
	for i := range min(modes.Len(), 16) {
		word, ok := optimizationModes[modes.Int32(i)]
		if !ok {
			word = strconv.Itoa(int(modes.Int32(i)))
		}
		words = append(words, word)
	}
	r.put("converter.optimizations", strings.Join(words, ","))
	if opt.Bool(optionsAllowCustomOps) {
		r.put("converter.allow_custom_ops", "true")
	}
	if opt.Bool(optionsEnableSelectTFOps) || opt.Bool(optionsForceSelectTFOps) {
		r.put("converter.select_tf_ops", "true")
	}
	if n := opt.Tables(optionsSparsityBlockSizes).Len(); n > 0 {
		r.put("converter.sparsity_block_sizes", strconv.Itoa(n))
	}
}
