package container

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// SQLite keeps rows in pages: what does not fit goes on in a chain of overflow pages,
// so that a large value is in one piece nowhere (Database File Format, sections 1.6 and
// 2.1). Large values of tables are entries "table/row/column", columns counted from 0;
// what is in none of them (indexes, tables without row numbers, free pages) is a gap.

const (
	sqliteSignature = "SQLite format 3\x00"
	sqliteHeader    = 100
	sqliteInterior  = 5
	sqliteLeaf      = 13
	// sqliteBlob and sqliteText are the sizes from which a value is an entry.
	sqliteBlob, sqliteText = 256, 1024
	sqliteDepth            = 32
	// sqliteGap is the size from which what lies between entries is a gap.
	sqliteGap = 64
)

// sqlite reads a database. Every page is visited once, whatever the pages say.
type sqlite struct {
	*Archive
	pageSize, usable int64
	seen             []bool
}

func (a *Archive) listSQLite() error {
	d := &sqlite{Archive: a}
	if len(a.data) < sqliteHeader {
		return errorAt(SQLite, 0, ErrTruncated, "header of a file of %d bytes", len(a.data))
	}
	d.pageSize = int64(binary.BigEndian.Uint16(a.data[16:]))
	if d.pageSize == 1 {
		d.pageSize = 1 << 16
	}
	d.usable = d.pageSize - int64(a.data[20])
	if d.pageSize < 512 || d.pageSize&(d.pageSize-1) != 0 || d.usable < 480 {
		return errorAt(SQLite, 16, ErrMalformed, "pages of %d bytes", d.pageSize)
	}
	d.seen = make([]bool, int64(len(a.data))/d.pageSize+2)
	type table struct {
		name string
		root int64
	}
	var tables []table
	d.walk(1, 0, func(_ int64, payload []Span) {
		values := d.record(payload)
		if len(values) < 5 || string(d.gather(payload, values[0], 16)) != "table" {
			return
		}
		root := int64(0)
		for _, b := range d.gather(payload, values[3], 8) {
			root = root<<8 | int64(b)
		}
		tables = append(tables, table{string(d.gather(payload, values[1], 256)), root})
	})
	for _, t := range tables {
		d.walk(t.root, 0, func(row int64, payload []Span) { d.values(t.name, row, payload) })
	}
	d.gaps()
	return nil
}

// page returns the bytes of a page that can be read, or nil when it was seen before.
func (d *sqlite) page(number int64) []byte {
	if number < 1 || number >= int64(len(d.seen)) || d.seen[number] {
		return nil
	}
	d.seen[number] = true
	from := (number - 1) * d.pageSize
	if from >= int64(len(d.data)) {
		return nil
	}
	return d.data[from:min(from+d.usable, int64(len(d.data)))]
}

// walk calls each with every row of the table whose tree has its root at a page.
func (d *sqlite) walk(number int64, depth int, each func(row int64, payload []Span)) {
	p := d.page(number)
	head := 0
	if number == 1 {
		head = sqliteHeader
	}
	if depth > sqliteDepth || len(p) < head+12 || p[head] != sqliteLeaf && p[head] != sqliteInterior {
		return
	}
	interior := p[head] == sqliteInterior
	cells := head + 8
	if interior {
		cells += 4
	}
	room := len(p) // cells do not share bytes
	for i := range int(binary.BigEndian.Uint16(p[head+3:])) {
		if cells+2*i+2 > len(p) {
			return
		}
		at := int(binary.BigEndian.Uint16(p[cells+2*i:]))
		switch {
		case at+4 > len(p):
		case interior:
			d.walk(int64(binary.BigEndian.Uint32(p[at:])), depth+1, each)
		default:
			row, payload, ok := d.cell(p, number, at)
			if !ok {
				continue
			}
			if room -= int(payload[0].To - payload[0].From); room < 0 {
				return
			}
			each(row, payload)
		}
	}
	if interior {
		d.walk(int64(binary.BigEndian.Uint32(p[head+8:])), depth+1, each)
	}
}

// cell returns where the content of a row lies, in the page and its overflow pages.
func (d *sqlite) cell(p []byte, number int64, at int) (row int64, payload []Span, ok bool) {
	size, n := sqliteVarint(p[at:])
	r, k := sqliteVarint(p[at+n:])
	at += n + k
	if n == 0 || k == 0 || size <= 0 || size > int64(len(d.data)) {
		return 0, nil, false
	}
	local := size
	if most := d.usable - 35; size > most {
		least := (d.usable-12)*32/255 - 23
		if local = least + (size-least)%(d.usable-4); local > most {
			local = least
		}
	}
	start := (number-1)*d.pageSize + int64(at)
	if int64(at)+local > int64(len(p)) {
		return 0, nil, false
	}
	payload = append(payload, Span{start, start + local})
	if size == local {
		return r, payload, true
	}
	if int64(at)+local+4 > int64(len(p)) {
		return 0, nil, false
	}
	next := int64(binary.BigEndian.Uint32(p[int64(at)+local:]))
	for left := size - local; left > 0; {
		o := d.page(next)
		if len(o) < 4 {
			return 0, nil, false
		}
		m := min(left, int64(len(o)-4))
		from := (next-1)*d.pageSize + 4
		if last := &payload[len(payload)-1]; last.To == from {
			last.To += m
		} else {
			payload = append(payload, Span{from, from + m})
		}
		next, left = int64(binary.BigEndian.Uint32(o)), left-m
	}
	return r, payload, true
}

// sqliteValue is a value's place in its row's content, and whether it is text.
type sqliteValue struct {
	Span
	text bool
}

// record reads the header of a row's content.
func (d *sqlite) record(payload []Span) []sqliteValue {
	size := int64(0)
	for _, s := range payload {
		size += s.To - s.From
	}
	head := d.gather(payload, sqliteValue{Span: Span{0, min(size, 9)}}, 9)
	length, n := sqliteVarint(head)
	if n == 0 || length > min(size, 64<<10) || length < int64(n) {
		return nil
	}
	head = d.gather(payload, sqliteValue{Span: Span{int64(n), length}}, int(length))
	var values []sqliteValue
	pos := length
	for len(head) > 0 {
		kind, n := sqliteVarint(head)
		if n == 0 {
			return values
		}
		head = head[n:]
		v := sqliteValue{Span: Span{pos, pos}, text: kind&1 == 1}
		switch {
		case kind >= 12:
			v.To += (kind - 12) / 2
		case kind >= 0 && kind < 8:
			v.To += [...]int64{0, 1, 2, 3, 4, 6, 8, 8}[kind]
		}
		if v.To > size || v.To < pos {
			return values
		}
		values, pos = append(values, v), v.To
	}
	return values
}

// values lists the large values of a row.
func (d *sqlite) values(table string, row int64, payload []Span) {
	for i, v := range d.record(payload) {
		size := v.To - v.From
		if size < sqliteBlob || v.text && size < sqliteText || len(d.Entries) >= d.limits.Entries {
			continue
		}
		e := Entry{Size: size, CompressedSize: size, Method: Blocks, archive: d.Archive, inPlace: true, spans: cutSpans(payload, v.Span)}
		e.Offset = e.spans[0].From
		if len(e.spans) == 1 {
			e.Method, e.spans = Stored, nil
		}
		e.setName(fmt.Sprintf("%s/%d/%d", table, row, i), false)
		d.Entries = append(d.Entries, e)
	}
}

// gather returns at most most bytes of a value.
func (d *sqlite) gather(payload []Span, v sqliteValue, most int) []byte {
	v.To = min(v.To, v.From+int64(most))
	var out []byte
	for _, s := range cutSpans(payload, v.Span) {
		out = append(out, d.data[s.From:s.To]...)
	}
	return out
}

// gaps lists what lies in no entry.
func (d *sqlite) gaps() {
	covered := bytes.Repeat([]byte{0}, len(d.seen)) // by page, for speed: 1 when any of it is in an entry
	for i := range d.Entries {
		e := &d.Entries[i]
		spans := e.spans
		if spans == nil {
			spans = []Span{{e.Offset, e.Offset + e.Size}}
		}
		for _, s := range spans {
			for n := s.From / d.pageSize; n <= (s.To-1)/d.pageSize; n++ {
				covered[n] = 1
			}
		}
	}
	end := int64(len(d.data))
	for from := int64(0); from < end; {
		to := from
		for to < end && covered[to/d.pageSize] == 0 {
			to += d.pageSize
		}
		if to = min(to, end); to-from >= sqliteGap {
			d.Gaps = append(d.Gaps, Span{from, to})
		}
		from = to + d.pageSize
	}
}

// cutSpans returns where bytes [v.From, v.To) of what the spans hold lie.
func cutSpans(spans []Span, v Span) []Span {
	var out []Span
	pos := int64(0)
	for _, s := range spans {
		n := s.To - s.From
		lo, hi := max(v.From-pos, 0), min(v.To-pos, n)
		if lo < hi {
			out = append(out, Span{s.From + lo, s.From + hi})
		}
		pos += n
	}
	return out
}

// sqliteVarint reads a number of one to nine bytes, the high ones first; n is 0 when
// the bytes end before it does.
func sqliteVarint(b []byte) (v int64, n int) {
	for i := 0; i < len(b) && i < 9; i++ {
		if i == 8 {
			return v<<8 | int64(b[i]), 9
		}
		v = v<<7 | int64(b[i]&0x7F)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
