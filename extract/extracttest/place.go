package extracttest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"slices"
)

// Model is a file to be hidden.
type Model struct {
	// Name is its own name, such as "net.tflite".
	Name string
	Data []byte
	// Anywhere says that its format can be told in the middle of other bytes and
	// says where it ends.
	Anywhere bool
	// Partial says that its format does not read all of it, so that nothing proves
	// that pieces of it belong together.
	Partial bool
	// Headed says that its format, which has no signature, is told behind a header.
	Headed bool
	// Masked says that a key of three or four bytes over it leaves too little of its
	// format's signs to know it by.
	Masked bool
}

// Verdict is what a scan is to say of a planted model.
type Verdict string

// The verdicts.
const (
	// Found: a finding with the model's own bytes, by their SHA-256.
	Found Verdict = "found"
	// Labelled: the file it is in is called encrypted.
	Labelled Verdict = "labelled"
	// Missed: not supported today; nothing is promised.
	Missed Verdict = "missed"
)

// File is a file of a planted app.
type File struct {
	Name string
	Data []byte
}

// Plant is one or more models in a place of an app.
type Plant struct {
	Place   string
	Models  []Model
	Verdict Verdict
	// Files are the app's files on disk; more than one for a split set.
	Files []File
	// Within is the beginning of the path at which the finding is expected.
	Within string
}

// Places returns the names of the places, in a fixed order.
func Places() []string {
	all := places()
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return names
}

// Hide plants models, of which a place takes one or several, in the named place of
// a new app. ok is false if the place is not for such a model.
func Hide(place string, models []Model) (p Plant, ok bool, err error) {
	for _, l := range places() {
		if l.name != place {
			continue
		}
		if l.headed && !models[0].Headed {
			return p, false, nil
		}
		isZIP := bytes.HasPrefix(models[0].Data, []byte("PK\x03\x04"))
		if l.tail && !models[0].Anywhere && !isZIP || l.zip && !isZIP {
			return p, false, nil
		}
		if l.anywhere && !models[0].Anywhere || l.pieces && models[0].Partial || l.masked && models[0].Masked {
			return p, false, nil
		}
		p = Plant{Place: place, Models: models[:1], Verdict: l.verdict}
		if l.several {
			p.Models = slices.DeleteFunc(slices.Clone(models), func(m Model) bool { return !m.Anywhere })
		}
		p.Files, p.Within, err = l.hide(p.Models)
		return p, true, err
	}
	return p, false, fmt.Errorf("no place %q", place)
}

// place is one way to hide a model.
type place struct {
	name     string
	verdict  Verdict
	anywhere bool // only for models that can be told anywhere
	tail     bool // only for models that are told anywhere, or in archives that say where they end
	zip      bool // only for models that are ZIP files
	headed   bool // only for models that are told behind a header without a signature
	masked   bool // under a key that leaves little to know some models by
	several  bool // takes all models at once
	pieces   bool // cuts the model
	hide     func([]Model) ([]File, string, error)
}

const appName = "org.example.planted"

// inEntry hides the first model, transformed, in an entry of an APK.
func inEntry(name string, transform func(Model) []byte) func([]Model) ([]File, string, error) {
	return func(m []Model) ([]File, string, error) {
		p := NewApp(appName)
		at := name
		if at[len(at)-1] == '/' {
			at += m[0].Name
		}
		p.Deflate(at, transform(m[0]))
		b, err := p.Bytes()
		return []File{{"app.apk", b}}, at, err
	}
}

// inInner is inEntry for an entry that has parts: the model is expected in the one
// whose path goes on with inner.
func inInner(name, inner string, transform func(Model) []byte) func([]Model) ([]File, string, error) {
	hide := inEntry(name, transform)
	return func(m []Model) ([]File, string, error) {
		files, at, err := hide(m)
		return files, at + inner, err
	}
}

func same(m Model) []byte { return m.Data }

func places() []place {
	return slices.Concat(plainPlaces(), nestedPlaces(), insidePlaces(), textPlaces(), picturePlaces(), protectedPlaces(), packagePlaces(), otherPackages(), unityPlaces(), enginePlaces(), missedPlaces())
}

func plainPlaces() []place {
	return []place{
		{name: "asset", verdict: Found, hide: inEntry("assets/", same)},
		{name: "stored asset", verdict: Found, hide: func(m []Model) ([]File, string, error) {
			p := NewApp(appName)
			p.Store("assets/"+m[0].Name, m[0].Data)
			b, err := p.Bytes()
			return []File{{"app.apk", b}}, "assets/", err
		}},
		{name: "renamed to .bin", verdict: Found, hide: inEntry("assets/blobs/x7.bin", same)},
		{name: "renamed to .png", verdict: Found, hide: inEntry("res/drawable/a.png", same)},
		{name: "raw resource without extension", verdict: Found, hide: inEntry("res/raw/payload", same)},
	}
}

func nestedPlaces() []place {
	zipped := func(m Model) []byte { b, _ := Zip("in/"+m.Name, m.Data); return b }
	return []place{
		{name: "zip", verdict: Found, hide: inEntry("assets/models.zip", zipped)},
		{name: "zip named .dat", verdict: Found, hide: inEntry("assets/models.dat", zipped)},
		{name: "zip in zip", verdict: Found, hide: inEntry("assets/outer.zip", func(m Model) []byte { b, _ := Zip("inner.zip", zipped(m)); return b })},
		{name: "gzip", verdict: Found, hide: inEntry("assets/net.gz", func(m Model) []byte { return Gzip(m.Data) })},
		{name: "gzip named .bin", verdict: Found, hide: inEntry("assets/net.bin", func(m Model) []byte { return Gzip(m.Data) })},
		{name: "tar", verdict: Found, hide: inEntry("assets/net.tar", func(m Model) []byte { return Tar("a/"+m.Name, m.Data) })},
		{name: "tar.gz", verdict: Found, hide: inEntry("assets/net.tgz", func(m Model) []byte { return Gzip(Tar("a/"+m.Name, m.Data)) })},
		{name: "xz", verdict: Found, hide: inEntry("assets/net.xz", func(m Model) []byte { return XZ(m.Data) })},
		{name: "zlib", verdict: Found, hide: inEntry("assets/net.z", func(m Model) []byte { return Zlib(m.Data) })},
		{name: "LZ4", verdict: Found, hide: inEntry("assets/net.dat", func(m Model) []byte { return LZ4Frame(m.Data) })},
		{name: "gzip behind a header", verdict: Found, hide: inEntry("assets/net.dat", func(m Model) []byte { return append(Noise(9, 133), Gzip(m.Data)...) })},
		{name: "zlib behind a header", verdict: Found, hide: inEntry("assets/net.dat", func(m Model) []byte { return append([]byte("MYCO\x01\x00\x00\x00"), Zlib(m.Data)...) })},
		{name: "zstd", verdict: Found, hide: inEntry("assets/net.zst", func(m Model) []byte { return Zstd(m.Data) })},
		{name: "base64", verdict: Found, hide: inEntry("assets/net.txt", func(m Model) []byte { return []byte(base64.StdEncoding.EncodeToString(m.Data)) })},
		{name: "base64 in lines", verdict: Found, hide: inEntry("assets/net.b64", func(m Model) []byte {
			text, out := []byte(base64.StdEncoding.EncodeToString(m.Data)), []byte{}
			for len(text) > 0 {
				n := min(76, len(text))
				out = append(append(out, text[:n]...), '\n')
				text = text[n:]
			}
			return out
		})},
	}
}

func insidePlaces() []place {
	return []place{
		{name: "bundle at odd offsets", verdict: Found, anywhere: true, several: true, hide: func(m []Model) ([]File, string, error) {
			data := Noise(1, 333)
			for i, x := range m {
				data = append(append(data, x.Data...), Noise(uint64(i)+2, 100+37*i)...)
			}
			return inEntry("assets/packed_assets.data", func(Model) []byte { return data })(m)
		}},
		{name: "behind a header", verdict: Found, anywhere: true, hide: inEntry("assets/", func(m Model) []byte {
			return append([]byte("MYCO\x01\x00\x00\x00some header 1"), m.Data...)
		})},
		{name: "behind a header, no signature", verdict: Found, headed: true, hide: inEntry("assets/", func(m Model) []byte {
			return slices.Concat([]byte("MYCO\x01"), Noise(8, 77), m.Data)
		})},
		{name: "before other content", verdict: Found, tail: true, hide: inEntry("assets/", func(m Model) []byte {
			return slices.Concat(m.Data, []byte("TAIL\x00\x00"), Noise(4, 1000))
		})},
		{name: "archive behind a header", verdict: Found, zip: true, hide: inEntry("assets/", func(m Model) []byte {
			return slices.Concat([]byte("a header"), Noise(5, 55), m.Data, Noise(6, 99))
		})},
		{name: "data of a native library", verdict: Found, anywhere: true, hide: inEntry("lib/arm64-v8a/libnet.so", func(m Model) []byte {
			return Library{Needed: []string{"libc.so"}, Data: slices.Concat([]byte("strings before\x00"), m.Data, []byte("strings behind\x00"))}.Bytes()
		})},
		{name: "before the archive", verdict: Found, anywhere: true, hide: func(m []Model) ([]File, string, error) {
			b, err := NewApp(appName).Bytes()
			return []File{{"app.apk", slices.Concat([]byte("#!"), m[0].Data, b)}}, "", err
		}},
		{name: "behind the archive", verdict: Found, anywhere: true, hide: func(m []Model) ([]File, string, error) {
			b, err := NewApp(appName).Bytes()
			return []File{{"app.apk", slices.Concat(b, []byte("!"), m[0].Data)}}, "", err
		}},
	}
}

func protectedPlaces() []place {
	out := []place{
		{name: "AES, named as a model", verdict: Labelled, hide: inEntry("assets/models/", func(m Model) []byte { return encrypted(long(m.Data)) })},
		{name: "AES by OpenSSL, any name", verdict: Labelled, hide: inEntry("assets/a.dat", func(m Model) []byte {
			return append([]byte("Salted__12345678"), encrypted(long(m.Data))...)
		})},
	}
	for i, key := range []string{"\x5a", "\x5a\xc3", "\x01\x80\x7f", "\xde\xad\xbe\xef"} {
		out = append(out, place{name: fmt.Sprintf("XOR with %d bytes", i+1), verdict: Labelled, anywhere: true, masked: i > 1, hide: inEntry("assets/x.bin", func(m Model) []byte {
			return scrambled(m.Data, key)
		})})
	}
	return out
}

// long repeats data to what a model has at least: the entropy of less says nothing.
func long(data []byte) []byte { return bytes.Repeat(data, 1+8192/max(len(data), 1)) }

// encrypted is data under AES-128 in counter mode.
func encrypted(data []byte) []byte {
	block, err := aes.NewCipher([]byte("0123456789abcdef"))
	if err != nil {
		panic(err) // the key has 16 bytes
	}
	out := make([]byte, len(data))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, data)
	return out
}

func scrambled(data []byte, key string) []byte {
	out := make([]byte, len(data))
	for i := range data {
		out[i] = data[i] ^ key[i%len(key)]
	}
	return out
}

func packagePlaces() []place {
	return []place{
		{name: "split in a folder", verdict: Found, hide: func(m []Model) ([]File, string, error) {
			base, err := NewApp(appName).Bytes()
			if err != nil {
				return nil, "", err
			}
			split, err := holder("split_feature.apk", "assets/", m[0])
			return []File{{"base.apk", base}, {"split_feature.apk", split}}, "split_feature.apk!/assets/", err
		}},
		{name: "split in .apks", verdict: Found, hide: inSet("set.apks", "splits/base-master.apk", "splits/feature-master.apk")},
		{name: "asset pack in .apks", verdict: Found, hide: inSet("set.apks", "splits/base-master.apk", "asset-slices/pack-master.apk")},
		{name: "asset pack in a bundle", verdict: Found, hide: func(m []Model) ([]File, string, error) {
			p := NewPackage()
			p.Deflate("BundleConfig.pb", []byte{10, 0})
			p.Deflate("base/dex/classes.dex", Dex())
			p.Deflate("pack/assets/"+m[0].Name, m[0].Data)
			b, err := p.Bytes()
			return []File{{"app.aab", b}}, "pack/assets/", err
		}},
		{name: "OBB in .xapk", verdict: Found, hide: func(m []Model) ([]File, string, error) {
			obb, err := Zip("data/"+m[0].Name, m[0].Data)
			if err != nil {
				return nil, "", err
			}
			base, err := NewApp(appName).Bytes()
			if err != nil {
				return nil, "", err
			}
			p := NewPackage()
			p.Deflate("manifest.json", []byte(`{"package_name":"`+appName+`"}`))
			p.Store(appName+".apk", base)
			p.Store("Android/obb/"+appName+"/main.1."+appName+".obb", obb)
			b, err := p.Bytes()
			return []File{{"app.xapk", b}}, "Android/obb/", err
		}},
		{name: "OBB beside the APK", verdict: Found, hide: func(m []Model) ([]File, string, error) {
			base, err := NewApp(appName).Bytes()
			if err != nil {
				return nil, "", err
			}
			obb, err := Zip("data/"+m[0].Name, m[0].Data)
			return []File{{appName + ".apk", base}, {"main.1." + appName + ".obb", obb}}, "main.1.", err
		}},
	}
}

// holder is a small package with the model in a folder.
func holder(name, folder string, m Model) ([]byte, error) {
	p := NewPackage()
	p.Deflate("AndroidManifest.xml", XML(Element{Name: "manifest", Attributes: []Attribute{Text("package", 0, appName), Text("split", 0, name)}}))
	p.Deflate(folder+m.Name, m.Data)
	return p.Bytes()
}

// inSet hides the model in the second of two packages of a set.
func inSet(file, base, part string) func([]Model) ([]File, string, error) {
	return func(m []Model) ([]File, string, error) {
		app, err := NewApp(appName).Bytes()
		if err != nil {
			return nil, "", err
		}
		split, err := holder(part, "assets/", m[0])
		if err != nil {
			return nil, "", err
		}
		p := NewPackage()
		p.Deflate("toc.pb", []byte{10, 0})
		p.Store(base, app)
		p.Store(part, split)
		b, err := p.Bytes()
		return []File{{file, b}}, part + "!/assets/", err
	}
}

// missedPlaces are ways to hide a model that a scan does not see through, or sees
// through only by chance: listed so that nobody takes silence for absence.
func missedPlaces() []place {
	reversed := func(m Model) []byte { b := slices.Clone(m.Data); slices.Reverse(b); return b }
	return []place{
		{name: "AES, name that says nothing", verdict: Missed, hide: inEntry("assets/themes/blue", func(m Model) []byte { return encrypted(long(m.Data)) })},
		{name: "XOR with 16 bytes", verdict: Missed, hide: inEntry("assets/x.bin", func(m Model) []byte { return scrambled(m.Data, "a key of 16 bytes") })},
		{name: "reversed", verdict: Missed, hide: inEntry("assets/x.bin", reversed)},
	}
}
