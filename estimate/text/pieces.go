package text

import (
	"container/heap"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// pieces is a SentencePiece vocabulary: a unigram model, or byte pairs ordered by score. It needs no library and runs no code of the file,
// so it is safe for files that are not trusted.
type pieces struct {
	scores   map[string]float64
	longest  int // runes of the longest piece
	unknown  float64
	bpe      bool
	bytes    bool // unknown characters become one token a byte
	nfkc     bool
	fold     bool // lower-case
	squeeze  bool // runs of blanks become one, none at the ends
	prefix   bool // a blank is put before the text
	split    bool // words are cut one by one
	overhead int
}

const (
	blank         = "▁"
	unkPenalty    = 10.0 // of SentencePiece, below the worst piece
	maxPieces     = 4 << 20
	maxPieceRunes = 128 // longer pieces are left out
)

// loadPieces reads a SentencePiece model file or a tokenizer.json with a Unigram vocabulary.
func loadPieces(kind Kind, data []byte) (*pieces, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(data))
	}
	p := &pieces{scores: map[string]float64{}, unknown: math.Inf(1), squeeze: true, prefix: true}
	var err error
	if kind == KindSentencePiece {
		err = p.readModel(data)
	} else {
		err = p.readJSON(data)
	}
	if err == nil && len(p.scores) == 0 {
		err = fmt.Errorf("%w: no pieces", ErrMalformed)
	}
	if err != nil {
		return nil, err
	}
	p.unknown -= unkPenalty
	return p, nil
}

// add takes one piece in.
func (p *pieces) add(piece string, score float64) error {
	if len(p.scores) >= maxPieces || math.IsNaN(score) || math.IsInf(score, 0) {
		return fmt.Errorf("%w: piece %.40q with score %g", ErrMalformed, piece, score)
	}
	n := utf8.RuneCountInString(piece)
	if n == 0 || n > maxPieceRunes {
		return nil
	}
	p.scores[piece] = score
	p.longest = max(p.longest, n)
	p.unknown = min(p.unknown, score)
	return nil
}

// Field numbers and values of sentencepiece_model.proto.
const (
	modelPiece, modelTrainer, modelNormalizer                    = 1, 2, 3
	pieceText, pieceScore, pieceType                             = 1, 2, 3
	typeNormal, typeControl, typeUser                            = 1, 3, 4
	trainerType, trainerByteFallback                             = 3, 35
	trainerBPE                                                   = 2
	normalizerName, normalizerMap, normalizerPrefix, normalizerX = 1, 2, 3, 4
)

// readModel reads a ModelProto.
func (p *pieces) readModel(data []byte) error {
	var user []string
	best := math.Inf(-1)
	control := map[string]bool{}
	err := protoFields(data, func(num int, value []byte, number uint64) error {
		switch num {
		case modelPiece:
			text, score, kind := "", 0.0, typeNormal
			err := protoFields(value, func(num int, value []byte, number uint64) error {
				switch num {
				case pieceText:
					text = string(value)
				case pieceScore:
					score = float64(math.Float32frombits(uint32(number)))
				case pieceType:
					kind = int(number)
				}
				return nil
			})
			switch {
			case err != nil:
				return err
			case kind == typeNormal:
				best = max(best, score)
				return p.add(text, score)
			case kind == typeUser:
				user = append(user, text)
			case kind == typeControl:
				control[text] = true
			}
		case modelTrainer:
			return protoFields(value, func(num int, _ []byte, number uint64) error {
				switch num {
				case trainerType:
					p.bpe = number == trainerBPE
					if number > trainerBPE {
						return fmt.Errorf("%w: SentencePiece model of kind %d", ErrSentencePiece, number)
					}
				case trainerByteFallback:
					p.bytes = number != 0
				}
				return nil
			})
		case modelNormalizer:
			return protoFields(value, func(num int, value []byte, number uint64) error {
				switch num {
				case normalizerName:
					p.nfkc, p.fold = strings.Contains(string(value), "nfkc"), strings.HasSuffix(string(value), "_cf")
				case normalizerMap:
					p.nfkc = p.nfkc || len(value) > 0
				case normalizerPrefix:
					p.prefix = number != 0
				case normalizerX:
					p.squeeze = number != 0
				}
				return nil
			})
		}
		return nil
	})
	for _, u := range user { // a piece of the user is always taken where it stands
		if err == nil {
			err = p.add(u, float64(utf8.RuneCountInString(u))*max(best, 0)+0.1)
		}
	}
	switch {
	case control["[CLS]"] && control["[SEP]"]:
		p.overhead = 2
	case control["</s>"]:
		p.overhead = 1
	}
	return err
}

// protoFields walks the fields of a protobuf message within its bounds; groups are refused.
func protoFields(data []byte, use func(num int, value []byte, number uint64) error) error {
	at := 0
	varint := func() (uint64, bool) {
		v, n := binary.Uvarint(data[at:])
		at += max(n, 0)
		return v, n > 0
	}
	for at < len(data) {
		start := at
		tag, ok := varint()
		var value []byte
		var number uint64
		if ok {
			switch tag & 7 {
			case 0:
				number, ok = varint()
			case 1:
				if ok = len(data)-at >= 8; ok {
					number = binary.LittleEndian.Uint64(data[at:])
					at += 8
				}
			case 2:
				var n uint64
				if n, ok = varint(); ok {
					if ok = n <= uint64(len(data)-at); ok {
						value = data[at : at+int(n)]
						at += int(n)
					}
				}
			case 5:
				if ok = len(data)-at >= 4; ok {
					number = uint64(binary.LittleEndian.Uint32(data[at:]))
					at += 4
				}
			default:
				ok = false
			}
		}
		if !ok || tag>>3 > 1<<29 {
			return fmt.Errorf("%w: field at offset %d of %d bytes", ErrMalformed, start, len(data))
		}
		if err := use(int(tag>>3), value, number); err != nil {
			return err
		}
	}
	return nil
}

// readJSON reads a tokenizer.json whose model is Unigram.
func (p *pieces) readJSON(data []byte) error {
	var file struct {
		Model struct {
			Vocab        []json.RawMessage
			ByteFallback bool `json:"byte_fallback"`
		}
		Normalizer    json.RawMessage
		PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
		PostProcessor struct {
			Single []map[string]json.RawMessage
		} `json:"post_processor"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	p.bytes = file.Model.ByteFallback
	for i, raw := range file.Model.Vocab {
		var pair [2]any
		if err := json.Unmarshal(raw, &pair); err != nil {
			return fmt.Errorf("%w: piece %d: %v", ErrMalformed, i, err)
		}
		text, ok1 := pair[0].(string)
		score, ok2 := pair[1].(float64)
		if !ok1 || !ok2 {
			return fmt.Errorf("%w: piece %d: %.60s", ErrMalformed, i, raw)
		}
		if special(text) {
			continue
		}
		if err := p.add(text, score); err != nil {
			return err
		}
	}
	// The words of a normaliser and a pre-tokenizer stand for what they do; sequences hold them by name as well.
	normal, before := string(file.Normalizer), string(file.PreTokenizer)
	p.nfkc = strings.Contains(normal, `"NFKC"`) || strings.Contains(normal, `"Precompiled"`)
	p.fold = strings.Contains(normal, `"Lowercase"`)
	p.squeeze = strings.Contains(normal, `"Precompiled"`) || strings.Contains(normal, ` {2,}`)
	p.prefix = strings.Contains(before, `"Metaspace"`) && !strings.Contains(before, `"never"`) && !strings.Contains(before, `"add_prefix_space":false`)
	p.split = !strings.Contains(before, `"split":false`)
	for _, part := range file.PostProcessor.Single {
		if part["SpecialToken"] != nil {
			p.overhead++
		}
	}
	return nil
}

// special reports whether a piece is one of the marks that text never holds.
func special(piece string) bool {
	return strings.HasPrefix(piece, "<") && strings.HasSuffix(piece, ">") && len(piece) > 2 ||
		strings.HasPrefix(piece, "[") && strings.HasSuffix(piece, "]") && len(piece) > 4
}

// count returns the tokens of a text.
func (p *pieces) count(text string) int {
	text = p.normalise(text)
	if text == "" {
		return 0
	}
	cut := p.unigram
	if p.bpe {
		cut = p.pairs
	}
	if !p.split {
		return cut([]rune(text))
	}
	n := 0
	for text != "" { // each word begins with its blank
		_, first := utf8.DecodeRuneInString(text)
		end := len(text)
		if i := strings.Index(text[first:], blank); i >= 0 {
			end = first + i
		}
		n += cut([]rune(text[:end]))
		text = text[end:]
	}
	return n
}

// normalise applies what SentencePiece's normaliser of that name does: nmt_nfkc is NFKC without controls and with every kind of space, and
// some invisible characters, as a blank.
func (p *pieces) normalise(text string) string {
	if p.nfkc {
		text = strings.Map(func(r rune) rune {
			switch {
			case r == '\t' || r == '\n' || r == '\f' || r == '\r' || r == 0x200b || r == 0x200e || r == 0x200f || r == 0x2028 || r == 0x2029 || r == 0x2581 || r == 0xfeff || r == 0xfffd:
				return ' '
			case r > 0 && r < 0x20 || r == 0x7f || r == 0x8f || r == 0x9f:
				return -1
			}
			return r
		}, text)
		text = norm.NFKC.String(text)
	}
	if p.fold {
		text = cases.Lower(language.Und).String(text)
	}
	if p.squeeze {
		text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || p.nfkc && unicode.Is(unicode.Zs, r) }), " ")
	}
	if text == "" {
		return ""
	}
	if p.prefix && !strings.HasPrefix(text, blank) && (p.squeeze || !strings.HasPrefix(text, " ") || !p.split) {
		text = " " + text
	}
	return strings.ReplaceAll(text, " ", blank)
}

// unigram finds the most likely cut by Viterbi's algorithm (Kudo, "Subword Regularization", 2018) and returns its length. Unknown
// characters in a row are one token, or one a byte where the model says so.
func (p *pieces) unigram(text []rune) int {
	type state struct {
		score   float64
		from    int
		unknown bool
	}
	best := make([]state, len(text)+1)
	for i := range best[1:] {
		best[i+1].score = math.Inf(-1)
	}
	for i := range text {
		single := false
		for n := 1; n <= min(p.longest, len(text)-i); n++ {
			score, ok := p.scores[string(text[i:i+n])]
			if !ok {
				continue
			}
			single = single || n == 1
			if s := best[i].score + score; s > best[i+n].score {
				best[i+n] = state{score: s, from: i}
			}
		}
		if s := best[i].score + p.unknown; !single && s > best[i+1].score {
			best[i+1] = state{score: s, from: i, unknown: true}
		}
	}
	n, after := 0, false
	for i := len(text); i > 0; i = best[i].from {
		switch b := best[i]; {
		case !b.unknown:
			n++
		case p.bytes:
			n += utf8.RuneLen(text[i-1])
		case !after:
			n++
		}
		after = best[i].unknown
	}
	return n
}

// pairs merges neighbours, the best-scored pair first and the left one of equals, until no pair is a piece, and returns how many symbols
// are left.
func (p *pieces) pairs(text []rune) int {
	symbols := make([]symbol, len(text))
	agenda := &mergeHeap{}
	look := func(left int) {
		if left < 0 || symbols[left].next < 0 {
			return
		}
		right := symbols[left].next
		both := string(text[symbols[left].from:symbols[right].to])
		if score, ok := p.scores[both]; ok {
			heap.Push(agenda, merge{score, left, right, symbols[right].to - symbols[left].from})
		}
	}
	for i := range symbols {
		symbols[i] = symbol{from: i, to: i + 1, prev: i - 1, next: i + 1}
	}
	symbols[len(symbols)-1].next = -1
	for i := range symbols {
		look(i)
	}
	for agenda.Len() > 0 {
		m := heap.Pop(agenda).(merge)
		l, r := &symbols[m.left], &symbols[m.right]
		if l.dead || r.dead || r.to-l.from != m.size || l.next != m.right {
			continue // made of symbols that were merged since
		}
		l.to, l.next, r.dead = r.to, r.next, true
		if l.next >= 0 {
			symbols[l.next].prev = m.left
		}
		look(l.prev)
		look(m.left)
	}
	n, after := 0, false
	for i := 0; i >= 0; i = symbols[i].next {
		_, known := p.scores[string(text[symbols[i].from:symbols[i].to])]
		switch {
		case known:
			n++
		case p.bytes:
			n += len(string(text[symbols[i].from:symbols[i].to]))
		case !after:
			n++
		}
		after = !known
	}
	return n
}

type symbol struct {
	from, to, prev, next int
	dead                 bool
}

type merge struct {
	score             float64
	left, right, size int
}

// mergeHeap gives the best merge first.
type mergeHeap []merge

// Len is the number of merges.
func (h mergeHeap) Len() int { return len(h) }

// Swap exchanges two.
func (h mergeHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Less orders by score, then from left to right.
func (h mergeHeap) Less(i, j int) bool {
	return h[i].score > h[j].score || h[i].score == h[j].score && h[i].left < h[j].left
}

// Push adds a merge.
func (h *mergeHeap) Push(x any) { *h = append(*h, x.(merge)) }

// Pop takes the last one away.
func (h *mergeHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
