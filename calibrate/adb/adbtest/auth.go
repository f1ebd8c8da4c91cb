//go:build linux

package adbtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
	"strings"
)

// The kinds of AUTH packets.
const (
	authToken     = 1
	authSignature = 2
	authPublicKey = 3
)

// challenge asks for a signature of twenty random bytes.
func (c *conn) challenge() error {
	c.token = make([]byte, 20)
	if _, err := rand.Read(c.token); err != nil {
		return err
	}
	return c.send(message{command: aAUTH, arg0: authToken, data: c.token})
}

// authenticate takes the answer: a signature by a known key lets in, another is asked again until the client shows its public key.
func (c *conn) authenticate(m message) bool {
	switch m.arg0 {
	case authSignature:
		if c.d.verify(c.token, m.data) {
			return c.welcome() == nil
		}
		return c.challenge() == nil
	case authPublicKey:
		k, err := parseKey(string(m.data))
		if err != nil {
			return false
		}
		c.d.mu.Lock()
		c.d.keys = append(c.d.keys, k)
		c.d.mu.Unlock()
		return c.welcome() == nil
	}
	return false
}

// verify reports whether a known key signed the token. The token stands where a SHA-1 would.
func (d *Daemon) verify(token, signature []byte) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.keys {
		if rsa.VerifyPKCS1v15(k, crypto.SHA1, token, signature) == nil {
			d.signed++
			return true
		}
	}
	return false
}

// parseKey reads Android's form of a public key: words, n0inv, modulus, rr and exponent in little-endian, in base64, then the user's name.
func parseKey(text string) (*rsa.PublicKey, error) {
	word, _, _ := strings.Cut(strings.TrimRight(text, "\x00"), " ")
	b, err := base64.StdEncoding.DecodeString(word)
	if err != nil {
		return nil, err
	}
	const words = 64
	if len(b) != 4+4+words*4*2+4 || binary.LittleEndian.Uint32(b) != words {
		return nil, errors.New("not a key of 2048 bits")
	}
	n := slices.Clone(b[8 : 8+words*4])
	slices.Reverse(n)
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(binary.LittleEndian.Uint32(b[len(b)-4:]))}, nil
}
