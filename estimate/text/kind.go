package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// Kind is the sort of a tokenizer file.
type Kind string

// The kinds that files are told apart into.
const (
	KindUnknown       Kind = "unknown"
	KindVocab         Kind = "wordpiece vocabulary" // one token a line
	KindWordPiece     Kind = "wordpiece"
	KindBPE           Kind = "bpe"
	KindWordLevel     Kind = "wordlevel"
	KindUnigram       Kind = "unigram"
	KindSentencePiece Kind = "sentencepiece"
)

// The reasons why a vocabulary cannot be used.
var (
	ErrUnigram       = errors.New("the tokenizer library does not run unigram vocabularies")
	ErrSentencePiece = errors.New("word and character models of sentencepiece are not read")
	ErrUnknownFile   = errors.New("not a tokenizer file that is known")
	ErrTooLarge      = errors.New("tokenizer file is too large")
	ErrMalformed     = errors.New("tokenizer file is malformed")
)

// maxFile bounds a tokenizer file: the largest published ones are below 40 MB.
const maxFile = 64 << 20

// Detect tells what kind of tokenizer file data is, by content first and name second. It never fails: what it does not know is
// KindUnknown.
func Detect(name string, data []byte) Kind {
	head := bytes.TrimLeft(data[:min(len(data), 4096)], " \t\r\n\ufeff")
	switch {
	case len(head) > 0 && head[0] == '{':
		c, err := parseConfig(data)
		if err != nil {
			return KindUnknown
		}
		return c.kind
	case isSentencePiece(data):
		return KindSentencePiece
	case isVocab(name, data):
		return KindVocab
	}
	return KindUnknown
}

// isSentencePiece reports whether data starts like a ModelProto: field 1 (pieces), each with a string, a float and an optional type.
func isSentencePiece(data []byte) bool {
	for i := 0; i < 3; i++ {
		if len(data) < 4 || data[0] != 0x0a || data[1] >= 0x80 || int(data[1]) > len(data)-2 {
			return false
		}
		piece := data[2 : 2+int(data[1])]
		if len(piece) < 2 || piece[0] != 0x0a || int(piece[1]) > len(piece)-2 {
			return false
		}
		if rest := piece[2+int(piece[1]):]; len(rest) < 5 || rest[0] != 0x15 {
			return false
		}
		data = data[2+int(data[1]):]
	}
	return true
}

// isVocab reports whether data is a list of tokens with the special ones of BERT.
func isVocab(name string, data []byte) bool {
	if !strings.HasSuffix(path.Base(name), ".txt") || len(data) > maxFile || !utf8.Valid(data) {
		return false
	}
	return bytes.Contains(data, []byte("[UNK]\n")) || bytes.Contains(data, []byte("[UNK]\r\n"))
}

// config is the part of a tokenizer.json that decides how text is cut.
type config struct {
	kind         Kind
	stripAccents bool // the normaliser of the file takes accents off
	raw          map[string]json.RawMessage
}

// parseConfig reads a tokenizer.json far enough to know its kind. It changes nothing and runs none of the library.
func parseConfig(data []byte) (*config, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(data))
	}
	c := &config{kind: KindUnknown}
	if err := json.Unmarshal(data, &c.raw); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	var model struct {
		Type   string
		Vocab  json.RawMessage
		Merges json.RawMessage
	}
	if err := json.Unmarshal(c.raw["model"], &model); err != nil {
		return nil, fmt.Errorf("%w: model: %v", ErrMalformed, err)
	}
	vocab := bytes.TrimSpace(model.Vocab)
	switch {
	case len(vocab) == 0:
		return nil, fmt.Errorf("%w: no vocabulary", ErrMalformed)
	case model.Type == "Unigram" || vocab[0] == '[':
		c.kind = KindUnigram
	case model.Type == "WordPiece":
		c.kind = KindWordPiece
	case model.Type == "BPE" || model.Type == "" && len(model.Merges) > 0:
		c.kind = KindBPE
	case model.Type == "WordLevel":
		c.kind = KindWordLevel
	case model.Type == "":
		c.kind = KindWordPiece // files before the type was written
	}
	c.stripAccents = stripsAccents(c.raw["normalizer"], 0)
	return c, nil
}

// stripsAccents looks through a normaliser, which may be a sequence of others.
func stripsAccents(raw json.RawMessage, depth int) bool {
	var n struct {
		Type         string
		Lowercase    bool
		StripAccents *bool `json:"strip_accents"`
		Normalizers  []json.RawMessage
	}
	if depth > 8 || json.Unmarshal(raw, &n) != nil {
		return false
	}
	for _, inner := range n.Normalizers {
		if stripsAccents(inner, depth+1) {
			return true
		}
	}
	switch n.Type {
	case "StripAccents":
		return true
	case "BertNormalizer": // the reference strips when asked to, or when lower-casing and not told
		return n.StripAccents != nil && *n.StripAccents || n.StripAccents == nil && n.Lowercase
	}
	return false
}
