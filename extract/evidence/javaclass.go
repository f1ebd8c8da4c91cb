package evidence

import (
	"cmp"
	"encoding/binary"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
)

// maxClasses bounds the bytes of Java classes that are read of one library.
const maxClasses = 256 << 20

// jar reads the classes of an Android library, which become dex only when it becomes
// part of an app.
func (w *reading) jar(file string, b []byte) {
	a, err := container.Open(b, container.Limits{})
	if err != nil {
		w.problem(file + ": " + err.Error())
		return
	}
	w.classes(a, file)
}

// classes holds rules against the Java classes of an archive. Of each rule the
// strongest observation is kept, under the path of the file, or that of the class if
// file is "".
func (w *reading) classes(a *container.Archive, file string) {
	best := map[int]Observation{}
	see := func(ri int, o Observation) {
		if have, ok := best[ri]; !ok || rank[o.Strength] > rank[have.Strength] {
			o.Rule = w.r.rules[ri]
			best[ri] = o
		}
	}
	var decoder container.Decoder
	var buffer []byte
	spent := int64(0)
	for i := range a.Entries {
		e := &a.Entries[i]
		name, isClass := strings.CutSuffix(e.Name, ".class")
		if !isClass || e.Size > 8<<20 {
			continue
		}
		at := cmp.Or(file, e.Name)
		if spent+e.Size > maxClasses {
			w.problem(at + ": more classes than are read for evidence")
			break
		}
		c, err := decoder.Bytes(e, buffer[:0])
		if err != nil {
			w.problem(e.Name + ": " + err.Error())
		}
		spent += int64(len(c.Data)) // which may be more than the archive declares
		if !c.Shared {
			buffer = c.Data
		}
		w.class(at, name, c.Data, see)
	}
	for _, o := range best {
		w.see(o)
	}
}

// class holds rules against one class by its name, the members it names and its
// strings.
func (w *reading) class(path, name string, b []byte, see func(rule int, o Observation)) {
	self := []byte("L" + name + ";")
	for _, ri := range w.r.classes.of(self, w.r.rules) {
		see(ri, Observation{Path: path, Strength: Referenced, Detail: dotted(name), Offset: -1})
	}
	use := func(ri int, detail string) {
		if !w.r.own(self, ri) {
			see(ri, Observation{Path: path, Strength: Called, Caller: dotted(name), Detail: dotted(name) + detail, Offset: -1})
		}
	}
	pool := readConstants(b)
	for _, m := range pool.members {
		for _, ri := range w.r.classes.of([]byte("L"+m.class+";"), w.r.rules) {
			if !m.field {
				use(ri, " calls "+dotted(m.class)+"."+m.name)
			}
		}
		rules, verb := w.r.methods, " calls "
		if m.field {
			rules, verb = w.r.fields, " uses "
		}
		if ri, ok := rules["L"+m.class+";->"+m.name]; ok {
			use(ri, verb+w.r.rules[ri].Pattern)
		}
	}
	for _, text := range pool.texts {
		w.pointer(path, text, -1)
		w.r.texts.find(text, make([]bool, len(w.r.textOf)), func(p, at int) bool {
			n := len(w.r.texts.patterns[p])
			if !stands(text, at, n) {
				return false
			}
			see(w.r.textOf[p], Observation{Path: path, Strength: InText, Caller: dotted(name), Detail: dotted(name) + " holds " + around(text, at, n), Offset: -1})
			return true
		})
	}
}

func dotted(name string) string { return strings.ReplaceAll(name, "/", ".") }

// member is a method or field that a class names.
type member struct {
	class, name string
	field       bool
}

// Tags of a Java class file's constant pool (JVM specification, 4.4).
const (
	poolUTF8               = 1
	poolLong               = 5
	poolDouble             = 6
	poolClass              = 7
	poolField              = 9
	poolMethod             = 10
	poolInterfaceMethod    = 11
	poolNameAndType        = 12
	poolMethodHandle       = 15
	poolString             = 8
	poolMethodType         = 16
	poolModule             = 19
	poolPackage            = 20
	poolInteger, poolFloat = 3, 4
	poolDynamic            = 17
	poolInvokeDynamic      = 18
)

// constants is what a class file's constant pool says.
type constants struct {
	members []member
	texts   [][]byte // string constants of at least four bytes
}

// constantSizes are the sizes of constants with their tags, 0 for no such tag; that
// of text is without the text.
var constantSizes = [21]int{poolUTF8: 3, poolInteger: 5, poolFloat: 5, poolLong: 9, poolDouble: 9, poolClass: 3, poolString: 3,
	poolField: 5, poolMethod: 5, poolInterfaceMethod: 5, poolNameAndType: 5, poolMethodHandle: 4, poolMethodType: 3,
	poolDynamic: 5, poolInvokeDynamic: 5, poolModule: 3, poolPackage: 3}

// readConstants reads the constant pool of a Java class file: u32 magic, u16 minor
// and major, u16 count, then constants of a tag and its fields, big endian. What does
// not decode ends the reading.
func readConstants(b []byte) (c constants) {
	if len(b) < 10 || binary.BigEndian.Uint32(b) != 0xcafebabe {
		return c
	}
	p := constantPool{b: b, at: make([]int, binary.BigEndian.Uint16(b[8:]))}
	pos := 10
	for i := 1; i < len(p.at) && pos+3 <= len(b); i++ {
		tag := int(b[pos])
		if tag >= len(constantSizes) || constantSizes[tag] == 0 || pos+constantSizes[tag] > len(b) {
			break
		}
		p.at[i] = pos
		pos += constantSizes[tag]
		switch tag {
		case poolUTF8:
			pos += int(binary.BigEndian.Uint16(b[pos-2:]))
		case poolLong, poolDouble:
			i++ // takes two places
		}
	}
	for i, at := range p.at {
		if at == 0 {
			continue
		}
		switch tag := int(b[at]); tag {
		case poolString:
			if s := p.text(p.field(i, tag, 0)); len(s) >= 4 {
				c.texts = append(c.texts, s)
			}
		case poolField, poolMethod, poolInterfaceMethod:
			class := p.text(p.field(p.field(i, tag, 0), poolClass, 0))
			name := p.text(p.field(p.field(i, tag, 1), poolNameAndType, 0))
			if len(class) > 0 && len(name) > 0 {
				c.members = append(c.members, member{class: string(class), name: string(name), field: tag == poolField})
			}
		}
	}
	return c
}

// constantPool knows where each constant stands.
type constantPool struct {
	b  []byte
	at []int
}

// field returns the k-th u16 of constant i if it has that tag, else 0.
func (p *constantPool) field(i, tag, k int) int {
	if i <= 0 || i >= len(p.at) || p.at[i] == 0 || p.b[p.at[i]] != byte(tag) {
		return 0
	}
	return int(binary.BigEndian.Uint16(p.b[p.at[i]+1+2*k:]))
}

// text returns the text of constant i, nil if it is none.
func (p *constantPool) text(i int) []byte {
	size := p.field(i, poolUTF8, 0)
	if size == 0 || p.at[i]+3+size > len(p.b) {
		return nil
	}
	return p.b[p.at[i]+3 : p.at[i]+3+size]
}
