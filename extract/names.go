package extract

import (
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
)

// nameKind says what a file's name suggests. Names decide only whether something
// that is no model gets a row that says so.
type nameKind uint8

const (
	plainName nameKind = iota
	maybeName          // an extension or word that models share with other files
	modelName          // an extension that only models have
)

// nameRules know which names suggest a model.
type nameRules struct{ extensions map[string]nameKind }

// sharedExtensions are used by models and by much else.
var sharedExtensions = []string{"bin", "dat", "data", "model", "weights", "params", "param", "ms", "nb", "nn", "index", "meta", "pkl", "enc", "aes", "crypt", "cfg", "mdl", "graph", "pb", "pbtxt", "prototxt", "proto", "lite", "pt", "om", "obj", "part"}

// plainExtensions say nothing, although some formats list them.
var plainExtensions = []string{"", "txt", "json", "xml", "yml", "yaml", "csv", "zip", "gz", "tar", "html", "js", "so", "png", "jpg", "mp3", "md", "cpu", "conf", "h", "c", "cpp", "py", "ie", "ff", "fst"}

// moreExtensions are model files of formats that may have no reader.
var moreExtensions = []string{"tflite", "tfl", "onnx", "ort", "ptl", "pth", "pte", "ptd", "mnn", "caffemodel", "dlc", "tnnmodel", "tnnproto", "rknn", "task", "litertlm", "mlmodel", "gguf", "ggml", "safetensors", "tmfile", "h5", "hdf5", "keras", "ckpt", "pdmodel", "pdiparams", "nnef", "bmodel", "circle", "armnn", "feathermodel", "vnnmodel", "nnc", "dla", "mindir", "bolt"}

// nameWords in a base name suggest a model if the content is binary and unknown.
var nameWords = []string{"model", "tflite", "onnx", "ncnn", "mnn", "detect", "landmark", "segment", "classif", "recogn", "embedding", "weights", "neural"}

func newNameRules(formats []format.Format) *nameRules {
	r := &nameRules{extensions: map[string]nameKind{}}
	for i := range formats {
		for _, e := range formats[i].Extensions {
			r.extensions[lastExtension(e)] = modelName
		}
	}
	for _, e := range moreExtensions {
		r.extensions[e] = modelName
	}
	for _, e := range sharedExtensions {
		r.extensions[e] = maybeName
	}
	for _, e := range plainExtensions {
		delete(r.extensions, e)
	}
	return r
}

func lastExtension(e string) string {
	return strings.ToLower(e[strings.LastIndexByte(e, '.')+1:])
}

// kind returns what the name at the end of p suggests. A second extension that
// only models have counts through a suffix such as .enc.
func (r *nameRules) kind(p string) nameKind {
	base := strings.ToLower(path.Base(p))
	ext := path.Ext(base)
	k := r.extensions[strings.TrimPrefix(ext, ".")]
	if k == maybeName && r.extensions[strings.TrimPrefix(path.Ext(strings.TrimSuffix(base, ext)), ".")] == modelName {
		return modelName
	}
	return k
}

// hasWord reports whether the base name holds a word that suggests a model.
func hasWord(p string) bool {
	base := strings.ToLower(path.Base(p))
	for _, w := range nameWords {
		if strings.Contains(base, w) {
			return true
		}
	}
	return false
}
