package data

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

//go:embed profiles
var profiles embed.FS

// BuiltinProfile returns the fitted profile of a world ("ncnn", "npu", "levels") that
// ships with the program, nil if there is none. "make profiles" rebuilds the
// profiles from the recorded rows in data/records.
func BuiltinProfile(world string) ([]byte, error) {
	b, err := profiles.ReadFile("profiles/" + world + ".profile.gz")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("built-in profile %s: %w", world, err)
	}
	return io.ReadAll(z)
}
