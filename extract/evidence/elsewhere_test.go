package evidence_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence"
	"github.com/gaugenn/gaugenn/extract/extracttest"
)

// TestRead_modelsThatTheSystemHolds: an app whose models are brought or held by Play
// services, AICore or HMS has models elsewhere, and says which.
func TestRead_modelsThatTheSystemHolds(t *testing.T) {
	meta := func(name, value string) string {
		return string(extracttest.Manifest("org.example.app", "1", extracttest.Element{
			Name: "application", Children: []extracttest.Element{{Name: "meta-data", Attributes: []extracttest.Attribute{
				extracttest.Text("name", extracttest.AttrName, name), extracttest.Text("value", extracttest.AttrValue, value),
			}}}}))
	}
	calls := func(method string) string {
		return string(extracttest.Dex(extracttest.Class{Name: "Lorg/example/app/Main;", Calls: []string{method}}))
	}
	for _, c := range []struct {
		file, content, subject string
		want                   evidence.Strength
		value                  string
	}{
		{"AndroidManifest.xml", meta("com.google.mlkit.vision.DEPENDENCIES", "face,ocr"), "ML Kit models of Play services", evidence.Referenced, "face,ocr"},
		{"AndroidManifest.xml", meta("com.huawei.hms.ml.DEPENDENCY", "face"), "HMS ML models", evidence.Referenced, "face"},
		{"classes.dex", calls("Lcom/google/ai/edge/aicore/GenerativeModel;->generateContent"), "AICore", evidence.Called, ""},
		{"classes.dex", calls("Lcom/google/mlkit/genai/summarization/Summarization;->getClient"), "AICore", evidence.Called, ""},
		{"classes.dex", calls("Lcom/google/mlkit/nl/translate/TranslateRemoteModel;->getLanguage"), "ML Kit remote models", evidence.Called, ""},
		{"classes.dex", calls("Lcom/google/android/gms/common/moduleinstall/ModuleInstall;->getClient"), "Play services modules", evidence.Called, ""},
		{"classes.dex", string(extracttest.Dex(extracttest.Class{Name: "Lcom/google/android/gms/common/moduleinstall/ModuleInstall;"})), "Play services modules", "", ""},
	} {
		var best evidence.Observation
		for _, o := range reader(t).Read(archive(t, c.file, c.content)).Observations {
			if o.Rule.Kind == evidence.Download && o.Rule.Subject == c.subject && (best.Strength == "" || o.Strength.Compare(best.Strength) < 0) {
				best = o
			}
		}
		if best.Strength != c.want || best.Value != c.value {
			t.Errorf("%s: %q with %q, want %q with %q", c.subject, best.Strength, best.Value, c.want, c.value)
		}
	}
}
