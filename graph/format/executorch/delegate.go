package executorch

import (
	"bytes"
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/qnncontext"
)

// delegate makes a call of the graph inside where it can be read (XNNPACK), an
// opaque node otherwise: there the network is compiled. Inputs and
// outputs are told apart by who wrote a tensor: the arguments after the first
// one that nothing has written are results.
func (p *plan) delegate(d flatbuf.Table, args []aten.Value) graph.Node {
	id := flatfmt.Text(d.String(delegateID), p.lim)
	data := p.payload(d.Table(delegateProcessed))
	size := int64(len(data))
	specs := d.Tables(delegateCompileSpecs)
	for i := range specs.Len() {
		specs.Table(i).String(0)
		specs.Table(i).Bytes(1)
	}
	n := graph.Node{Op: graph.OpaqueOp, SourceOp: id, Name: id, Attrs: &graph.CustomAttrs{Bytes: size}}
	written := map[graph.TensorID]bool{}
	for _, t := range p.g.Inputs {
		written[t] = true
	}
	for i := range p.g.Nodes {
		for _, t := range p.g.Nodes[i].Outputs {
			written[t] = true
		}
	}
	for _, a := range args {
		if a.Kind != aten.Tensor {
			continue
		}
		if t := p.g.Tensor(a.Tensor); written[p.single.Now(a.Tensor)] || t.Const != nil {
			n.Inputs = append(n.Inputs, a.Tensor)
		} else {
			n.Outputs = append(n.Outputs, a.Tensor)
		}
	}
	if id == xnnpackID {
		if body, err := p.readXnnpack(data); err == nil {
			body.Name = fmt.Sprintf("%s_%d", id, len(p.bodies))
			p.bodies = append(p.bodies, body)
			n.Op, n.Attrs, n.Subgraphs = graph.Call, nil, []int{-len(p.bodies)}
			return n
		}
	}
	qnncontext.Describe(p.m, data, p.lim)
	p.m.Opaque = append(p.m.Opaque, graph.Opaque{Kind: delegateKind(id, data), Where: id, Bytes: size})
	return n
}

// delegateKinds names what a delegate's payload is, by the delegate's id.
var delegateKinds = map[string]string{
	xnnpackID: "xnnpack", "QnnBackend": "qnn_context", "CoreMLBackend": "coreml_package", "MPSBackend": "mps_graph", "VulkanBackend": "vulkan_graph",
	"EthosUBackend": "ethos_u", "VgfBackend": "arm_vgf", "NeuropilotBackend": "mediatek_neuron", "EnnBackend": "samsung_enn", "OpenvinoBackend": "openvino_blob",
	"RockchipBackend": "rknn", "NeutronBackend": "nxp_neutron", "CadenceBackend": "cadence", "MetalBackend": "metal", "CudaBackend": "cuda", "TensorRTBackend": "tensorrt",
}

// delegateKind says what a payload is: by its content where that is
// unmistakable, else by the id of the delegate it is for.
func delegateKind(id string, data []byte) string {
	head := data[:min(len(data), 4096)]
	switch {
	case bytes.Contains(head, []byte("VK00")) && bytes.Contains(head[:min(len(head), 64)], []byte("VH00")):
		return "vulkan_graph"
	case bytes.Contains(head[:min(len(head), 64)], []byte("vela_bin_stream")):
		return "ethos_u"
	}
	if kind := delegateKinds[id]; kind != "" {
		return kind
	}
	return "executorch_delegate"
}

// payload returns a delegate's data, nil if it is not there.
func (p *plan) payload(ref flatbuf.Table) []byte {
	i := ref.Uint32(1, 0)
	if ref.Uint8(0, 0) == 1 {
		if int64(i) < int64(len(p.segments)) {
			s := p.segments[i]
			return p.in.Data[s.off : s.off+s.size : s.off+s.size]
		}
		return nil
	}
	if int64(i) < int64(p.blobs.Len()) {
		return p.blobs.Table(int(i)).Bytes(0)
	}
	return nil
}
