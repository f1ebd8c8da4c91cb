package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
)

// Pair ids of the APK Signing Block, from the platform's documentation of the
// signature schemes.
var schemes = map[uint32]string{0x7109871a: "v2", 0xf05368c0: "v3", 0x1b93ad61: "v3.1"}

var errShort = errors.New("length beyond the block")

// signers returns the digests of the certificates that signed the archive, by
// scheme. Signatures are not verified: the digest says whose key it claims.
func signers(a *container.Archive, d *container.Decoder, problem func(string)) []string {
	var out []string
	err := eachScheme(a.SigningBlock(), func(scheme string, body []byte) {
		certs, err := blockCertificates(body)
		if err != nil {
			problem("signing block " + scheme + ": " + err.Error())
		}
		for _, c := range certs {
			out = append(out, scheme+":"+digest(c))
		}
	})
	if err != nil {
		problem("signing block: " + err.Error())
	}
	for i := range a.Entries {
		e := &a.Entries[i]
		dir, base := path.Split(e.Name)
		if dir != "META-INF/" || !slices.Contains([]string{".RSA", ".DSA", ".EC"}, strings.ToUpper(path.Ext(base))) || e.Size > 1<<20 {
			continue
		}
		c, err := d.Bytes(e, nil)
		if err != nil {
			problem(e.Name + ": " + err.Error())
			continue
		}
		if cert := pkcs7Certificate(c.Data); cert != nil {
			out = append(out, "v1:"+digest(cert))
		} else {
			problem(e.Name + ": no certificate in it")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func digest(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// eachScheme calls see with the pairs of a signing block that hold a scheme's signers.
func eachScheme(block []byte, see func(scheme string, body []byte)) error {
	for len(block) >= 12 {
		n := binary.LittleEndian.Uint64(block)
		if n < 4 || n > uint64(len(block)-8) {
			return fmt.Errorf("pair of %d bytes, %d left", n, len(block)-8)
		}
		if s := schemes[binary.LittleEndian.Uint32(block[8:])]; s != "" {
			see(s, block[12:8+n])
		}
		block = block[8+n:]
	}
	return nil
}

// signedData returns what each signer of a v2 or v3 block signs: signers > signer >
// signed data, all with u32 lengths. Before an error there may be some.
func signedData(b []byte) (out [][]byte, err error) {
	all, _, err := prefixed(b)
	for err == nil && len(all) > 0 {
		var signer, signed []byte
		if signer, all, err = prefixed(all); err != nil {
			break
		}
		if signed, _, err = prefixed(signer); err == nil {
			out = append(out, signed)
		}
	}
	return out, err
}

// blockCertificates returns the first certificate of each signer of a v2 or v3
// block: signed data > digests, certificates > certificate, all with u32 lengths.
func blockCertificates(b []byte) (certs [][]byte, err error) {
	all, err := signedData(b)
	for _, signed := range all {
		_, rest, err := prefixed(signed)
		if err != nil {
			return certs, err
		}
		list, _, err := prefixed(rest)
		if err != nil {
			return certs, err
		}
		cert, _, err := prefixed(list)
		if err != nil {
			return certs, err
		}
		certs = append(certs, cert)
	}
	return certs, err
}

func prefixed(b []byte) (part, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errShort
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n > int64(len(b)-4) {
		return nil, nil, errShort
	}
	return b[4 : 4+n], b[4+n:], nil
}

// pkcs7Certificate returns the certificate of the first signer of a PKCS #7 SignedData
// (RFC 2315): ContentInfo > [0] > SignedData, whose element tagged [0] is the set of
// certificates and whose last set the signers'. A chain stands there in any order: the
// one with the signer's issuer and serial number counts, else the first.
func pkcs7Certificate(b []byte) []byte {
	var info struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(b, &info); err != nil {
		return nil
	}
	var signed asn1.RawValue
	if _, err := asn1.Unmarshal(info.Content.Bytes, &signed); err != nil {
		// Some writers leave the explicit tag's content unwrapped.
		signed.Bytes = info.Content.Bytes
	}
	var certificates [][]byte
	var signers []byte
	for _, v := range elements(signed.Bytes) {
		switch {
		case v.Class == asn1.ClassContextSpecific && v.Tag == 0:
			for _, c := range elements(v.Bytes) {
				certificates = append(certificates, c.FullBytes)
			}
		case v.Class == asn1.ClassUniversal && v.Tag == asn1.TagSet:
			signers = v.Bytes
		}
	}
	// SignerInfo: version, then a sequence of issuer and serial number.
	if list := elements(signers); len(list) > 0 {
		if parts := elements(list[0].Bytes); len(parts) > 1 {
			for _, c := range certificates {
				if issuedAs(c, parts[1].Bytes) {
					return c
				}
			}
		}
	}
	if len(certificates) == 0 {
		return nil
	}
	return certificates[0]
}

// elements returns the ASN.1 values that stand behind each other in b, as far as they
// can be read.
func elements(b []byte) (out []asn1.RawValue) {
	for len(b) > 0 && len(out) < 64 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(b, &v)
		if err != nil {
			return out
		}
		out, b = append(out, v), rest
	}
	return out
}

// issuedAs reports whether a certificate has the issuer and serial number that stand
// behind each other in name. A certificate's first element holds an optional version
// tagged [0], the serial number, an algorithm and the issuer.
func issuedAs(certificate, name []byte) bool {
	outer := elements(certificate)
	if len(outer) != 1 {
		return false
	}
	inner := elements(outer[0].Bytes)
	if len(inner) == 0 {
		return false
	}
	body := elements(inner[0].Bytes)
	if len(body) > 0 && body[0].Class == asn1.ClassContextSpecific {
		body = body[1:]
	}
	return len(body) > 2 && bytes.Equal(slices.Concat(body[2].FullBytes, body[0].FullBytes), name)
}
