package extracttest

import (
	"bytes"
	"compress/zlib"
	"crypto/md5"
	"encoding/binary"
	"slices"
)

// UnrealPak returns an Unreal .pak of version 8 with the files, each compressed with
// zlib in blocks of 64 KiB. sealed sets the flag of an encrypted index, whose bytes
// are noise then.
func UnrealPak(sealed bool, files ...File) []byte {
	le := binary.LittleEndian
	text := func(b []byte, s string) []byte {
		return append(append(le.AppendUint32(b, uint32(len(s)+1)), s...), 0)
	}
	const blockSize = 64 << 10
	index := le.AppendUint32(text(nil, "../../../Game/Content/"), uint32(len(files)))
	var data []byte
	for _, f := range files {
		var blocks [][]byte
		packed := 0
		for rest := f.Data; len(rest) > 0; {
			n := min(len(rest), blockSize)
			blocks = append(blocks, Zlib(rest[:n]))
			packed += len(blocks[len(blocks)-1])
			rest = rest[n:]
		}
		record := func(offset int) []byte {
			b := le.AppendUint64(le.AppendUint64(le.AppendUint64(nil, uint64(offset)), uint64(packed)), uint64(len(f.Data)))
			b = append(le.AppendUint32(b, 1), make([]byte, 20)...)
			b = le.AppendUint32(b, uint32(len(blocks)))
			at := 57 + 16*len(blocks)
			for _, x := range blocks {
				b = le.AppendUint64(le.AppendUint64(b, uint64(at)), uint64(at+len(x)))
				at += len(x)
			}
			return le.AppendUint32(append(b, 0), blockSize)
		}
		index = append(text(index, f.Name), record(len(data))...)
		data = slices.Concat(data, record(0), slices.Concat(blocks...))
	}
	footer := append(make([]byte, 16), 0)
	if sealed {
		footer[16] = 1
		index = Noise(3, len(index))
	}
	footer = le.AppendUint32(le.AppendUint32(footer, 0x5A6F12E1), 8)
	footer = le.AppendUint64(le.AppendUint64(footer, uint64(len(data))), uint64(len(index)))
	footer = append(append(append(footer, make([]byte, 20)...), "Zlib"...), make([]byte, 156)...)
	return slices.Concat(data, index, footer)
}

// Zlib returns data as a zlib stream. Writing to memory does not fail.
func Zlib(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// GodotPack returns a Godot 4 pack (format version 2) with the files.
func GodotPack(files ...File) []byte {
	le := binary.LittleEndian
	directory, body := le.AppendUint32(nil, uint32(len(files))), []byte{}
	for _, f := range files {
		name := append([]byte("res://"+f.Name), make([]byte, -(6+len(f.Name))&3)...)
		directory = append(le.AppendUint32(directory, uint32(len(name))), name...)
		directory = le.AppendUint64(le.AppendUint64(directory, uint64(len(body))), uint64(len(f.Data)))
		sum := md5.Sum(f.Data)
		directory = le.AppendUint32(append(directory, sum[:]...), 0)
		body = append(append(body, f.Data...), make([]byte, -len(f.Data)&31)...)
	}
	out := []byte("GDPC\x02\x00\x00\x00\x04\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00")
	out = le.AppendUint64(out, uint64(96+len(directory)))
	return slices.Concat(out, make([]byte, 64), directory, body)
}

// AssemblyStore returns a store of compressed .NET assemblies, as Xamarin and .NET 6 to
// 8 keep them in assemblies.blob.
func AssemblyStore(assemblies ...[]byte) []byte {
	le := binary.LittleEndian
	n := uint32(len(assemblies))
	out := le.AppendUint32([]byte("XABA\x01\x00\x00\x00"), n)
	out = append(le.AppendUint32(out, n), make([]byte, 4)...)
	var body []byte
	for i, a := range assemblies {
		packed := assembly(i, a)
		out = le.AppendUint32(le.AppendUint32(out, 20+24*n+uint32(len(body))), uint32(len(packed)))
		out = append(out, make([]byte, 16)...)
		body = append(body, packed...)
	}
	return append(out, body...)
}

func assembly(i int, data []byte) []byte {
	packed := binary.LittleEndian.AppendUint32([]byte("XALZ"), uint32(i))
	return append(binary.LittleEndian.AppendUint32(packed, uint32(len(data))), LZ4(data)...)
}

// AssemblyLibrary returns a library for arm64 that holds such a store, as .NET 9 makes
// it, with the assemblies' names.
func AssemblyLibrary(assemblies ...File) []byte {
	le := binary.LittleEndian
	n := uint32(len(assemblies))
	var names, body []byte
	for _, f := range assemblies {
		names = append(le.AppendUint32(names, uint32(len(f.Name))), f.Name...)
	}
	out := le.AppendUint32(le.AppendUint32([]byte("XABA"), 0x80010002), n)
	out = le.AppendUint32(le.AppendUint32(out, 2*n), 24*n)
	out = append(out, make([]byte, 24*n)...)
	start := uint32(len(out)) + 28*n + uint32(len(names))
	for i, f := range assemblies {
		packed := assembly(i, f.Data)
		out = le.AppendUint32(le.AppendUint32(le.AppendUint32(out, uint32(i)), start+uint32(len(body))), uint32(len(packed)))
		out = append(out, make([]byte, 16)...)
		body = append(body, packed...)
	}
	return Library{Needed: []string{"libc.so"}, Title: "payload", Data: slices.Concat(out, names, body)}.Bytes()
}

// enginePlaces hide a model in the packs of other engines.
func enginePlaces() []place {
	pak := func(sealed bool) func(Model) []byte {
		return func(m Model) []byte {
			return UnrealPak(sealed, File{"Maps/a.umap", Noise(1, 700)}, File{"NNE/" + m.Name, m.Data}, File{"Maps/b.umap", []byte("umap")})
		}
	}
	embedding := func(m Model) []byte {
		return slices.Concat([]byte("MZ\x90\x00"), Noise(2, 200), m.Data, Noise(3, 99))
	}
	return []place{
		{name: "Unreal pak, zlib", verdict: Found, hide: inInner("assets/Game/Content/Paks/pakchunk0.pak", "!/Game/Content/NNE/", pak(false))},
		{name: "Unreal pak, sealed index", verdict: Labelled, hide: inEntry("assets/Game/Content/Paks/pakchunk1.pak", pak(true))},
		{name: "Godot pack", verdict: Found, hide: inInner("assets/main.pck", "!/models/", func(m Model) []byte {
			return GodotPack(File{"icon.svg", []byte("<svg/>")}, File{"models/" + m.Name, m.Data})
		})},
		{name: ".NET assembly", verdict: Found, anywhere: true, hide: inInner("assemblies/assemblies.blob", "!/1.dll!/1", func(m Model) []byte {
			return AssemblyStore([]byte("MZ\x90\x00 one"), embedding(m))
		})},
		{name: ".NET 9 library of assemblies", verdict: Found, anywhere: true, hide: inInner("lib/arm64-v8a/libassemblies.arm64-v8a.blob.so", "!/App.dll!/App", func(m Model) []byte {
			return AssemblyLibrary(File{"Lib.dll", []byte("MZ\x90\x00 one")}, File{"App.dll", embedding(m)})
		})},
	}
}
