package graph

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// attrTypes lists the attribute types by name, for UnmarshalAttrs.
var attrTypes = typesByName(
	&ConvAttrs{}, &PoolAttrs{}, &RoiAttrs{}, &MatMulAttrs{}, &FullyConnectedAttrs{}, &EinsumAttrs{}, &RNNAttrs{}, &SVDFAttrs{},
	&AttentionAttrs{}, &SpectralAttrs{}, &AxisAttrs{}, &AxesAttrs{}, &PermAttrs{}, &ReduceAttrs{}, &GroupAttrs{}, &LRNAttrs{},
	&CastAttrs{}, &TopKAttrs{}, &ReshapeAttrs{}, &FlattenAttrs{}, &SplitAttrs{}, &SliceAttrs{}, &StridedSliceAttrs{}, &CropAttrs{},
	&PadAttrs{}, &GatherAttrs{}, &ResizeAttrs{}, &LayoutAttrs{}, &BlockAttrs{}, &ShapeAttrs{}, &NMSAttrs{}, &PriorBoxAttrs{},
	&LoopAttrs{}, &ScanAttrs{}, &CustomAttrs{}, &FormAttrs{},
)

func typesByName(all ...Attrs) map[string]reflect.Type {
	m := make(map[string]reflect.Type, len(all))
	for _, a := range all {
		t := reflect.TypeOf(a).Elem()
		m[t.Name()] = t
	}
	return m
}

// MarshalAttrs writes attributes as one JSON object whose only key is the type
// and whose value holds the fields that differ from their defaults:
// {"ConvAttrs":{"Strides":[2,2]}}. Nil attributes are "".
func MarshalAttrs(a Attrs) string {
	if a == nil || reflect.ValueOf(a).IsNil() {
		return ""
	}
	v := reflect.ValueOf(a).Elem()
	b, err := json.Marshal(map[string]any{v.Type().Name(): nonZero(v)})
	if err != nil { // NaN or infinite scales: the word still tells the type
		return fmt.Sprintf("{%q:{}}", v.Type().Name())
	}
	return string(b)
}

func nonZero(v reflect.Value) map[string]any {
	out := map[string]any{}
	for i := range v.NumField() {
		f := v.Field(i)
		switch {
		case f.IsZero():
		case v.Type().Field(i).Anonymous:
			for k, x := range nonZero(f) {
				out[k] = x
			}
		case f.Kind() == reflect.Struct:
			out[v.Type().Field(i).Name] = nonZero(f)
		default:
			out[v.Type().Field(i).Name] = f.Interface()
		}
	}
	return out
}

// UnmarshalAttrs reads what MarshalAttrs wrote.
func UnmarshalAttrs(s string) (Attrs, error) {
	if s == "" {
		return nil, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		return nil, fmt.Errorf("attributes: %w", err)
	}
	for name, raw := range m {
		t, ok := attrTypes[name]
		if !ok {
			continue
		}
		v := reflect.New(t)
		if err := json.Unmarshal(raw, v.Interface()); err != nil {
			return nil, fmt.Errorf("attributes %s: %w", name, err)
		}
		return v.Interface().(Attrs), nil
	}
	return nil, fmt.Errorf("attributes of unknown type: %s", strings.TrimSpace(s))
}
