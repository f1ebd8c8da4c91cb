package evidence_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/evidence"
)

// signed is a package signed by apksigner 31 with schemes v2, v3 and v4, by a key
// whose certificate has, as keytool prints it, this SHA-256.
const signedBy = "626fe3ff0a665bbaed8e1ecfcc265399cd2353f3b11af1f12454f06f024d6728"

func signedPackage(t testing.TB) (a *container.Archive, idsig []byte) {
	t.Helper()
	data, err := os.ReadFile("testdata/signed.apk")
	if err != nil {
		t.Fatal(err)
	}
	if idsig, err = os.ReadFile("testdata/signed.apk.idsig"); err != nil {
		t.Fatal(err)
	}
	return open(t, data), idsig
}

func TestAddSignature_namesTheSigner(t *testing.T) {
	a, idsig := signedPackage(t)
	r := evidence.NewReader(nil, evidence.Limits{}).Read(a)
	r.AddSignature(a, idsig)
	want := []string{"v2:" + signedBy, "v3:" + signedBy, "v4:" + signedBy}
	if !slices.Equal(r.Signers, want) || len(r.Problems) > 0 {
		t.Errorf("signers %v, problems %v; want %v", r.Signers, r.Problems, want)
	}
}

func TestAddSignature_thatDoesNotFitIsAProblem(t *testing.T) {
	a, idsig := signedPackage(t)
	other := bytes.Clone(idsig)
	other[0x3d] ^= 1 // the digest of the package
	newer := bytes.Clone(idsig)
	newer[0] = 3
	long := bytes.Clone(idsig)
	binary.LittleEndian.PutUint32(long[0x35:], 0xFFFFFFF0)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"other": {other, "not of this package"}, "newer": {newer, "version 3"}, "long": {long, "length"}, "cut": {idsig[:70], "length"}, "empty": {[]byte{}, "length"},
	} {
		r := &evidence.Report{}
		r.AddSignature(a, c.data)
		if len(r.Signers) > 0 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], c.want) {
			t.Errorf("%s: signers %v, problems %v; want %q", name, r.Signers, r.Problems, c.want)
		}
	}
}

func FuzzAddSignature(f *testing.F) {
	a, idsig := signedPackage(f)
	f.Add(idsig[:600])
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &evidence.Report{}
		r.AddSignature(a, data)
		if len(r.Signers)+len(r.Problems) != 1 {
			t.Errorf("signers %v, problems %v", r.Signers, r.Problems)
		}
	})
}
