package board

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"goomtrain/checkpoints"
)

const (
	maxDepth   = 4       // folders between a given one and a run
	maxFolders = 1 << 16 // looked at
	maxRuns    = 4096
)

// A finder looks for run folders.
type finder struct {
	found   []place
	seen    map[string]bool // real paths
	folders int
	notes   []string
}

// A place is a run folder and the name that the page calls it.
type place struct{ name, dir string }

// find returns the run folders that the given folders are or hold, in the order of their names, and what to tell the user.
func find(given []string) (places []place, notes []string) {
	f := finder{seen: map[string]bool{}}
	for _, dir := range given {
		name := filepath.Base(dir)
		if _, err := os.Stat(dir); err != nil {
			f.notes = append(f.notes, dir+" is not there yet, or cannot be read")
			continue
		}
		if isRun(dir) {
			f.add(name, dir)
			continue
		}
		prefix := ""
		if len(given) > 1 {
			prefix = name + "/"
		}
		f.walk(prefix, dir, maxDepth)
	}
	slices.SortFunc(f.found, func(a, b place) int { return cmp.Compare(a.name, b.name) })
	if len(f.found) > maxRuns {
		f.found = f.found[len(f.found)-maxRuns:]
		f.notes = append(f.notes, "there are more than 4096 runs: the last by name are shown; name fewer folders")
	}
	return f.found, f.notes
}

func isRun(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, checkpoints.ConfigFile))
	return err == nil && info.Mode().IsRegular()
}

// walk looks for runs in the folders within dir, down to a depth. Links to folders count as folders.
func (f *finder) walk(prefix, dir string, depth int) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.notes = append(f.notes, err.Error())
		return
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") || f.folders >= maxFolders {
			continue
		}
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			continue
		}
		f.folders++
		if isRun(path) {
			f.add(prefix+e.Name(), path)
		} else if depth > 1 {
			f.walk(prefix+e.Name()+"/", path, depth-1)
		}
	}
}

// add adds a run, unless it was found under another name.
func (f *finder) add(name, dir string) {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil || f.seen[real] {
		return
	}
	f.seen[real] = true
	f.found = append(f.found, place{name, dir})
}
