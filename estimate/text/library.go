package text

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/pretrained"
	"golang.org/x/text/unicode/norm"
)

// library is a vocabulary loaded into the tokenizer library of this process.
type library struct {
	kind     Kind
	tk       *tokenizer.Tokenizer
	strip    bool
	overhead int // special tokens around a sequence
}

// loadLibrary reads a tokenizer file into the library. The library may panic (caught here) or exit the process (which cannot be): use
// it in this process for trusted files only.
func loadLibrary(name string, data []byte) (l *library, err error) {
	defer caught(&err)
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(data))
	}
	switch Detect(name, data) {
	case KindSentencePiece:
		return nil, ErrUnigram // of the same kind, and read by this package itself
	case KindVocab:
		if data, err = vocabConfig(data); err != nil {
			return nil, err
		}
	case KindUnigram:
		return nil, ErrUnigram
	case KindUnknown:
		if c, err := parseConfig(data); err != nil {
			return nil, err
		} else if c.kind == KindUnknown {
			return nil, ErrUnknownFile
		}
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, err
	}
	plain, err := c.forLibrary()
	if err != nil {
		return nil, err
	}
	tk, err := pretrained.FromReader(bytes.NewReader(plain))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	l = &library{kind: c.kind, tk: tk, strip: c.stripAccents}
	bare, err := l.encode("a", false)
	if err != nil {
		return nil, err
	}
	full, err := l.encode("a", true)
	if err != nil {
		return nil, err
	}
	l.overhead = full - bare
	return l, nil
}

func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: the tokenizer library panicked: %.200v", ErrMalformed, p)
	}
}

// count returns the tokens of text without the special ones around it.
func (l *library) count(text string) (n int, err error) {
	defer caught(&err)
	return l.encode(l.normalise(text), false)
}

func (l *library) encode(text string, special bool) (int, error) {
	if text == "" {
		return 0, nil
	}
	e, err := l.tk.EncodeSingle(text, special)
	if err != nil {
		return 0, fmt.Errorf("encode: %w", err)
	}
	n := len(e.Ids)
	for _, o := range e.Overflowing {
		n += len(o.Ids)
	}
	return n, nil
}

// normalise brings text into the form that the library cuts as the reference does: for WordPiece, control, format and private-use
// characters out, every space a blank, and, where the vocabulary strips accents, decomposed and without combining marks. Byte-level
// vocabularies count bytes, so their text stays as it is.
func (l *library) normalise(text string) string {
	if l.kind != KindWordPiece {
		return text
	}
	if l.strip {
		text = norm.NFD.String(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || unicode.IsSpace(r) || unicode.Is(unicode.Z, r):
			b.WriteByte(' ')
		case r == 0 || r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		case l.strip && unicode.Is(unicode.Mn, r):
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// forLibrary rewrites a tokenizer.json for the library: without truncation and padding, which would hide tokens, and with merges in the
// older form "a b" that it reads.
func (c *config) forLibrary() ([]byte, error) {
	out := make(map[string]json.RawMessage, len(c.raw))
	for k, v := range c.raw {
		out[k] = v
	}
	delete(out, "truncation")
	delete(out, "padding")
	var model map[string]json.RawMessage
	if err := json.Unmarshal(out["model"], &model); err != nil {
		return nil, fmt.Errorf("%w: model: %v", ErrMalformed, err)
	}
	if model["type"] == nil {
		model["type"] = json.RawMessage(`"` + map[Kind]string{KindBPE: "BPE", KindWordPiece: "WordPiece"}[c.kind] + `"`)
	}
	if pairs := [][2]string{}; json.Unmarshal(model["merges"], &pairs) == nil && len(pairs) > 0 {
		merges := make([]string, len(pairs))
		for i, p := range pairs {
			merges[i] = p[0] + " " + p[1]
		}
		raw, err := json.Marshal(merges)
		if err != nil {
			return nil, err
		}
		model["merges"] = raw
	}
	var err error
	if out["model"], err = json.Marshal(model); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// vocabConfig writes a BERT vocab.txt as the tokenizer.json that BERT ships with. A vocabulary without capital letters lower-cases.
func vocabConfig(data []byte) ([]byte, error) {
	vocab, special := map[string]int{}, []map[string]any{}
	lower := true
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 1<<16)
	for s.Scan() {
		w := strings.TrimRight(s.Text(), "\r")
		id := len(vocab)
		if _, twice := vocab[w]; twice {
			w = fmt.Sprintf("[repeated %d]", id)
		}
		vocab[w] = id
		if strings.HasPrefix(w, "[") && strings.HasSuffix(w, "]") {
			if w == "[CLS]" || w == "[SEP]" || w == "[PAD]" || w == "[UNK]" || w == "[MASK]" {
				special = append(special, map[string]any{"id": id, "content": w, "special": true})
			}
			continue
		}
		lower = lower && strings.ToLower(w) == w
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%w: line %d: %v", ErrMalformed, len(vocab)+1, err)
	}
	out := map[string]any{
		"version": "1.0", "added_tokens": special,
		"normalizer":    map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": lower},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"decoder":       map[string]any{"type": "WordPiece", "prefix": "##", "cleanup": true},
		"model": map[string]any{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
			"vocab": vocab},
	}
	if cls, ok := vocab["[CLS]"]; ok {
		if sep, ok := vocab["[SEP]"]; ok {
			out["post_processor"] = map[string]any{"type": "TemplateProcessing",
				"single": []any{template("SpecialToken", "[CLS]", 0), template("Sequence", "A", 0), template("SpecialToken", "[SEP]", 0)},
				"pair": []any{template("SpecialToken", "[CLS]", 0), template("Sequence", "A", 0), template("SpecialToken", "[SEP]", 0),
					template("Sequence", "B", 1), template("SpecialToken", "[SEP]", 1)},
				"special_tokens": map[string]any{"[CLS]": templateToken("[CLS]", cls), "[SEP]": templateToken("[SEP]", sep)}}
		}
	}
	return json.Marshal(out)
}

func template(kind, id string, typeID int) map[string]any {
	return map[string]any{kind: map[string]any{"id": id, "type_id": typeID}}
}

func templateToken(word string, id int) map[string]any {
	return map[string]any{"id": word, "ids": []int{id}, "tokens": []string{word}}
}
