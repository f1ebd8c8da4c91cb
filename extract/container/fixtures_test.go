package container_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// testFile returns a fixture by its path below testdata.
func testFile(tb testing.TB, path ...string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", filepath.Join(path...)))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// truthOf returns the digests of entries, by file and name, that gen.py wrote beside the
// fixtures of a folder: of Unity's files what UnityPy reads out of them, of packs what
// went into them, with which another reader of the Unreal ones agrees.
func truthOf(tb testing.TB, folder string) (truth map[string]map[string]string) {
	tb.Helper()
	if err := json.Unmarshal(testFile(tb, folder, "truth.json"), &truth); err != nil {
		tb.Fatal(err)
	}
	return truth
}
