package extracttest

import "encoding/binary"

// Strings returns a resource table of package 0x7f with one type "string" whose
// entries are given; references make entries point at other ids instead. Entry i
// has the id 0x7f010000+i.
func Strings(entries []string, references map[int]uint32) []byte {
	var offsets, data []byte
	for i := range entries {
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(data)))
		data = append(data, 8, 0, 0, 0, byte(i), 0, 0, 0) // size, flags, key
		kind, value := byte(3), uint32(i)
		if id, ok := references[i]; ok {
			kind, value = 1, id
		}
		data = append(data, 8, 0, 0, kind)
		data = binary.LittleEndian.AppendUint32(data, value)
	}
	const config = 28
	header := []byte{1, 0, 0, 0}
	header = binary.LittleEndian.AppendUint32(header, uint32(len(entries)))
	header = binary.LittleEndian.AppendUint32(header, uint32(20+config+len(offsets)))
	header = append(header, config, 0, 0, 0)
	header = append(header, make([]byte, config-4)...)
	table := Chunk(0x0201, header, append(offsets, data...))

	pkg := make([]byte, 276)
	pkg[0] = 0x7f
	return Chunk(0x0002, []byte{1, 0, 0, 0}, append(StringPool(entries...), Chunk(0x0200, pkg, table)...))
}
