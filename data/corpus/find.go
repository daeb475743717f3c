package corpus

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A File is a document before it is read.
type File struct {
	Name string // path below the folder that was named, with slashes: what orders, splits and hashes go by
	Path string // where to open it
}

// Find lists the files that a pattern means, ordered by name: a file means itself, a folder everything
// below it but hidden files and folders (whose names start with a dot), a glob all of that for each match.
func Find(pattern string) ([]File, error) {
	matches := []string{pattern}
	base := filepath.Dir(pattern)
	info, err := os.Stat(pattern)
	switch {
	case err == nil && info.IsDir():
		base = pattern
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(pattern, "*?["):
		matches, err = filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("cannot read the glob %q: %w", pattern, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("no file matches %q", pattern)
		}
		base = fixedPart(pattern)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no file or folder %q (working folder %s)", pattern, workingFolder())
	case err != nil:
		return nil, err
	}
	var files []File
	for _, m := range matches {
		if files, err = walk(files, base, m); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	files = slices.CompactFunc(files, func(a, b File) bool { return a.Name == b.Name }) // a glob may match a folder and a file in it
	if len(files) == 0 {
		return nil, fmt.Errorf("%q holds no regular files", pattern)
	}
	return files, nil
}

// walk appends the regular files at and below path. Links to files are followed, links to folders are
// not, so that the walk ends.
func walk(files []File, base, path string) ([]File, error) {
	// A folder that is named itself through a link is entered: the link stands in what the user typed.
	root := path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		root = real
	}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p != root && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if info, err := os.Stat(p); err != nil || !info.Mode().IsRegular() {
			return nil // a pipe, a device, a link that leads nowhere or to a folder
		}
		below, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(base, filepath.Join(path, below))
		if err != nil {
			return err
		}
		files = append(files, File{Name: filepath.ToSlash(name), Path: p})
		return nil
	})
	return files, err
}

// fixedPart is the folder that a glob's matches all lie in: what stands before its first wildcard.
func fixedPart(pattern string) string {
	for strings.ContainsAny(pattern, "*?[") {
		pattern = filepath.Dir(pattern)
	}
	return pattern
}

func workingFolder() string {
	dir, err := os.Getwd()
	if err != nil {
		return "unknown"
	}
	return dir
}
