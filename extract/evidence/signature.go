package evidence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gaugenn/gaugenn/extract/container"
)

// AddSignature adds the signer that a package's signature of scheme v4 names: the
// .apk.idsig file beside it, which incremental installation reads. It says whose key
// it claims, as the other schemes' digests do, and is a problem of the report where
// it cannot be read or is another package's.
func (r *Report) AddSignature(a *container.Archive, idsig []byte) {
	s, err := readSignature(idsig)
	if err != nil {
		r.Problems = append(r.Problems, "signature v4: "+err.Error())
		return
	}
	if digests := contentDigests(a.SigningBlock()); !slices.ContainsFunc(digests, func(d []byte) bool { return bytes.Equal(d, s.digest) }) {
		r.Problems = append(r.Problems, "signature v4: not of this package, whose signing block has another digest")
		return
	}
	r.Signers = append(r.Signers, "v4:"+digest(s.certificate))
	slices.Sort(r.Signers)
	r.Signers = slices.Compact(r.Signers)
}

// signature is what a v4 signature says of its package.
type signature struct {
	digest      []byte // of the package's content, as its v2 or v3 block has it
	certificate []byte
}

// readSignature reads an .idsig file: version, hashing information, signing
// information, hash tree, all but the first with a u32 length. The signing
// information starts with digest and certificate. Facts: apksig's V4Signature.
func readSignature(b []byte) (s signature, err error) {
	const version = 2
	if len(b) < 4 {
		return s, errShort
	}
	if v := binary.LittleEndian.Uint32(b); v != version {
		return s, fmt.Errorf("version %d", v)
	}
	_, rest, err := prefixed(b[4:])
	if err != nil {
		return s, err
	}
	signing, _, err := prefixed(rest)
	if err != nil {
		return s, err
	}
	if s.digest, signing, err = prefixed(signing); err != nil {
		return s, err
	}
	if s.certificate, _, err = prefixed(signing); err == nil && len(s.certificate) == 0 {
		err = fmt.Errorf("no certificate")
	}
	return s, err
}

// contentDigests returns the digests of the content that a signing block's v2 and v3
// signers sign: signed data > digests > digest of an algorithm.
func contentDigests(block []byte) (out [][]byte) {
	// A broken pair is a problem of the report already.
	_ = eachScheme(block, func(_ string, body []byte) {
		all, _ := signedData(body)
		for _, signed := range all {
			list, _, err := prefixed(signed)
			for err == nil && len(list) > 0 {
				var one, d []byte
				if one, list, err = prefixed(list); err != nil || len(one) < 4 {
					break
				}
				if d, _, err = prefixed(one[4:]); err == nil {
					out = append(out, d)
				}
			}
		}
	})
	return out
}
