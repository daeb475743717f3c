package checkpoints

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/internal/regular/regulartest"
)

// A named pipe in the place of any file of a run folder is an error, or skipped, at once.
func TestPipesInsteadOfFiles(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(1), SaveOptions{})
	dir := mustSave(t, run, stateOf(2), SaveOptions{})
	const pipe = "is a named pipe, not a file"
	for name, want := range map[string]string{modelFile: "", optimizerFile: "", stateName: pipe} {
		path := filepath.Join(dir, name)
		whole := path + ".whole"
		if err := os.Rename(path, whole); err != nil {
			t.Fatal(err)
		}
		regulartest.PipeAt(t, path)
		regulartest.AtOnce(t, func() {
			if _, err := Load(run); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
			if _, err := OpenTensors(path); err == nil || err.Error() != path+" "+pipe {
				t.Errorf("%s opened as tensors: %v", name, err)
			}
		})
		if err := os.Rename(whole, path); err != nil {
			t.Fatal(err)
		}
	}
	lock := filepath.Join(run, "pipe.lock")
	regulartest.PipeAt(t, lock)
	regulartest.AtOnce(t, func() {
		if o, ok := readOwner(lock); ok {
			t.Errorf("a named pipe holds the owner %+v", o)
		}
	})
}
