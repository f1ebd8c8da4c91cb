package graph

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Dump writes a stable text of the model, one line per tensor and node, for
// golden files and for people. The same model gives the same bytes everywhere.
func Dump(w io.Writer, m *Model) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "model %s version=%q producer=%q name=%q\n", m.Format, m.FormatVersion, m.Producer, m.Name)
	for _, kv := range m.Metadata {
		fmt.Fprintf(b, "meta %s=%q\n", kv.Key, kv.Value)
	}
	for _, p := range m.Parts {
		fmt.Fprintf(b, "part %q found=%v bytes=%d\n", p.Name, p.Found, p.Bytes)
	}
	for _, o := range m.Opaque {
		fmt.Fprintf(b, "opaque %s %q bytes=%d\n", o.Kind, o.Where, o.Bytes)
	}
	for _, n := range m.Notes {
		fmt.Fprintf(b, "note loses=%v %s\n", n.Loses, n.Text)
	}
	for gi, g := range m.Graphs {
		role := "main"
		if g.Role == RoleBody {
			role = "body"
		}
		fmt.Fprintf(b, "graph %d %q %s inputs=%v outputs=%v\n", gi, g.Name, role, g.Inputs, g.Outputs)
		for i := range g.Tensors {
			fmt.Fprintf(b, "  t%d %s\n", i, tensorText(&g.Tensors[i]))
		}
		for i := range g.Nodes {
			fmt.Fprintf(b, "  n%d %s\n", i, nodeText(&g.Nodes[i]))
		}
	}
	return b.Flush()
}

func tensorText(t *Tensor) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %s %s", t.Name, t.DType, t.Shape)
	for i, d := range t.Shape.dims {
		if n, ok := d.Default(); ok {
			fmt.Fprintf(&b, " default[%d]=%d", i, n)
		}
	}
	if t.IsVariable {
		b.WriteString(" variable")
	}
	if q := t.Quant; q != nil {
		fmt.Fprintf(&b, " quant=%s scales=%d axis=%d block=%d", q.Scheme, len(q.Scales), q.Axis, q.BlockSize)
		if q.Word != "" {
			fmt.Fprintf(&b, " word=%q", q.Word)
		}
	}
	if t.Sparsity != nil {
		fmt.Fprintf(&b, " sparse=%q stored=%d", t.Sparsity.Word, t.Sparsity.StoredElements)
	}
	if c := t.Const; c != nil {
		fmt.Fprintf(&b, " const bytes=%d", c.StoredBytes)
		if c.NotParam {
			b.WriteString(" notparam")
		}
		if c.Missing != "" {
			fmt.Fprintf(&b, " missing=%q", c.Missing)
		}
	}
	return b.String()
}

func nodeText(n *Node) string {
	var b strings.Builder
	op := n.Op
	if op == Unknown {
		op = "?"
	}
	fmt.Fprintf(&b, "%q %s (%s", n.Name, op, n.SourceOp)
	if n.Version > 0 {
		fmt.Fprintf(&b, " v%d", n.Version)
	}
	fmt.Fprintf(&b, ") %v -> %v", n.Inputs, n.Outputs)
	if n.Fused != "" {
		fmt.Fprintf(&b, " fused=%s", n.Fused)
	}
	if len(n.Subgraphs) > 0 {
		fmt.Fprintf(&b, " subgraphs=%v", n.Subgraphs)
	}
	if n.Attrs != nil {
		b.WriteByte(' ')
		writeAttrs(&b, reflect.Indirect(reflect.ValueOf(n.Attrs)))
	}
	return b.String()
}

// writeAttrs prints the fields that differ from their zero value, so that a
// new attribute leaves old golden files as they are.
func writeAttrs(b *strings.Builder, v reflect.Value) {
	b.WriteByte('{')
	first := true
	for i := range v.NumField() {
		f := v.Field(i)
		if f.IsZero() {
			continue
		}
		if !first {
			b.WriteByte(' ')
		}
		first = false
		b.WriteString(v.Type().Field(i).Name)
		b.WriteByte('=')
		if f.Kind() == reflect.Struct {
			writeAttrs(b, f)
			continue
		}
		if f.Kind() == reflect.String {
			fmt.Fprintf(b, "%q", f.String())
			continue
		}
		fmt.Fprintf(b, "%v", f.Interface())
	}
	b.WriteByte('}')
}
