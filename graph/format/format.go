package format

import "github.com/gaugenn/gaugenn/graph"

// Confidence is how sure Match is. Only a successful Parse confirms a match.
type Confidence uint8

// Confidences, weakest first. Formats are tried strongest first; among equals
// in the order of the list.
const (
	// No means that the bytes are not of this format.
	No Confidence = iota
	// Weak means that nothing speaks against it: formats without a magic.
	// A weak match that fails to parse is not a model and leaves no complaint.
	Weak
	// Likely means that the structure of the first bytes fits.
	Likely
	// Certain means an unmistakable magic: a failed parse is then reported as
	// truncated, malformed, unsupported or encrypted.
	Certain
)

// Head is what Match may look at.
type Head struct {
	// Name is the file's base name, a hint only: any name may carry any format.
	Name string
	// Bytes are the first bytes of the file, at most MaxHead.
	Bytes []byte
	// Size is the whole size in bytes, -1 if unknown.
	Size int64
	// Trailing says that the bytes may go on after the model, as in Input.
	Trailing bool
}

// MaxHead is the most that Match gets to see.
const MaxHead = 64 << 10

// Format is one model format.
type Format struct {
	// Name is short and lower-case ("tflite"): the value of the format column.
	Name string
	// Title is its proper name ("TensorFlow Lite / LiteRT").
	Title string
	// Extensions seen in the wild, without the dot: documentation and a hint.
	Extensions []string
	// Magic describes the signature for people ("\"TFL3\" at offset 4").
	Magic string
	// Container says what the file is built of ("FlatBuffers", "protobuf").
	Container string
	// Reads and ReadsNot say in a sentence each what is read and what is not.
	Reads, ReadsNot string
	// Match decides by content whether a file may be of this format. It never
	// fails and never allocates in proportion to the input.
	Match func(Head) Confidence
	// Parse reads a whole file.
	Parse func(Input) (*graph.Model, error)
	// Parts names the companion files that Parse will ask for, given the name
	// and first bytes of the main file: so that the scanner keeps them at hand
	// and marks them part_of. Nil for formats of a single file. Names are
	// relative to the main file's folder.
	Parts func(Head) []string
	// Embedded lists byte strings whose occurrence anywhere in a file may mark
	// a model in it; nil if the format cannot be found that way.
	Embedded []Signature
	// Headed says that a model can be looked for behind a header of unknown length:
	// Match says No to nearly all other bytes at little cost, Parse reads to the end
	// of the model and reports it.
	Headed bool
}

// Signature is a byte string at a fixed distance from a model's start.
type Signature struct {
	Bytes []byte
	// Offset is where Bytes stand, counted from the model's first byte.
	Offset int64
}

// Input is what Parse gets.
type Input struct {
	// Path names the file in errors.
	Path string
	// Name is the base name, from which companion names derive.
	Name string
	// Data is the whole file; it must not be changed, and stays valid as long
	// as the model is used.
	Data []byte
	// Open returns a companion file by name relative to the main file, or an
	// error that is ErrNotFound. It may be nil: then there are no companions.
	Open func(name string) ([]byte, error)
	// List returns the names of the files beside the main one, in order, for
	// formats whose companions are found by content. It may be nil.
	List func() []string
	// Trailing says that Data may go on after the model (a model found inside
	// another file): the parser then finds the model's own end and reports it
	// in Model.Length instead of refusing the rest.
	Trailing bool
	Limits   Limits
}

// Companion returns the companion file with the given name, or an error that
// is ErrNotFound.
func (in Input) Companion(name string) ([]byte, error) {
	if in.Open == nil {
		return nil, ErrNotFound
	}
	return in.Open(name)
}

// Limits bound what a parser may build. A zero field means the default.
type Limits struct {
	// Nodes and Tensors bound the lists of one model.
	Nodes, Tensors int
	// Depth bounds nesting (messages, graphs in graphs).
	Depth int
	// TextBytes bounds any one string kept from the file.
	TextBytes int
	// DecodedBytes bounds what Const.Decode and metadata may inflate to.
	DecodedBytes int64
}

// OrDefault returns the limits with defaults for zero fields.
func (l Limits) OrDefault() Limits {
	if l.Nodes == 0 {
		l.Nodes = 1 << 20
	}
	if l.Tensors == 0 {
		l.Tensors = 4 << 20
	}
	if l.Depth == 0 {
		l.Depth = 64
	}
	if l.TextBytes == 0 {
		l.TextBytes = 1 << 16
	}
	if l.DecodedBytes == 0 {
		l.DecodedBytes = 256 << 20
	}
	return l
}
