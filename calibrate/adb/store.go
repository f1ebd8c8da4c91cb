package adb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Dir is where files are put on a device: the one folder that a shell may run programs from.
const Dir = "/data/local/tmp/gaugenn"

// Put makes sure that a local file is on the device under its hash, and returns its path there. A file that is there with the same hash is not
// pushed again; a push that was cut off is, since the file gets its name only when its hash is right.
func (c Client) Put(ctx context.Context, local string, mode os.FileMode) (string, error) {
	sum, size, err := hashOf(local)
	if err != nil {
		return "", err
	}
	folder := path.Join(Dir, sum[:16])
	remote := path.Join(folder, filepath.Base(local))
	out, err := c.Shell(ctx, fmt.Sprintf("mkdir -p %s || exit 3; sha256sum %s", Quote(folder), Quote(remote)), 0)
	if err != nil {
		return "", err
	}
	if out.Code == 0 && strings.HasPrefix(string(out.Stdout), sum) {
		return remote, nil
	}
	if out.Code == 3 {
		return "", fmt.Errorf("mkdir %s: %w: %s", folder, cause(out, ErrFailed), lastLine(out))
	}
	if err := c.Push(ctx, local, remote+".part", size); err != nil {
		return "", err
	}
	out, err = c.Shell(ctx, fmt.Sprintf("sha256sum %[1]s && chmod %[3]o %[1]s && mv %[1]s %[2]s", Quote(remote+".part"), Quote(remote), mode.Perm()), 0)
	if err != nil {
		return "", err
	}
	if out.Code != 0 || !strings.HasPrefix(string(out.Stdout), sum) {
		return "", fmt.Errorf("push %s: %w: hash after the push differs", remote, cause(out, ErrFailed))
	}
	return remote, nil
}

// Remove takes one file that Put put there off the device.
func (c Client) Remove(ctx context.Context, remote string) error {
	if !strings.HasPrefix(remote, Dir+"/") || strings.Contains(remote, "..") {
		return fmt.Errorf("remove %q: not below %s", remote, Dir)
	}
	_, err := c.Shell(ctx, "rm -rf "+Quote(path.Dir(remote)), 0)
	return err
}

// Clean takes everything off the device that was put there.
func (c Client) Clean(ctx context.Context) error {
	_, err := c.Shell(ctx, "rm -rf "+Dir, 0)
	return err
}

// HashOf returns the SHA-256 of a local file, in hexadecimal.
func HashOf(local string) (string, error) {
	sum, _, err := hashOf(local)
	return sum, err
}

func hashOf(local string) (string, int64, error) {
	f, err := os.Open(local)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), n, nil
}
