package evidence

import (
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
	block := a.SigningBlock()
	for len(block) >= 12 {
		n := binary.LittleEndian.Uint64(block)
		if n < 4 || n > uint64(len(block)-8) {
			problem(fmt.Sprintf("signing block: pair of %d bytes, %d left", n, len(block)-8))
			break
		}
		id, body := binary.LittleEndian.Uint32(block[8:]), block[12:8+n]
		block = block[8+n:]
		if s := schemes[id]; s != "" {
			certs, err := blockCertificates(body)
			if err != nil {
				problem("signing block " + s + ": " + err.Error())
			}
			for _, c := range certs {
				out = append(out, s+":"+digest(c))
			}
		}
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

// blockCertificates returns the first certificate of each signer of a v2 or v3
// block: signers > signer > signed data > digests, certificates > certificate,
// all with u32 lengths.
func blockCertificates(b []byte) (certs [][]byte, err error) {
	all, _, err := prefixed(b)
	if err != nil {
		return nil, err
	}
	for len(all) > 0 {
		var signer, signed, list, cert []byte
		if signer, all, err = prefixed(all); err != nil {
			return certs, err
		}
		if signed, _, err = prefixed(signer); err != nil {
			return certs, err
		}
		if _, signed, err = prefixed(signed); err != nil {
			return certs, err
		}
		if list, _, err = prefixed(signed); err != nil {
			return certs, err
		}
		if cert, _, err = prefixed(list); err != nil {
			return certs, err
		}
		certs = append(certs, cert)
	}
	return certs, nil
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

// pkcs7Certificate returns the first certificate of a PKCS #7 SignedData (RFC
// 2315): ContentInfo > [0] > SignedData, whose element tagged [0] is the set of
// certificates.
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
	for rest := signed.Bytes; len(rest) > 0; {
		var v asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &v); err != nil {
			return nil
		}
		if v.Class != asn1.ClassContextSpecific || v.Tag != 0 {
			continue
		}
		var cert asn1.RawValue
		if _, err := asn1.Unmarshal(v.Bytes, &cert); err != nil {
			return nil
		}
		return cert.FullBytes
	}
	return nil
}
