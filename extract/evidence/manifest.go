package evidence

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/evidence/axml"
)

// Manifest is what gaugeNN asks of AndroidManifest.xml. A nil pointer or
// empty text means that the manifest does not say.
type Manifest struct {
	Package     string
	Split       string
	VersionCode *int64
	VersionName string
	// Label is the application's name as users see it.
	Label       string
	MinSDK      *int64
	TargetSDK   *int64
	Permissions []string
	Features    []string
	// MetaData are the meta-data elements, name to value.
	MetaData map[string]string
	// NativeLibraries are the uses-native-library elements.
	NativeLibraries []string
	// Module says how a store delivers the package, if it is a module of an app.
	Module Module
	// Warnings say what was odd in the file.
	Warnings []string
}

// Module is what the distribution part of a manifest says; fields are empty where it
// says nothing.
type Module struct {
	// Name is the folder of a module in a bundle; packages have it as Manifest.Split.
	Name string
	// Type is "feature", "asset-pack" or "ai-pack".
	Type string
	// Delivery is "install-time", "fast-follow" or "on-demand".
	Delivery string
}

// protoElement is the first byte of a manifest in the protobuf form of bundles.
const protoElement = 0x0a

// ReadManifest reads a binary manifest, one of a bundle or the text one of a library. Strings that it takes from resources are
// looked up in the table, which may be nil: then they stay "". The error is axml.ErrNotXML where
// there is no element, and says so where the root is not a manifest.
func ReadManifest(b []byte, resources *axml.Table) (*Manifest, error) {
	parse := axml.Parse
	switch text := bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")); {
	case len(b) > 0 && b[0] == protoElement:
		parse = axml.ParseProto
	case len(text) > 0 && text[0] == '<':
		parse = axml.ParseText
	}
	doc, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("AndroidManifest.xml: %w", err)
	}
	root := doc.Root
	if root.Name != "manifest" && root.Attr("package") == nil {
		return nil, fmt.Errorf("AndroidManifest.xml: root element is %q", root.Name)
	}
	m := &Manifest{MetaData: map[string]string{}, Warnings: doc.Warnings}
	m.Package, m.Split, m.VersionName = value(root, "package"), value(root, "split"), resolved(root, "versionName", resources)
	for _, e := range root.All("application") {
		if m.Label == "" {
			m.Label = resolved(e, "label", resources)
		}
	}
	m.VersionCode = number(root, "versionCode")
	if major := number(root, "versionCodeMajor"); major != nil && m.VersionCode != nil {
		v := *major<<32 | *m.VersionCode&0xffffffff
		m.VersionCode = &v
	}
	for _, e := range root.All("uses-sdk") {
		if n := number(e, "minSdkVersion"); n != nil {
			m.MinSDK = n
		}
		if n := number(e, "targetSdkVersion"); n != nil {
			m.TargetSDK = n
		}
	}
	m.Module = moduleOf(root)
	m.Permissions = names(root, "uses-permission", "uses-permission-sdk-23")
	m.Features = names(root, "uses-feature")
	m.NativeLibraries = names(root, "uses-native-library")
	for _, e := range root.All("meta-data") {
		n := value(e, "name")
		if n == "" {
			continue
		}
		v := value(e, "value")
		if v == "" {
			v = value(e, "resource")
		}
		m.MetaData[n] = v
	}
	return m, nil
}

// moduleOf reads dist:module; only modules that are delivered apart have one.
func moduleOf(root *axml.Element) (m Module) {
	for _, e := range root.All("module") {
		m.Type = value(e, "type")
		for _, d := range []string{"install-time", "fast-follow", "on-demand"} {
			if len(e.All(d)) > 0 {
				m.Delivery = d
			}
		}
		if m.Type == "" && (value(root, "split") != "" || m.Delivery != "") {
			m.Type = "feature"
		}
		if m.Delivery == "" && value(e, "onDemand") == "true" {
			m.Delivery = "on-demand"
		}
	}
	return m
}

func value(e *axml.Element, name string) string {
	if a := e.Attr(name); a != nil {
		return a.Value()
	}
	return ""
}

// resolved is value with a reference replaced by the string it stands for.
func resolved(e *axml.Element, name string, resources *axml.Table) string {
	a := e.Attr(name)
	switch {
	case a == nil:
		return ""
	case a.Type == axml.TypeString && strings.HasPrefix(a.Text, "@"):
		return "" // a bundle's reference by name
	case a.Type != axml.TypeReference:
		return a.Value()
	case resources == nil:
		return ""
	}
	return resources.String(a.Data)
}

func number(e *axml.Element, name string) *int64 {
	if a := e.Attr(name); a != nil {
		if n, ok := a.Int(); ok {
			return &n
		}
	}
	return nil
}

// names returns the sorted distinct android:name values of the elements.
func names(root *axml.Element, elements ...string) []string {
	var out []string
	for _, n := range elements {
		for _, e := range root.All(n) {
			if v := value(e, "name"); v != "" {
				out = append(out, v)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
