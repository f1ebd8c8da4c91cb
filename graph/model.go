package graph

// Model is one neural network file (or pair of files) as read by its format.
type Model struct {
	// Format is the format's name as registered ("tflite"); FormatVersion and
	// Producer are the file's own words, "" where it does not say.
	Format        string
	FormatVersion string
	Producer      string
	Name          string
	Description   string
	// Graphs holds the main graph first, then bodies of control flow, functions
	// and further signatures. It may be empty for opaque or weights-only files.
	Graphs []*Graph
	// Metadata is what the file says about itself (labels, normalisation,
	// licence, task), in file order; keys are dotted lower-case words.
	Metadata []KeyValue
	// Parts are the companion files that were read, or are missing.
	Parts []Part
	// Opaque lists compiled pieces whose operators cannot be seen (NPU blobs).
	// A model with opaque pieces has unknown cost, never zero.
	Opaque []Opaque
	// Notes say what could not be read, one sentence each. A model with notes
	// that lose operators, shapes or weights has status "partial".
	Notes []Note
	// Length is the number of bytes of the input that belong to the model,
	// where the format can tell; 0 if it cannot. It gives an embedded model
	// its true end.
	Length int64
}

// KeyValue is one line of a model's metadata.
type KeyValue struct{ Key, Value string }

// Part is a companion file of a model.
type Part struct {
	Name string
	// Found says whether the file was there; Bytes is its size then.
	Found bool
	Bytes int64
}

// Opaque is a compiled piece of a model.
type Opaque struct {
	// Kind names it ("edgetpu", "qnn_context", "dispatch_op").
	Kind string
	// Where says in which node or section it lies.
	Where string
	Bytes int64
}

// Note is something the parser could not read.
type Note struct {
	// Loses says that operators, shapes or weights are missing because of it.
	Loses bool
	Text  string
}

// Role says what a graph is for.
type Role uint8

// The roles of a graph within its model.
const (
	// RoleMain is run once per inference. Several signatures are several mains.
	RoleMain Role = iota
	// RoleBody is called by a control-flow node or a function call.
	RoleBody
)

// Graph is a list of nodes over tensors, in execution order where the format
// has one, else in file order.
type Graph struct {
	Name    string
	Role    Role
	Tensors []Tensor
	Nodes   []Node
	Inputs  []TensorID
	Outputs []TensorID
}

// Node is one operator of a graph.
type Node struct {
	Name string
	// Op is the canonical operator; Unknown where the table has none.
	Op Op
	// SourceOp is the file's own word ("CONV_2D", "com.microsoft.FusedConv").
	SourceOp string
	// Version is the operator's version in the file, 0 if it has none.
	Version int
	// Attrs are the canonical operator's typed attributes, nil if it has none.
	// Operands stand in the order that the Op's comment states.
	Attrs   Attrs
	Inputs  []TensorID
	Outputs []TensorID
	// Fused is an activation applied to the result (Relu, Relu6, Tanh, ...),
	// "" if none.
	Fused Op
	// Subgraphs are indexes into Model.Graphs: then/else of If, cond/body of
	// While, the body of Loop, Scan and Call.
	Subgraphs []int
	// Train marks layers that only run in training (Caffe include phase).
	Train bool
}

// Input returns operand i, NoTensor if it is absent.
func (n *Node) Input(i int) TensorID {
	if i < 0 || i >= len(n.Inputs) {
		return NoTensor
	}
	return n.Inputs[i]
}

// Tensor returns the tensor with the given id, nil for NoTensor.
func (g *Graph) Tensor(id TensorID) *Tensor {
	if id < 0 || int(id) >= len(g.Tensors) {
		return nil
	}
	return &g.Tensors[id]
}

// Clone returns a copy whose tensors and node list may be changed without
// touching g; attributes, constants and quantisation are shared.
func (g *Graph) Clone() *Graph {
	c := *g
	c.Tensors = append([]Tensor(nil), g.Tensors...)
	c.Nodes = append([]Node(nil), g.Nodes...)
	return &c
}

// Clone returns a copy of m with cloned graphs.
func (m *Model) Clone() *Model {
	c := *m
	c.Graphs = make([]*Graph, len(m.Graphs))
	for i, g := range m.Graphs {
		c.Graphs[i] = g.Clone()
	}
	return &c
}

// IsPartial reports whether a note says that something was lost.
func (m *Model) IsPartial() bool {
	for _, n := range m.Notes {
		if n.Loses {
			return true
		}
	}
	return false
}
