package extract

import (
	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph"
)

// App is one file that was scanned: an app or other container with all that is in
// it, or a loose file. It is one row of the apps table.
type App struct {
	// Path is the file's path relative to the scanned root, with slashes; the base
	// name when the file itself was named.
	Path string
	// SHA256 of the whole file, 64 hex characters; for a split set, of its members'
	// digests one after the other.
	SHA256 string
	// Container is what the file is: "apk", "aab", "aar", "apks", "xapk", "apkm",
	// "wheel", "jar", "zip", "tar", "gzip", "bzip2", "xz", "zstd", "unity bundle", "godot pack",
	// SplitSet or "file".
	Container string
	SizeBytes int64
	// EntryCount is the number of entries of the container itself, 0 for a file.
	EntryCount int
	// Status is Parsed when the container was listed whole, Partial when it had to
	// be repaired or could not be searched to the end, else what stopped it. For a
	// loose file it is the status of its finding.
	Status Status
	// Reason says what was wrong, or is empty.
	Reason string
	// Err is set when the file itself could not be opened or read, as against
	// having bad content: trying again may help.
	Err error
	// Findings in the order of the container's entries, then by offset.
	Findings []*Finding
	// Description is what Scanner.Describe returned; nil for a split set, whose
	// members have their own.
	Description any
	// Members are the packages of a split set, the base first, in the order of
	// their names; nil for everything else. Their findings are the app's.
	Members []*App
}

// Finding is one candidate: one row of the files table.
type Finding struct {
	// Path inside the container, nested archives joined by "!/"; for a loose file
	// the App's own path.
	Path string
	// Offset of the model in the file at Path, -1 when it is the whole file.
	Offset int64
	// SHA256 of the candidate's bytes (from Offset to its end), 64 hex characters,
	// or "" when there were none to read.
	SHA256 string
	// Size of the candidate in bytes; CompressedSize what its file takes in its
	// archive, equal to the file's size when stored.
	Size, CompressedSize int64
	// Stored says that the file is kept uncompressed in its archive.
	Stored bool
	// Extension is the lower-case extension of the name without dot: a hint only.
	Extension string
	// Format is the name of the format, or what the content was recognised as
	// ("png"), or "" when nothing was.
	Format string
	Status Status
	// Reason says why the status is not Parsed, in one line.
	Reason string
	// ModelID is the SHA-256 of the model's content; with companion files, of
	// main file and companions one after the other. Empty without a model.
	ModelID string
	// Companions are the paths, as in Path, of the other files of the model.
	Companions []string
	// Entropy of the candidate in bits per byte (0 to 8) over its whole content up
	// to 1 MiB, else over 16 blocks of 64 KiB spread evenly; -1 when unknown.
	Entropy float64

	// Model is set on the first finding of each distinct model, unless
	// Scanner.Digest is set. It refers to the scanned bytes and is valid until the
	// sink returns.
	Model *graph.Model
	// Digest is what Scanner.Digest returned for the model, set on the first
	// finding of each distinct model.
	Digest any

	state *modelState
	order int  // of the archive's entry that it is in
	piece bool // part of a model that is cut up
}

// Source is the view of one scanned file that Scanner.Describe gets.
type Source struct {
	// Path is the App's path.
	Path string
	// Data is the whole file.
	Data []byte
	// Archive lists the container; nil for a loose file.
	Archive *container.Archive
	// Signature is the content of the file beside it that ends in SignatureSuffix, nil
	// if there is none. It is valid until Describe returns.
	Signature []byte
}
