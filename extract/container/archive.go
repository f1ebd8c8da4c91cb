package container

import "fmt"

// Limits bound what one archive may cost. Zero fields mean the documented defaults.
type Limits struct {
	Entries    int   // listed entries of one archive; default 1,000,000
	EntryBytes int64 // expanded bytes of one entry; default 1 GiB
	// ExcessBytes is how far an entry may grow beyond its declared size before
	// the declaration is believed and reading ends with ErrLimit; default 64 MiB.
	ExcessBytes int64
}

func (l Limits) withDefaults() Limits {
	if l.Entries <= 0 {
		l.Entries = 1_000_000
	}
	if l.EntryBytes <= 0 {
		l.EntryBytes = 1 << 30
	}
	if l.ExcessBytes <= 0 {
		l.ExcessBytes = 64 << 20
	}
	return l
}

// Archive is a listed container. It refers to the bytes it was opened from, which
// must stay valid and unchanged as long as the archive or stored content is used.
// An Archive is immutable and may be used by several goroutines.
type Archive struct {
	Kind    Kind
	Entries []Entry // in directory order
	// Warnings say what was wrong with the archive as a whole and how it was read
	// all the same, one line each.
	Warnings []string
	// Repaired says that the listing had to be put together from a damaged or
	// missing directory, so that entries may be lacking.
	Repaired bool
	// Prefix is the number of bytes before the archive's own first byte, Trailer
	// the number after its last: places where other content may hide.
	Prefix, Trailer int64
	// Gaps are further places where content may hide: what lies between the entries
	// of a Unity file of assets or a database, of which only some objects are entries.
	Gaps []Span

	data         []byte
	limits       Limits
	signingBlock []byte
	stream       *blockStream // what the entries of a bundle are cut from
}

// Span is the bytes [From, To) of an archive.
type Span struct{ From, To int64 }

// Open lists the archive in data. The error is ErrUnsupported for kinds that are
// only recognised or not containers at all, ErrMalformed or ErrTruncated when not
// one entry can be listed.
func Open(data []byte, limits Limits) (*Archive, error) {
	a := &Archive{Kind: Detect(data), data: data, limits: limits.withDefaults()}
	var err error
	switch a.Kind {
	case ZIP:
		err = a.listZIP()
	case Tar:
		err = a.listTar()
	case Gzip, Bzip2, XZ, Zstd, Zlib, LZMA, LZ4:
		a.listSingle()
	case UnityBundle:
		err = a.listBundle()
	case UnityAssets:
		err = a.listAssets()
	case UnrealPak:
		err = a.listPak()
	case GodotPack:
		err = a.listGodot()
	case Assembly:
		err = a.listAssembly()
	case AssemblyStore:
		err = a.listAssemblyStore()
	case SQLite:
		err = a.listSQLite()
	case None:
		err = errorAt(None, 0, ErrUnsupported, "not a container")
	default:
		err = errorAt(a.Kind, 0, ErrUnsupported, "%s is recognised but not read", a.Kind)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// SigningBlock returns the APK Signing Block without its two size fields and magic
// (a sequence of length-prefixed pairs), or nil. It aliases the archive.
func (a *Archive) SigningBlock() []byte { return a.signingBlock }

// Lookup returns the entries called name, in directory order.
func (a *Archive) Lookup(name string) []*Entry {
	var found []*Entry
	for i := range a.Entries {
		if a.Entries[i].Name == name {
			found = append(found, &a.Entries[i])
		}
	}
	return found
}

// Outside returns the bytes before and after the archive proper, either of which
// may be empty. They alias the archive.
func (a *Archive) Outside() (prefix, trailer []byte) {
	return a.data[:a.Prefix], a.data[int64(len(a.data))-a.Trailer:]
}

// Between returns where content may be that is in no entry: before the archive, in
// its gaps and behind it.
func (a *Archive) Between() []Span {
	var out []Span
	if a.Prefix > 0 {
		out = append(out, Span{0, a.Prefix})
	}
	out = append(out, a.Gaps...)
	if n := int64(len(a.data)); a.Trailer > 0 {
		out = append(out, Span{n - a.Trailer, n})
	}
	return out
}

func (a *Archive) warn(format string, args ...any) {
	a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...))
}

// Methods of ZIP entries. Entries of tar archives are Stored; the one entry of a
// compressed stream, such as gzip, is Deflated or Stream; an entry cut from packed
// blocks that it may share with others is Blocks.
const (
	Stored   = 0
	Deflated = 8
	Blocks   = 0xFFFE
	Stream   = 0xFFFF
)

// Entry is one file of an archive.
type Entry struct {
	// Name as listed, with bytes that are not printable UTF-8 written as \xNN.
	// It is for reports only and may hold anything, ".." included.
	Name string
	// Size and CompressedSize are as declared, in bytes; Size is -1 when the
	// container does not say.
	Size, CompressedSize int64
	Method               uint16
	CRC32                uint32
	// Offset is that of the entry's header in the archive; with Blocks, of its content
	// in what the blocks unpack to.
	Offset    int64
	Encrypted bool // the encryption flag is set, which Android ignores
	Directory bool // the entry is a folder and has no content
	// Note says what is odd about the listing of this entry, or is empty.
	Note string

	archive *Archive
	content []byte // already known content (sparse tar members)
	hasCRC  bool
	inPlace bool   // Offset is the content itself, no header to read
	broken  *Error // why it cannot be read, by the listing alone
	spans   []Span // where the content is when that is not one place
	id      int64  // of a Unity object
}

// Stored reports whether the entry's content can be had without decompression.
func (e *Entry) Stored() bool { return e.Method == Stored && !e.Encrypted }

func (e *Entry) addNote(format string, args ...any) {
	if e.Note != "" {
		e.Note += "; "
	}
	e.Note += fmt.Sprintf(format, args...)
}
