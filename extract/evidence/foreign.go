package evidence

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"path"
	"strings"
	"unicode/utf16"
)

// foreign reads what packages of other systems say of themselves: module.json or
// config.json of a HarmonyOS package, pack.info of one that holds several, Info.plist of an iOS one. Their own notions, such
// as the least version of the system, are meta-data of the manifest.
func (w *reading) foreign() {
	if w.report.Manifest != nil || w.nested {
		return
	}
	for i := range w.a.Entries {
		e := &w.a.Entries[i]
		read := readHarmony
		switch dir := path.Dir(e.Name); {
		case e.Name == "module.json", e.Name == "config.json" && len(w.a.Lookup("pack.info")) > 0:
		case e.Name == "pack.info" && len(w.a.Lookup("module.json"))+len(w.a.Lookup("config.json")) == 0:
			read = readPackInfo
		case path.Base(e.Name) == "Info.plist" && path.Dir(dir) == "Payload" && path.Ext(dir) == ".app":
			read = readPlist
		default:
			continue
		}
		b := w.content(e)
		if len(b) == 0 {
			continue
		}
		m, err := read(b)
		if err != nil {
			w.problem(e.Name + ": " + err.Error())
			continue
		}
		if m.Package != "" {
			w.report.Manifest = m
			return
		}
	}
}

// readHarmony reads module.json, or config.json of the older model.
func readHarmony(b []byte) (*Manifest, error) {
	var doc struct {
		App struct {
			BundleName  string          `json:"bundleName"`
			Label       string          `json:"label"`
			Version     json.RawMessage `json:"version"`
			VersionName string          `json:"versionName"`
			VersionCode *int64          `json:"versionCode"`
			MinAPI      json.Number     `json:"minAPIVersion"`
			TargetAPI   json.Number     `json:"targetAPIVersion"`
		} `json:"app"`
		Module struct {
			Name               string `json:"name"`
			RequestPermissions []struct {
				Name string `json:"name"`
			} `json:"requestPermissions"`
			ReqPermissions []struct {
				Name string `json:"name"`
			} `json:"reqPermissions"`
		} `json:"module"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	var old struct {
		Name string `json:"name"`
		Code *int64 `json:"code"`
	}
	if len(doc.App.Version) > 0 {
		_ = json.Unmarshal(doc.App.Version, &old) // absent in the newer model
	}
	m := &Manifest{Package: doc.App.BundleName, VersionName: cmp.Or(doc.App.VersionName, old.Name), VersionCode: cmp.Or(doc.App.VersionCode, old.Code), MetaData: map[string]string{"system": "HarmonyOS"}}
	if !strings.HasPrefix(doc.App.Label, "$") {
		m.Label = doc.App.Label
	}
	for k, v := range map[string]json.Number{"minAPIVersion": doc.App.MinAPI, "targetAPIVersion": doc.App.TargetAPI} {
		if v != "" {
			m.MetaData[k] = v.String()
		}
	}
	for _, p := range append(doc.Module.RequestPermissions, doc.Module.ReqPermissions...) {
		m.Permissions = append(m.Permissions, p.Name)
	}
	return m, nil
}

// readPackInfo reads what an app package of several modules says of the app.
func readPackInfo(b []byte) (*Manifest, error) {
	var doc struct {
		Summary json.RawMessage `json:"summary"`
	}
	if err := json.Unmarshal(b, &doc); err != nil || len(doc.Summary) == 0 {
		return &Manifest{}, err
	}
	return readHarmony(doc.Summary) // its "app" is written like that of a module
}

// readPlist reads a property list in text or binary form.
func readPlist(b []byte) (*Manifest, error) {
	values, err := plistStrings(b)
	if err != nil {
		return nil, err
	}
	m := &Manifest{
		Package: values["CFBundleIdentifier"], VersionName: cmp.Or(values["CFBundleShortVersionString"], values["CFBundleVersion"]),
		Label: cmp.Or(values["CFBundleDisplayName"], values["CFBundleName"]), MetaData: map[string]string{"system": "iOS"},
	}
	if v := values["MinimumOSVersion"]; v != "" {
		m.MetaData["MinimumOSVersion"] = v
	}
	return m, nil
}

var errPlist = errors.New("no property list")

// plistStrings returns the strings of the outermost dictionary.
func plistStrings(b []byte) (map[string]string, error) {
	if bytes.HasPrefix(b, []byte("bplist00")) {
		return binaryPlist(b)
	}
	out := map[string]string{}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	depth, key := 0, ""
	for {
		t, err := d.Token()
		if err != nil {
			break
		}
		switch t := t.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth++; depth != 3 { // plist, dict
				continue
			}
			if t.Name.Local != "key" && t.Name.Local != "string" {
				key = ""
				continue
			}
			var text string
			if d.DecodeElement(&text, &t) != nil {
				return out, nil
			}
			depth--
			if t.Name.Local == "key" {
				key = text
			} else if key != "" {
				out[key], key = text, ""
			}
		}
	}
	if len(out) == 0 {
		return nil, errPlist
	}
	return out, nil
}

// binaryPlist reads the form that begins with bplist00: objects, a table of their
// offsets, and a trailer of 32 bytes with the size of offsets at 6, that of references
// at 7, and u64 counts: objects at 8, the outermost at 16, the table at 24, big endian.
func binaryPlist(b []byte) (map[string]string, error) {
	if len(b) < 40 {
		return nil, errPlist
	}
	trailer := b[len(b)-32:]
	p := plist{b: b, offsetSize: int(trailer[6]), refSize: int(trailer[7])}
	count, top, table := binary.BigEndian.Uint64(trailer[8:]), binary.BigEndian.Uint64(trailer[16:]), binary.BigEndian.Uint64(trailer[24:])
	if p.offsetSize < 1 || p.offsetSize > 8 || p.refSize < 1 || p.refSize > 8 || table > uint64(len(b)) || count > (uint64(len(b))-table)/uint64(p.offsetSize) {
		return nil, errPlist
	}
	p.offsets = b[table : table+count*uint64(p.offsetSize)]
	kind, n, body := p.object(top)
	if kind != 0xd || uint64(n) > uint64(len(body))/uint64(2*p.refSize) {
		return nil, errPlist
	}
	out := map[string]string{}
	for i := range n {
		key := p.text(p.number(body[i*p.refSize:][:p.refSize]))
		if value := p.text(p.number(body[(n+i)*p.refSize:][:p.refSize])); key != "" && value != "" {
			out[key] = value
		}
	}
	return out, nil
}

type plist struct {
	b, offsets          []byte
	offsetSize, refSize int
}

func (p *plist) number(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// object returns the kind of object i, its count and what follows; kind 0 for none.
func (p *plist) object(i uint64) (kind byte, n int, body []byte) {
	if i >= uint64(len(p.offsets)/p.offsetSize) {
		return 0, 0, nil
	}
	at := p.number(p.offsets[int(i)*p.offsetSize:][:p.offsetSize])
	if at >= uint64(len(p.b)) {
		return 0, 0, nil
	}
	b := p.b[at:]
	kind, n = b[0]>>4, int(b[0]&15)
	b = b[1:]
	if n == 15 && len(b) > 0 { // the count is an integer of its own
		size := 1 << (b[0] & 3)
		if len(b) < 1+size {
			return 0, 0, nil
		}
		v := p.number(b[1 : 1+size])
		if v > uint64(len(p.b)) {
			return 0, 0, nil
		}
		n, b = int(v), b[1+size:]
	}
	return kind, n, b
}

// text returns object i if it is a string, "" otherwise.
func (p *plist) text(i uint64) string {
	switch kind, n, b := p.object(i); {
	case kind == 5 && n <= len(b):
		return string(b[:n])
	case kind == 6 && n <= len(b)/2:
		units := make([]uint16, n)
		for k := range units {
			units[k] = binary.BigEndian.Uint16(b[2*k:])
		}
		return string(utf16.Decode(units))
	}
	return ""
}
