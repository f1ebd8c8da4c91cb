package extracttest

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// UnityObject is an object of a Unity file of assets.
type UnityObject struct {
	// Class is 49 for a text asset, 114 for an object of a script.
	Class   int32
	Name    string
	Content []byte // of the text, or of the script's one array of bytes
	More    []byte // further fields of the script
}

// UnityAssets returns a file of assets as Unity 2021 writes it into apps, without
// descriptions of types.
func UnityAssets(objects ...UnityObject) []byte {
	le, be := binary.LittleEndian, binary.BigEndian
	text := func(b, s []byte) []byte {
		b = append(le.AppendUint32(b, uint32(len(s))), s...)
		return append(b, make([]byte, -len(s)&3)...)
	}
	meta := append([]byte("2021.3.45f1\x00"), 13, 0, 0, 0, 0) // Android, no descriptions
	meta = le.AppendUint32(meta, uint32(len(objects)))
	for _, o := range objects {
		meta = append(le.AppendUint32(meta, uint32(o.Class)), 0, 0, 0)
		if o.Class == 114 {
			meta = append(meta, make([]byte, 16)...)
		}
		meta = append(meta, make([]byte, 16)...)
	}
	const header = 48
	var data []byte
	meta = le.AppendUint32(meta, uint32(len(objects)))
	for i, o := range objects {
		data = append(data, make([]byte, -len(data)&15)...)
		start := len(data)
		if o.Class == 114 {
			data = append(data, make([]byte, 28)...)
		}
		data = append(text(text(data, []byte(o.Name)), o.Content), o.More...)
		meta = append(meta, make([]byte, -(header+len(meta))&3)...)
		meta = le.AppendUint64(le.AppendUint64(meta, uint64(i+1)), uint64(start))
		meta = le.AppendUint32(le.AppendUint32(meta, uint32(len(data)-start)), uint32(i))
	}
	meta = append(meta, make([]byte, 13)...) // no scripts, externals, references, user data
	from := (header + len(meta) + 15) &^ 15
	out := make([]byte, 8, from)
	out = append(be.AppendUint32(out, 22), make([]byte, 8)...)
	out = be.AppendUint32(out, uint32(len(meta)))
	out = be.AppendUint64(be.AppendUint64(be.AppendUint64(out, uint64(from+len(data))), uint64(from)), 0)
	out = append(out, meta...)
	return append(append(out, make([]byte, from-len(out))...), data...)
}

// UnityBundle returns an asset bundle of version 8 with the files as nodes, in blocks
// of 128 KiB, stored or under LZ4.
func UnityBundle(lz4 bool, files ...File) []byte {
	be := binary.BigEndian
	var nodes, content, blocks, table []byte
	for _, f := range files {
		nodes = be.AppendUint64(be.AppendUint64(nodes, uint64(len(content))), uint64(len(f.Data)))
		nodes = append(append(be.AppendUint32(nodes, 4), f.Name...), 0)
		content = append(content, f.Data...)
	}
	count := 0
	for rest := content; len(rest) > 0; count++ {
		n := min(len(rest), 128<<10)
		packed, method := rest[:n], uint16(0)
		if lz4 {
			packed, method = LZ4(rest[:n]), 3
		}
		table = be.AppendUint32(be.AppendUint32(table, uint32(n)), uint32(len(packed)))
		table = be.AppendUint16(table, method)
		blocks = append(blocks, packed...)
		rest = rest[n:]
	}
	table = slices.Concat(make([]byte, 16), be.AppendUint32(nil, uint32(count)), table, be.AppendUint32(nil, uint32(len(files))), nodes)
	full, flags := len(table), uint32(0x240)
	if lz4 {
		table, flags = LZ4(table), 0x243
	}
	out := append(be.AppendUint32([]byte("UnityFS\x00"), 8), "5.x.x\x002022.3.50f1\x00"...)
	at := len(out)
	out = append(out, make([]byte, 8)...)
	out = be.AppendUint32(be.AppendUint32(be.AppendUint32(out, uint32(len(table))), uint32(full)), flags)
	out = append(append(out, make([]byte, -len(out)&15)...), table...)
	out = append(append(out, make([]byte, -len(out)&15)...), blocks...)
	be.PutUint64(out[at:], uint64(len(out)))
	return out
}

// LZ4 returns data as one LZ4 block, after the format's description: a token with
// two lengths, literals, the distance of a match that follows.
func LZ4(data []byte) []byte {
	const least, lastLiterals = 4, 12
	var out []byte
	long := func(n int) {
		for ; n >= 255; n -= 255 {
			out = append(out, 255)
		}
		out = append(out, byte(n))
	}
	sequence := func(literals []byte, distance, match int) {
		token := min(len(literals), 15) << 4
		if distance > 0 {
			token |= min(match-least, 15)
		}
		if out = append(out, byte(token)); len(literals) >= 15 {
			long(len(literals) - 15)
		}
		if out = append(out, literals...); distance == 0 {
			return
		}
		if out = append(out, byte(distance), byte(distance>>8)); match-least >= 15 {
			long(match - least - 15)
		}
	}
	seen := map[uint32]int{}
	from := 0
	for i := 0; i+lastLiterals < len(data); {
		key := binary.LittleEndian.Uint32(data[i:])
		at, ok := seen[key]
		seen[key] = i
		if !ok || i-at > 0xFFFF {
			i++
			continue
		}
		n := least
		for i+n+5 < len(data) && data[at+n] == data[i+n] {
			n++
		}
		sequence(data[from:i], i-at, n)
		i += n
		from = i
	}
	sequence(data[from:], 0, 0)
	return out
}

// unityPlaces hide a model in the files of a Unity game.
func unityPlaces() []place {
	const folder = "assets/bin/Data/"
	assets := func(class int32, more []byte) func(Model) []byte {
		return func(m Model) []byte {
			return UnityAssets(
				UnityObject{Class: 49, Name: "readme", Content: []byte("levels and so on")},
				UnityObject{Class: class, Name: m.Name, Content: m.Data, More: more},
				UnityObject{Class: 114, Name: "config", Content: Noise(5, 40)},
			)
		}
	}
	in := func(entry, inner string, file func(Model) []byte) func([]Model) ([]File, string, error) {
		return inInner(folder+entry, inner, file)
	}
	bundle := func(lz4 bool, file func(Model) []byte) func(Model) []byte {
		return func(m Model) []byte {
			return UnityBundle(lz4, File{"globalgamemanagers", UnityAssets()}, File{"sharedassets0.assets", file(m)}, File{"sharedassets0.assets.resS", Noise(9, 3000)})
		}
	}
	text, object := assets(49, nil), assets(114, nil)
	return []place{
		{name: "text asset of Unity", verdict: Found, hide: in("sharedassets0.assets", "!/", text)},
		{name: "bytes of a Unity object", verdict: Found, hide: in("level0", "!/", object)},
		{name: "in a larger Unity object", verdict: Found, anywhere: true, hide: in("sharedassets1.assets", "", assets(114, Noise(6, 20)))},
		{name: "Unity resource file", verdict: Found, anywhere: true, hide: in("sharedassets0.resource", "", func(m Model) []byte {
			return slices.Concat(Noise(7, 1000), m.Data, Noise(8, 77))
		})},
		{name: "Unity assets in pieces", verdict: Found, hide: inUnityPieces("sharedassets3.assets", "!/", func(m Model) []byte {
			return UnityAssets(UnityObject{Class: 28, Name: "texture", Content: Noise(4, 1<<20-300)}, UnityObject{Class: 114, Name: m.Name, Content: m.Data})
		})},
		{name: "Unity resource in pieces", verdict: Found, anywhere: true, hide: inUnityPieces("sharedassets3.resource", "", func(m Model) []byte {
			return slices.Concat(Noise(4, 2<<20-200), m.Data, Noise(5, 60))
		})},
		{name: "Unity bundle, stored", verdict: Found, hide: in("data.unity3d", "!/sharedassets0.assets!/", bundle(false, text))},
		{name: "Unity bundle, LZ4", verdict: Found, hide: in("data.unity3d", "!/sharedassets0.assets!/", bundle(true, object))},
		{name: "Unity bundle, file of its own", verdict: Found, hide: in("models.bundle", "!/sharedassets0.assets", bundle(true, same))},
		{name: "Unity bundle behind a header", verdict: Found, hide: in("x/3f2a", "!/sharedassets0.assets!/", func(m Model) []byte {
			return append([]byte("game header 1\x00"), bundle(true, text)(m)...)
		})},
	}
}

// inUnityPieces hides a model in a file of a Unity game that is cut into pieces of
// 1 MiB, as packages for Android hold it.
func inUnityPieces(file, inner string, content func(Model) []byte) func([]Model) ([]File, string, error) {
	return func(m []Model) ([]File, string, error) {
		p := NewApp(appName)
		at := "assets/bin/Data/" + file + ".split"
		k := 0
		for piece := range slices.Chunk(content(m[0]), 1<<20) {
			p.Store(fmt.Sprint(at, k), piece)
			k++
		}
		b, err := p.Bytes()
		return []File{{"app.apk", b}}, at + "0" + inner, err
	}
}
