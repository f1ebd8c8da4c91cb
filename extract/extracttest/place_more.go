package extracttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
)

// textPlaces hide a model in text, and in several files.
func textPlaces() []place {
	in64 := func(m Model) string { return base64.StdEncoding.EncodeToString(m.Data) }
	return []place{
		{name: "base64 inside JSON", verdict: Found, hide: inEntry("assets/net.json", func(m Model) []byte {
			b, _ := json.Marshal(map[string]any{"name": "net", "model": m.Data, "threads": 4})
			return b
		})},
		{name: "base64 in JSON with escapes", verdict: Found, hide: inEntry("assets/net.json", func(m Model) []byte {
			return []byte(`{"version":1,"model":"` + strings.ReplaceAll(in64(m), "/", `\/`) + `"}`)
		})},
		{name: "data URL in JavaScript", verdict: Found, hide: inEntry("assets/www/app.js", func(m Model) []byte {
			return []byte("const weights=1;load(\"data:application/octet-stream;base64," + in64(m) + "\");run();\n")
		})},
		{name: "base64 in a page", verdict: Found, hide: inEntry("assets/www/index.html", func(m Model) []byte {
			return []byte("<html><script type=\"model\">" + in64(m) + "</script></html>")
		})},
		{name: "base64 with line breaks in JSON", verdict: Found, hide: inEntry("assets/net.json", func(m Model) []byte {
			lines := ""
			for text := in64(m); len(text) > 0; {
				n := min(76, len(text))
				lines, text = lines+text[:n]+"\r\n", text[n:]
			}
			b, _ := json.Marshal(map[string]string{"model": lines})
			return b
		})},
		{name: "gzip in base64 in JSON", verdict: Found, hide: inEntry("assets/net.json", func(m Model) []byte {
			b, _ := json.Marshal(map[string]any{"model": Gzip(m.Data)})
			return b
		})},
		{name: "cut into pieces", verdict: Found, pieces: true, hide: inPieces("assets/net.part0", "assets/net.part1")},
		{name: "cut into numbered pieces", verdict: Found, pieces: true, hide: inPieces("assets/net.bin.001", "assets/net.bin.002", "assets/net.bin.003")},
		{name: "cut into so many of so many", verdict: Found, pieces: true, hide: inPieces("assets/net_1of3.bin", "assets/net_2of3.bin", "assets/net_3of3.bin")},
		{name: "cut with the number first", verdict: Found, pieces: true, hide: inPieces("assets/0_net.bin", "assets/1_net.bin")},
		{name: "cut into numbers", verdict: Found, pieces: true, hide: inPieces("assets/net/0", "assets/net/1", "assets/net/2")},
		{name: "cut by split, no name", verdict: Found, pieces: true, hide: inPieces("assets/xaa", "assets/xab")},
		{name: "cut by split", verdict: Found, pieces: true, hide: inPieces("assets/net.part.aa", "assets/net.part.ab")},
	}
}

// otherPackages hide a model in kinds of packages that are no plain APK.
func otherPackages() []place {
	in := func(file, entry string, rest ...File) func([]Model) ([]File, string, error) {
		return func(m []Model) ([]File, string, error) {
			p := NewPackage()
			for _, f := range rest {
				p.Deflate(f.Name, f.Data)
			}
			p.Deflate(entry+m[0].Name, m[0].Data)
			b, err := p.Bytes()
			return []File{{file, b}}, entry, err
		}
	}
	module := func(kind, delivery string) []byte {
		return ProtoXML(Element{Name: "manifest", Attributes: []Attribute{Text("package", 0, appName)}, Children: []Element{
			{Name: "module", Attributes: []Attribute{Text("type", 0, kind)}, Children: []Element{{Name: "delivery", Children: []Element{{Name: delivery}}}}},
		}})
	}
	base := File{"base/manifest/AndroidManifest.xml", ProtoXML(Element{Name: "manifest", Attributes: []Attribute{Text("package", 0, appName)}})}
	config := File{"BundleConfig.pb", []byte{10, 0}}
	return []place{
		{name: "AI pack in a bundle", verdict: Found, hide: in("app.aab", "models/assets/", config, base, File{"models/manifest/AndroidManifest.xml", module("ai-pack", "on-demand")})},
		{name: "feature module of a bundle", verdict: Found, hide: in("app.aab", "camera/res/raw/", config, base, File{"camera/manifest/AndroidManifest.xml", module("feature", "install-time")})},
		{name: "split in .apkm", verdict: Found, hide: inSet("set.apkm", "base.apk", "split_models.apk")},
		{name: "Android library", verdict: Found, hide: in("lib.aar", "assets/", File{"AndroidManifest.xml", []byte(`<manifest package="` + appName + `"/>`)}, File{"R.txt", nil})},
		{name: "HarmonyOS package", verdict: Found, hide: in("entry.hap", "resources/rawfile/", File{"module.json", []byte(`{"app":{"bundleName":"` + appName + `"}}`)}, File{"resources.index", nil})},
		{name: "iOS package", verdict: Found, hide: in("app.ipa", "Payload/A.app/", File{"Payload/A.app/Info.plist", []byte("<plist><dict/></plist>")})},
		{name: "assets of Flutter", verdict: Found, hide: in("app.apk", "assets/flutter_assets/assets/", File{"AndroidManifest.xml", Manifest(appName, "1.0")})},
		{name: "streaming assets of Unity", verdict: Found, hide: in("app.apk", "assets/bin/Data/StreamingAssets/", File{"AndroidManifest.xml", Manifest(appName, "1.0")})},
	}
}

// inPieces cuts the model into files of equal size but for the last.
func inPieces(names ...string) func([]Model) ([]File, string, error) {
	return func(m []Model) ([]File, string, error) {
		p := NewApp(appName)
		size := (len(m[0].Data) + len(names) - 1) / len(names)
		for i, n := range names {
			p.Deflate(n, m[0].Data[min(i*size, len(m[0].Data)):min((i+1)*size, len(m[0].Data))])
		}
		b, err := p.Bytes()
		return []File{{"app.apk", b}}, names[0], err
	}
}

// picturePlaces hide a model behind a picture or sound.
func picturePlaces() []place {
	behind := func(name string, cover []byte) func([]Model) ([]File, string, error) {
		return func(m []Model) ([]File, string, error) {
			p := NewApp(appName)
			p.Store(name, append(slices.Clone(cover), m[0].Data...))
			b, err := p.Bytes()
			return []File{{"app.apk", b}}, name, err
		}
	}
	return []place{
		{name: "behind a picture", verdict: Found, anywhere: true, hide: behind("res/drawable/b.png", PNG())},
		{name: "behind a photo", verdict: Found, anywhere: true, hide: behind("assets/c.jpg", JPEG())},
		{name: "behind a sound", verdict: Found, anywhere: true, hide: behind("res/raw/d.wav", append([]byte("RIFF\x2c\x00\x00\x00WAVEfmt "), make([]byte, 36)...))},
		{name: "behind a compressed picture", verdict: Found, anywhere: true, hide: inEntry("res/drawable/e.png", func(m Model) []byte { return append(PNG(), m.Data...) })},
		{name: "behind a compressed photo", verdict: Found, anywhere: true, hide: inEntry("res/drawable/f.jpg", func(m Model) []byte { return append(JPEG(), m.Data...) })},
		{name: "behind a compressed WebP", verdict: Found, anywhere: true, hide: inEntry("res/drawable/g.webp", func(m Model) []byte {
			return append([]byte("RIFF\x0c\x00\x00\x00WEBPVP8X\x00\x00\x00\x00"), m.Data...)
		})},
		{name: "behind a film", verdict: Found, anywhere: true, hide: inEntry("assets/h.mp4", func(m Model) []byte {
			return slices.Concat([]byte("\x00\x00\x00\x10ftypisom\x00\x00\x02\x00\x00\x00\x00\x4cmdat"), Noise(3, 68), []byte("\x00\x00\x00\x08moov"), m.Data)
		})},
		{name: "behind an Ogg sound", verdict: Found, anywhere: true, hide: behind("res/raw/i.ogg", slices.Concat([]byte("OggS\x00\x02"), make([]byte, 20), []byte("\x01\x1e"), Noise(4, 30)))},
		{name: "right behind a photo", verdict: Found, hide: behind("assets/j.jpg", JPEG())},
		{name: "right behind code", verdict: Found, hide: inEntry("assets/k.dex", func(m Model) []byte { return append(Dex(Class{Name: "LA;"}), m.Data...) })},
		{name: "behind a picture's first bytes", verdict: Found, anywhere: true, hide: inEntry("res/drawable/b.png", func(m Model) []byte {
			return append([]byte("\x89PNG\r\n\x1a\n"), m.Data...)
		})},
	}
}

// PNG returns a small picture.
func PNG() []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, gradient()) // to memory: cannot fail
	return b.Bytes()
}

// JPEG returns a small photo.
func JPEG() []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, gradient(), nil) // to memory: cannot fail
	return b.Bytes()
}

func gradient() image.Image {
	m := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range m.Pix {
		m.Pix[i] = uint8(crc32.ChecksumIEEE([]byte{byte(i)}))
	}
	return m
}
