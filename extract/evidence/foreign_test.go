package evidence_test

import (
	"encoding/binary"
	"testing"

	"github.com/gaugenn/gaugenn/extract/extracttest"
)

// TestRead_packagesOfOtherSystems: HarmonyOS and iOS packages say who they are, too.
func TestRead_packagesOfOtherSystems(t *testing.T) {
	const textPlist = `<?xml version="1.0"?><plist version="1.0"><dict><key>CFBundleIdentifier</key><string>org.example.app</string>
<key>UIDeviceFamily</key><array><integer>1</integer><string>no</string></array><key>CFBundleShortVersionString</key><string>2.1</string></dict></plist>`
	for _, c := range []struct{ name, file, content string }{
		{"HarmonyOS", "module.json", `{"app":{"bundleName":"org.example.app","versionName":"2.1","versionCode":7,"minAPIVersion":12},"module":{"name":"entry","requestPermissions":[{"name":"ohos.permission.CAMERA"}]}}`},
		{"HarmonyOS, several modules", "pack.info", `{"summary":{"app":{"bundleName":"org.example.app","bundleType":"app","version":{"code":7,"name":"2.1"}},"modules":[{"mainAbility":"A"}]}}`},
		{"iOS, text", "Payload/A.app/Info.plist", textPlist},
		{"iOS, binary", "Payload/A.app/Info.plist", binaryPlist("CFBundleIdentifier", "org.example.app", "CFBundleShortVersionString", "2.1")},
	} {
		r := reader(t).Read(archive(t, c.file, c.content))
		if r.Manifest == nil || r.Manifest.Package != "org.example.app" || r.Manifest.VersionName != "2.1" || len(r.Problems) > 0 {
			t.Errorf("%s: %+v, problems %v", c.name, r.Manifest, r.Problems)
		}
		r0 := reader(t)
		for n := 0; n < len(c.content); n += 5 { // cut anywhere it is a problem at most
			r0.Read(archive(t, c.file, c.content[:n]))
		}
	}
}

// binaryPlist writes a dictionary of short strings.
func binaryPlist(pairs ...string) string {
	b := []byte("bplist00")
	n := len(pairs) / 2
	offsets := []byte{byte(len(b))}
	b = append(b, 0xd0|byte(n))
	for i := range n {
		b = append(b, byte(1+2*i))
	}
	for i := range n {
		b = append(b, byte(2+2*i))
	}
	for _, s := range pairs {
		offsets = append(offsets, byte(len(b)))
		b = append(append(b, 0x5f, 0x10, byte(len(s))), s...)
	}
	table := len(b)
	b = append(b, offsets...)
	b = append(b, 0, 0, 0, 0, 0, 0, 1, 1)
	for _, v := range []int{len(offsets), 0, table} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return string(b)
}

// TestRead_modulesOfBundles: what a store delivers apart is said with its delivery.
func TestRead_modulesOfBundles(t *testing.T) {
	module := func(kind, delivery string) string {
		return string(extracttest.ProtoXML(extracttest.Element{Name: "manifest", Attributes: []extracttest.Attribute{extracttest.Text("package", 0, "org.example.app")},
			Children: []extracttest.Element{{Name: "module", Attributes: []extracttest.Attribute{extracttest.Text("type", 0, kind)},
				Children: []extracttest.Element{{Name: "delivery", Children: []extracttest.Element{{Name: delivery}}}}}}}))
	}
	r := reader(t).Read(archive(t, "BundleConfig.pb", "", "models/manifest/AndroidManifest.xml", module("ai-pack", "on-demand"),
		"extra/manifest/AndroidManifest.xml", module("asset-pack", "install-time")))
	for subject, want := range map[string]string{"Play AI packs": "ai-pack models, on-demand", "Play asset packs": "asset-pack extra, install-time"} {
		if _, detail, _ := strongest(r, subject); detail != want {
			t.Errorf("%s: %q, want %q", subject, detail, want)
		}
	}
}

// TestRead_layouts: frameworks are known by the files that only they bring.
func TestRead_layouts(t *testing.T) {
	for want, file := range map[string]string{
		"flutter": "lib/arm64-v8a/libflutter.so", "unity": "base/lib/arm64-v8a/libunity.so", "react native": "assets/index.android.bundle",
		"cordova": "assets/www/cordova.js", "": "assets/other/index.html",
	} {
		r := reader(t).Read(archive(t, file, "x"))
		if got := r.Layouts; want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0] != want) {
			t.Errorf("%s: %v, want %q", file, got, want)
		}
	}
}
