package litert

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Name is the runtime's word in tables.
const Name = "litert"

// libraryName is the file name of the library on Linux.
const libraryName = "libLiteRt.so"

// Library is a LiteRT library file.
type Library struct {
	Path    string
	SHA256  string
	Version string // of the wheel that it lies in, "" unknown
}

// Find returns the library at path, or, with an empty path, the first one in the folders: a folder is a Python environment
// (lib/python*/site-packages), a folder of packages or the library's own. None is an ErrLibrary that says how to get one.
func Find(path string, folders ...string) (Library, error) {
	if path != "" {
		return open(path)
	}
	for _, dir := range folders {
		if dir == "" {
			continue
		}
		for _, pattern := range []string{
			libraryName, "ai_edge_litert/" + libraryName,
			"lib/python3*/site-packages/ai_edge_litert/" + libraryName, "python3*/dist-packages/ai_edge_litert/" + libraryName,
		} {
			found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
			if err != nil || len(found) == 0 {
				continue
			}
			slices.Sort(found)
			return open(found[len(found)-1])
		}
	}
	return Library{}, fmt.Errorf("%w: no %s; \"pip install ai-edge-litert\" in a Python environment gives one", runtime.ErrLibrary, libraryName)
}

func open(path string) (Library, error) {
	f, err := os.Open(path)
	if err != nil {
		return Library{}, fmt.Errorf("%w: %w", runtime.ErrLibrary, err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Library{}, fmt.Errorf("%w: %w", runtime.ErrLibrary, err)
	}
	return Library{Path: path, SHA256: hex.EncodeToString(h.Sum(nil)), Version: wheelVersion(path)}, nil
}

// wheelVersion reads the version from the name of the wheel's metadata folder beside the package.
func wheelVersion(path string) string {
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "..", "ai_edge_litert-*.dist-info"))
	if len(found) != 1 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), "ai_edge_litert-"), ".dist-info")
}
