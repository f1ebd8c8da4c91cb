package data

import (
	"embed"
	"errors"
	"io/fs"
)

//go:embed profiles
var profiles embed.FS

// BuiltinProfile returns the fitted profile that ships with the program, nil
// if there is none. "make profiles" rebuilds it from the rows beside it.
func BuiltinProfile() ([]byte, error) {
	b, err := profiles.ReadFile("profiles/ncnn.profile")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}
