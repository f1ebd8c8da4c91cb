package evidence

import (
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/extract/evidence/dex"
)

const (
	// maxValues bounds the places in one dex file whose values are looked for.
	maxValues = 512
	// maxText bounds one value that is a text.
	maxText = 120
)

// passedTo returns the values that a call passes to a method, as far as they are
// constants, and whether all of them are known: "4", "true", "GpuDelegate",
// "Accelerator.GPU", with commas between them and "?" for what is not known.
func passedTo(f *dex.File, r dex.Ref) (text string, known bool) {
	shorty := f.Shorty(r.Index)
	values := f.Arguments(r)
	if len(shorty) < 2 {
		return "", true // no parameters
	}
	width := 0
	for _, c := range shorty[1:] {
		width += registersOf(c)
	}
	switch len(values) - width {
	case 0: // a static method
	case 1:
		values = values[1:]
	default:
		return strings.TrimSuffix(strings.Repeat("?, ", len(shorty)-1), ", "), false
	}
	var parts []string
	known = true
	for _, c := range shorty[1:] {
		v := valueText(f, values[0], c)
		if v == "" {
			v, known = "?", false
		}
		parts = append(parts, v)
		values = values[registersOf(c):]
	}
	return strings.Join(parts, ", "), known
}

// registersOf returns how many registers a parameter of a prototype's short form takes.
func registersOf(c rune) int {
	if c == 'J' || c == 'D' {
		return 2
	}
	return 1
}

// valueText writes a value of the type with the given letter, "" for an unknown one.
func valueText(f *dex.File, v dex.Value, letter rune) string {
	switch v.Kind {
	case dex.Number:
		switch letter {
		case 'Z':
			return fmt.Sprint(v.Number != 0)
		case 'F':
			return fmt.Sprint(math.Float32frombits(uint32(v.Number)))
		case 'D':
			return fmt.Sprint(math.Float64frombits(uint64(v.Number)))
		case 'L':
			if v.Number == 0 {
				return "null"
			}
		}
		return fmt.Sprint(v.Number)
	case dex.Text:
		return fmt.Sprintf("%q", clipped(f.String(v.Index)))
	case dex.Static:
		c, n, ok := f.Field(v.Index)
		if !ok {
			return ""
		}
		return shortClass(f.Type(c)) + "." + string(clipped(f.String(n)))
	case dex.Made:
		return "new " + shortClass(f.Type(v.Index))
	case dex.Class:
		return shortClass(f.Type(v.Index)) + ".class"
	}
	return ""
}

func clipped(s []byte) []byte { return s[:min(len(s), maxText)] }

// shortClass is the name of a class without its package: "Interpreter$Options".
func shortClass(descriptor []byte) string {
	return path.Base(strings.TrimSuffix(string(clipped(descriptor)), ";"))
}
