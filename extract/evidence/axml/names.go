package axml

// frameworkIDs are the resource ids of the framework attributes that gaugeNN
// asks for (android.R.attr, public and frozen).
var frameworkIDs = map[string]uint32{
	"label":             0x01010001,
	"name":              0x01010003,
	"permission":        0x01010006,
	"process":           0x01010011,
	"exported":          0x01010010,
	"value":             0x01010024,
	"resource":          0x01010025,
	"minSdkVersion":     0x0101020c,
	"versionCode":       0x0101021b,
	"versionName":       0x0101021c,
	"targetSdkVersion":  0x01010270,
	"maxSdkVersion":     0x01010271,
	"glEsVersion":       0x01010281,
	"required":          0x0101028e,
	"extractNativeLibs": 0x010104ea,
	"isFeatureSplit":    0x0101055b,
	"versionCodeMajor":  0x01010576,
	"compileSdkVersion": 0x01010572,
}

// frameworkNames is the inverse of frameworkIDs.
var frameworkNames = invert(frameworkIDs)

func invert(m map[string]uint32) map[uint32]string {
	out := make(map[uint32]string, len(m))
	for k, v := range m {
		out[v] = k
	}
	return out
}
