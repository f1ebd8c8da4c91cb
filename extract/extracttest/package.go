package extracttest

import (
	"archive/zip"
	"bytes"
	"fmt"
)

// Package is an app being written: a ZIP file with entries in the order added.
type Package struct {
	buffer bytes.Buffer
	zip    *zip.Writer
	err    error
}

// NewPackage returns an empty package.
func NewPackage() *Package {
	p := &Package{}
	p.zip = zip.NewWriter(&p.buffer)
	return p
}

// NewApp returns a package with what every app has: a manifest, code, resources, a
// library and a few files that are no models.
func NewApp(name string) *Package {
	p := NewPackage()
	p.Deflate("AndroidManifest.xml", Manifest(name, "1.0"))
	p.Deflate("classes.dex", Dex(Class{Name: "Lcom/example/Main;", Strings: []string{"hello"}}))
	p.Store("resources.arsc", Strings([]string{"An app"}, nil))
	p.Store("lib/arm64-v8a/libapp.so", Library{Needed: []string{"libc.so"}, Data: []byte("nothing to see here")}.Bytes())
	for _, d := range Decoys() {
		p.Deflate(d.Name, d.Data)
	}
	return p
}

// Deflate adds a compressed entry.
func (p *Package) Deflate(name string, data []byte) { p.add(name, data, zip.Deflate) }

// Store adds an entry as it is.
func (p *Package) Store(name string, data []byte) { p.add(name, data, zip.Store) }

func (p *Package) add(name string, data []byte, method uint16) {
	w, err := p.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("package: %s: %w", name, err)
	}
}

// Bytes returns the finished package; nothing can be added after that.
func (p *Package) Bytes() ([]byte, error) {
	if err := p.zip.Close(); err != nil && p.err == nil {
		p.err = fmt.Errorf("package: %w", err)
	}
	return p.buffer.Bytes(), p.err
}

// Decoys are files that apps have and that are no models, some with names or first
// bytes that look like one.
func Decoys() []Model {
	noise := Noise(7, 5000)
	return []Model{
		{Name: "assets/config.json", Data: []byte(`{"model":"net.tflite","threads":4}`)},
		{Name: "assets/labels.bin", Data: []byte("cat\ndog\nbird\n")},
		{Name: "assets/model.tflite", Data: []byte("not found")},
		{Name: "assets/TFL3.txt", Data: []byte("the letters TFL3 and GGUF and ET12 stand in this text")},
		{Name: "assets/noise.dat", Data: append([]byte("\x10\x00\x00\x00TFL3\x00\x00"), noise[:900]...)},
		{Name: "res/drawable/icon.png", Data: append([]byte("\x89PNG\r\n\x1a\n"), noise[:2000]...)},
		{Name: "res/raw/click.ogg", Data: append([]byte("OggS\x00\x02"), noise[:1500]...)},
		{Name: "assets/www/index.html", Data: []byte("<html><body>GGUF</body></html>")},
		{Name: "kotlin/kotlin.kotlin_builtins", Data: []byte("\x00\x00\x00\x03\x00\x00\x00\x01")},
	}
}
