package extract

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// diskFile is a file to scan.
type diskFile struct {
	path      string // to open
	name      string // relative to the scanned root, with slashes
	size      int64
	signature string // path of the file beside it that signs it, "" if there is none
}

// SignatureSuffix is what a package's name is followed by in that of its signature of
// scheme v4, which is a file of its own.
const SignatureSuffix = ".idsig"

// takeSignatures gives each package the signature beside it, which then is no file to
// scan. Signatures whose package is not there stay.
func takeSignatures(units []unitFiles) []unitFiles {
	signed := map[string]*diskFile{} // by the signature's path
	for _, u := range units {
		for _, f := range u.files {
			if name, ok := strings.CutSuffix(f.path, SignatureSuffix); ok && isContainerName(name) {
				signed[f.path] = nil
			}
		}
	}
	if len(signed) == 0 {
		return units
	}
	for _, u := range units {
		for k := range u.files {
			f := &u.files[k]
			if _, ok := signed[f.path+SignatureSuffix]; ok {
				f.signature = f.path + SignatureSuffix
				signed[f.signature] = f
			}
		}
	}
	for i := range units {
		// Packages and signatures are never in one unit, so that no pointer moves.
		units[i].files = slices.DeleteFunc(units[i].files, func(f diskFile) bool { return signed[f.path] != nil })
	}
	return slices.DeleteFunc(units, func(u unitFiles) bool { return len(u.files) == 0 })
}

// unitFiles is what is scanned together: one container, or all loose files of one
// folder, which may be parts of each other.
type unitFiles struct {
	folder string // to open companions by relative name; "" for none
	prefix string // folder's path relative to the scanned root, with slashes
	files  []diskFile
	named  bool   // the loose files were named one by one
	set    string // name of the app that the files are together, "" for none
}

// containerExtensions are names of files that are scanned on their own, never as a
// companion of their neighbours. It only groups work; what a file is, its content says.
var containerExtensions = map[string]bool{
	".apk": true, ".aab": true, ".aar": true, ".apks": true, ".xapk": true, ".apkm": true, ".obb": true,
	".jar": true, ".whl": true, ".ipa": true, ".hap": true, ".zip": true, ".tar": true, ".tgz": true,
}

func isContainerName(name string) bool {
	return containerExtensions[strings.ToLower(filepath.Ext(name))]
}

// walk lists the units of all paths: each folder's files in name order, then its
// subfolders.
func walk(paths []string) ([]unitFiles, error) {
	units, err := walkAll(paths)
	return takeSignatures(units), err
}

func walkAll(paths []string) ([]unitFiles, error) {
	var units []unitFiles
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("scan %s: %w", p, err)
		}
		if info.IsDir() {
			if units, err = walkFolder(units, p, ""); err != nil {
				return nil, err
			}
			continue
		}
		f := diskFile{path: p, name: filepath.Base(p), size: info.Size()}
		if s, err := os.Stat(p + SignatureSuffix); err == nil && s.Mode().IsRegular() && isContainerName(p) {
			f.signature = p + SignatureSuffix
		}
		folder := filepath.Dir(p)
		if n := len(units); n > 0 && units[n-1].named && units[n-1].folder == folder && !isContainerName(p) {
			units[n-1].files = append(units[n-1].files, f)
			continue
		}
		units = append(units, unitFiles{folder: folder, files: []diskFile{f}, named: !isContainerName(p)})
	}
	return units, nil
}

func walkFolder(units []unitFiles, folder, prefix string) ([]unitFiles, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", folder, err)
	}
	loose := unitFiles{folder: folder, prefix: prefix}
	var packages []unitFiles
	var folders []fs.DirEntry
	for _, e := range entries {
		switch {
		case e.IsDir():
			folders = append(folders, e)
		case e.Type().IsRegular():
			info, err := e.Info()
			if err != nil {
				return nil, fmt.Errorf("scan %s: %w", filepath.Join(folder, e.Name()), err)
			}
			f := diskFile{path: filepath.Join(folder, e.Name()), name: path.Join(prefix, e.Name()), size: info.Size()}
			if isContainerName(e.Name()) {
				packages = append(packages, unitFiles{files: []diskFile{f}})
			} else {
				loose.files = append(loose.files, f)
			}
		}
	}
	units = append(units, groupSplits(setName(folder, prefix), packages)...)
	if len(loose.files) > 0 {
		units = append(units, loose)
	}
	for _, e := range folders {
		if units, err = walkFolder(units, filepath.Join(folder, e.Name()), path.Join(prefix, e.Name())); err != nil {
			return nil, err
		}
	}
	return units, nil
}

// setName is the name of an app that fills a folder: its path from the scanned
// root, or its own name if it is the root.
func setName(folder, prefix string) string {
	if prefix != "" {
		return prefix
	}
	if full, err := filepath.Abs(folder); err == nil {
		folder = full
	}
	return filepath.Base(folder)
}
