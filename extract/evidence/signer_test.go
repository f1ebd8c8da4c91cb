package evidence_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
	"time"
)

// TestRead_signerOfAChain: of a chain of certificates in any order, the one counts
// that the signature names.
func TestRead_signerOfAChain(t *testing.T) {
	root, rootKey := certificate(t, "root", 1, nil, nil)
	leaf, _ := certificate(t, "leaf", 2, root, rootKey)
	sum := sha256.Sum256(leaf.Raw)
	want := "v1:" + hex.EncodeToString(sum[:])
	for name, chain := range map[string][]byte{"leaf first": slices.Concat(leaf.Raw, root.Raw), "root first": slices.Concat(root.Raw, leaf.Raw)} {
		r := reader(t).Read(archive(t, "META-INF/CERT.RSA", string(signature(t, chain, leaf))))
		if len(r.Signers) != 1 || r.Signers[0] != want {
			t.Errorf("%s: signers %v, problems %v; want %s", name, r.Signers, r.Problems, want)
		}
	}
}

func certificate(t *testing.T, name string, serial int64, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(1, 0), NotAfter: time.Unix(1<<31, 0)}
	if parent == nil {
		parent, parentKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c, key
}

// signature writes a SignedData with the certificates and one signer, without the
// signature itself.
func signature(t *testing.T, chain []byte, signer *x509.Certificate) []byte {
	t.Helper()
	set := func(tag, class int, parts ...[]byte) []byte {
		b, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: slices.Concat(parts...)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	number := func(n *big.Int) []byte {
		b, err := asn1.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const sequence, universal, context = asn1.TagSequence, asn1.ClassUniversal, asn1.ClassContextSpecific
	one := number(big.NewInt(1))
	info := set(sequence, universal, one, set(sequence, universal, signer.RawIssuer, number(signer.SerialNumber)))
	signed := set(sequence, universal, one, set(asn1.TagSet, universal), set(sequence, universal), set(0, context, chain), set(asn1.TagSet, universal, info))
	oid, err := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2})
	if err != nil {
		t.Fatal(err)
	}
	return set(sequence, universal, oid, set(0, context, signed))
}
