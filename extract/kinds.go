package extract

import (
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
)

// containerName says what an archive is for, by its members: names are enough
// here, since this is only the word in the apps table.
func containerName(a *container.Archive) string {
	if a.Kind != container.ZIP {
		return a.Kind.String()
	}
	has := map[string]bool{}
	apks := 0
	for i := range a.Entries {
		name := a.Entries[i].Name
		switch name {
		case "AndroidManifest.xml", "BundleConfig.pb", "toc.pb", "manifest.json", "info.json", "classes.jar", "R.txt", "META-INF/MANIFEST.MF", "module.json", "config.json", "pack.info", "resources.index":
			has[name] = true
		}
		switch {
		case strings.HasSuffix(name, ".hap"):
			has["haps"] = true
		case strings.HasSuffix(name, ".apk"):
			apks++
		case strings.HasSuffix(name, ".dist-info/WHEEL"):
			has["wheel"] = true
		case strings.HasPrefix(name, "Payload/") && strings.HasSuffix(name, ".app/Info.plist"):
			has["ipa"] = true
		}
	}
	switch {
	case has["BundleConfig.pb"]:
		return "aab"
	case has["AndroidManifest.xml"] && (has["classes.jar"] || has["R.txt"]):
		return "aar"
	case has["AndroidManifest.xml"]:
		return "apk"
	case apks > 0 && has["toc.pb"]:
		return "apks"
	case apks > 0 && has["info.json"]:
		return "apkm"
	case apks > 0 && has["manifest.json"]:
		return "xapk"
	case apks > 0:
		return "apks"
	case has["wheel"]:
		return "wheel"
	case has["ipa"]:
		return "ipa"
	case (has["module.json"] || has["config.json"]) && (has["pack.info"] || has["resources.index"]):
		return "hap"
	case has["haps"] && has["pack.info"]:
		return "harmony app"
	case has["META-INF/MANIFEST.MF"]:
		return "jar"
	}
	return "zip"
}
