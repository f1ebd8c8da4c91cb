package extracttest

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Class is a class of a dex file with one method, whose code makes the calls
// ("Lorg/example/Net;->run") and loads the strings.
type Class struct {
	Name    string // "Lorg/example/App;"
	Calls   []string
	Strings []string
}

// Dex writes a dex file, version 035, as far as readers of its tables need it: no
// prototypes, fields or checksums.
func Dex(classes ...Class) []byte {
	d := dexWriter{}
	for _, c := range classes {
		d.add(&d.types, c.Name)
		d.methods = append(d.methods, c.Name+"->run")
		for _, m := range c.Calls {
			owner, _, _ := strings.Cut(m, "->")
			d.add(&d.types, owner)
			d.add(&d.methods, m)
		}
		d.strings = append(d.strings, c.Strings...)
	}
	for _, t := range d.types {
		d.add(&d.strings, t)
	}
	for _, m := range d.methods {
		_, name, _ := strings.Cut(m, "->")
		d.add(&d.strings, name)
	}
	return d.write(classes)
}

type dexWriter struct{ strings, types, methods []string }

func (d *dexWriter) add(list *[]string, s string) {
	if !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

func (d *dexWriter) write(classes []Class) []byte {
	le := binary.LittleEndian
	sizes := []int{4 * len(d.strings), 4 * len(d.types), 8 * len(d.methods), 32 * len(classes)}
	at := []int{0x70, 0, 0, 0}
	for i := 1; i < 4; i++ {
		at[i] = at[i-1] + sizes[i-1]
	}
	b := make([]byte, at[3]+sizes[3])
	copy(b, "dex\n035\x00")
	le.PutUint32(b[0x28:], 0x12345678)
	for i, header := range []int{0x38, 0x40, 0x58, 0x60} {
		le.PutUint32(b[header:], uint32([]int{len(d.strings), len(d.types), len(d.methods), len(classes)}[i]))
		le.PutUint32(b[header+4:], uint32(at[i]))
	}
	for i, s := range d.strings {
		le.PutUint32(b[at[0]+4*i:], uint32(len(b)))
		b = append(uleb(b, len(s)), s...)
		b = append(b, 0)
	}
	for i, t := range d.types {
		le.PutUint32(b[at[1]+4*i:], uint32(slices.Index(d.strings, t)))
	}
	for i, m := range d.methods {
		owner, name, _ := strings.Cut(m, "->")
		le.PutUint16(b[at[2]+8*i:], uint16(slices.Index(d.types, owner)))
		le.PutUint32(b[at[2]+8*i+4:], uint32(slices.Index(d.strings, name)))
	}
	for i, c := range classes {
		code := len(b)
		b = d.code(b, c)
		le.PutUint32(b[at[3]+32*i:], uint32(slices.Index(d.types, c.Name)))
		le.PutUint32(b[at[3]+32*i+24:], uint32(len(b)))
		b = append(b, 0, 0, 1, 0) // one direct method
		b = uleb(b, slices.Index(d.methods, c.Name+"->run"))
		b = uleb(append(b, 1), code)
	}
	le.PutUint32(b[0x20:], uint32(len(b))) // of the file
	return b
}

// code writes a code item: const-string and invoke-static for each reference, then
// return-void.
func (d *dexWriter) code(b []byte, c Class) []byte {
	var units []byte
	for _, s := range c.Strings {
		units = binary.LittleEndian.AppendUint16(append(units, 0x1a, 0), uint16(slices.Index(d.strings, s)))
	}
	for _, m := range c.Calls {
		units = binary.LittleEndian.AppendUint16(append(units, 0x71, 0), uint16(slices.Index(d.methods, m)))
		units = append(units, 0, 0)
	}
	units = append(units, 0x0e, 0)
	b = append(b, make([]byte, 12)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(units)/2))
	return append(b, units...)
}

func uleb(b []byte, n int) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}
