package evidence_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence"
)

func TestOwner(t *testing.T) {
	const iris = "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f" // of the mediapipe package
	for _, c := range []struct{ path, sha256, pkg, want string }{
		{"assets/net.tflite", "", "org.example.app", "app"},
		{"assets/models_bundled/face.tflite", "", "org.example.app", "sdk:ML Kit"},
		{"base/assets/models_bundled/face.tflite", "", "", "sdk:ML Kit"},
		{"splits/base-master.apk!/assets/models_bundled/face.tflite", "", "", "sdk:ML Kit"},
		{"lib/arm64-v8a/libbarhopper_v3.so", "", "", "sdk:ML Kit"},
		{"assets/mlkit/pack.zip!/inner/net.tflite", "", "", "sdk:ML Kit"},
		{"assets/xmodels_bundled/face.tflite", "", "", "app"},
		{"assets/models_bundled/iris.tflite", iris, "", "sdk:ML Kit"},
		{"assets/blobs/x7.bin", iris, "org.example.app", "shared"},
		{"assets/net.tflite", "", "com.getbouncer.cardscan", "sdk:CardScan"},
		{"assets/net.tflite", "", "com.getbouncerx", "app"},
		{"", "", "", "app"},
	} {
		if got := evidence.Owner(c.path, c.sha256, c.pkg); got != c.want {
			t.Errorf("Owner(%q, %.8q, %q) = %q, want %q", c.path, c.sha256, c.pkg, got, c.want)
		}
	}
}

func TestOwnerRules_areWellFormed(t *testing.T) {
	rules, err := evidence.OwnerRules()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) < 40 {
		t.Errorf("%d rules", len(rules))
	}
	for _, r := range rules {
		if r.Signal == evidence.OwnerHash && (len(r.Pattern) != 64 || r.Example == "") {
			t.Errorf("%+v: a hash has 64 characters and says where it is from", r)
		}
	}
}
