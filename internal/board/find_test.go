package board

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runsIn makes run folders.
func runsIn(t *testing.T, folder string, names ...string) {
	t.Helper()
	for _, name := range names {
		dir := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.toml"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// foundIn are the names of the runs that find finds.
func foundIn(given ...string) (names string, notes []string) {
	places, notes := find(given)
	var all []string
	for _, p := range places {
		all = append(all, p.name)
	}
	return strings.Join(all, " "), notes
}

// TestFind: runs are found down to a depth, but not in hidden folders nor in other runs, each once, and by links.
func TestFind(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	runsIn(t, folder, "b", "b/within", "a/two", "a/b/c/four", "a/b/c/d/five", ".hidden")
	runsIn(t, outside, "run")
	if names, notes := foundIn(folder); names != "a/b/c/four a/two b" || notes != nil {
		t.Errorf("%s, notes %q", names, notes)
	}
	if names, notes := foundIn(filepath.Join(folder, "b")); names != "b" || notes != nil {
		t.Errorf("of a run: %s, notes %q", names, notes)
	}
	none := filepath.Join(folder, "none")
	names, notes := foundIn(filepath.Join(folder, "b"), outside, none, folder)
	last := filepath.Base(folder)
	want := strings.Fields(fmt.Sprintf("b %s/run %s/a/b/c/four %[2]s/a/two", filepath.Base(outside), last)) // b is there already
	slices.Sort(want)
	if names != strings.Join(want, " ") || len(notes) != 1 || notes[0] != none+" is not there yet, or cannot be read" {
		t.Errorf("of several folders: %s, want %v; notes %q", names, want, notes)
	}
	for link, to := range map[string]string{"link": outside, "same": filepath.Join(folder, "b"), "loop": folder} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Skip("no symbolic links here:", err)
		}
	}
	if names, _ := foundIn(folder); names != "a/b/c/four a/two b link/run" {
		t.Errorf("with links: %s", names)
	}
}

// TestFindMany: of more runs than the board has room for the last by name are shown, with a note.
func TestFindMany(t *testing.T) {
	folder := t.TempDir()
	for i := range maxRuns + 2 {
		runsIn(t, folder, fmt.Sprintf("%05d", i))
	}
	places, notes := find([]string{folder})
	if len(places) != maxRuns || places[0].name != "00002" || len(notes) != 1 || !strings.Contains(notes[0], fmt.Sprintf("more than %d runs", maxRuns)) {
		t.Errorf("%d runs from %s, notes %q", len(places), places[0].name, notes)
	}
}
