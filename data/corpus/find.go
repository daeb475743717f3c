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

	"goomtrain/internal/regular"
)

// A File is a document before it is read.
type File struct {
	Name string // path below the folder that was named, with slashes: what orders, splits and hashes go by
	Path string // where to open it
}

// Find lists the files that a pattern means, ordered by name: a file means itself, a folder everything
// below it but hidden files and folders (whose names start with a dot), a glob all of that for each match.
// A pattern, or the beginning of one, that is the path of something that exists means that, whatever
// characters are in it: only what comes after can match.
func Find(pattern string) ([]File, error) {
	matches, base := []string{pattern}, filepath.Dir(pattern)
	info, err := os.Stat(pattern)
	switch {
	case err == nil && info.IsDir():
		base = pattern
	case err == nil:
		err = regular.Check(pattern, info.Mode())
	case hasWildcard(pattern):
		base = existingPart(filepath.Clean(pattern))
		if matches, err = expand(filepath.Clean(pattern)); err != nil {
			err = fmt.Errorf("cannot read the glob %q: %w", pattern, err)
		} else if len(matches) == 0 {
			err = fmt.Errorf("no file matches %q", pattern)
		}
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("no file or folder %q (working folder %s)", pattern, workingFolder())
	}
	if err != nil {
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

// Matches reports whether a pattern is the path of something that exists, or a glob with a match.
func Matches(pattern string) bool {
	matches, err := expand(filepath.Clean(pattern))
	return pattern != "" && err == nil && len(matches) > 0
}

// expand lists the paths that a pattern matches. Unlike filepath.Glob it takes a name with wildcards that
// exists for that name, at every level: a folder may be called [2024].
func expand(pattern string) ([]string, error) {
	if regular.Exists(pattern) {
		return []string{pattern}, nil
	}
	if !hasWildcard(pattern) {
		return nil, nil
	}
	last := filepath.Base(pattern)
	parents, err := expand(filepath.Dir(pattern))
	if err != nil {
		return nil, err
	}
	var matches []string
	for _, parent := range parents {
		if path := filepath.Join(parent, last); regular.Exists(path) {
			matches = append(matches, path)
			continue
		}
		if _, err := filepath.Match(last, ""); err != nil {
			return nil, err
		}
		entries, err := os.ReadDir(parent)
		if err != nil {
			continue // not a folder, or not one to be read: nothing in it matches, as for a shell
		}
		for _, e := range entries {
			if ok, _ := filepath.Match(last, e.Name()); ok {
				matches = append(matches, filepath.Join(parent, e.Name()))
			}
		}
	}
	return matches, nil
}

// existingPart is the longest beginning of a pattern that exists: all matches lie below it.
func existingPart(pattern string) string {
	for !regular.Exists(pattern) && hasWildcard(pattern) {
		pattern = filepath.Dir(pattern)
	}
	return pattern
}

func hasWildcard(pattern string) bool { return strings.ContainsAny(pattern, "*?[") }

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

func workingFolder() string {
	dir, err := os.Getwd()
	if err != nil {
		return "unknown"
	}
	return dir
}
