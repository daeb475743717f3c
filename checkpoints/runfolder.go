package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"goomtrain/internal/atomicfile"
)

// ConfigFile is the name of the resolved configuration in a run folder.
const ConfigFile = "config.toml"

// RunsDir is the folder, in the working folder, of runs that are given no folder of their own.
const RunsDir = "runs"

// NewRunFolder makes the folder of a new run and its empty folder of checkpoints: dir, or if that is "" a
// folder in RunsDir named after the time and name. It refuses a folder in which anything of a run is left.
func NewRunFolder(dir, name string) (string, error) {
	if dir == "" {
		name = time.Now().Format("20060102-150405") + "-" + name
		dir = filepath.Join(RunsDir, name)
		for n := 2; exists(dir); n++ {
			dir = filepath.Join(RunsDir, fmt.Sprintf("%s-%d", name, n))
		}
	}
	switch left := leftOf(dir); {
	case left == ConfigFile:
		return "", fmt.Errorf("%s already holds a run: go on with go run ./cmd/train -resume %s, or give another folder", dir, dir)
	case left != "":
		return "", fmt.Errorf("%s holds %s of a run whose %s is gone: put that back, or give another folder", dir, left, ConfigFile)
	}
	return dir, atomicfile.MkdirAll(root(dir))
}

// leftOf names the first thing of a run that lies in the folder; "" if there is none.
func leftOf(dir string) string {
	for _, name := range []string{ConfigFile, "metrics.jsonl", "metrics.csv", "tb"} {
		if exists(filepath.Join(dir, name)) {
			return name
		}
	}
	if entries, err := os.ReadDir(root(dir)); err == nil && len(entries) > 0 {
		return filepath.Join(filepath.Base(root(dir)), entries[0].Name())
	}
	return ""
}

// CheckResumable returns an error where the run folder has lost its folder of checkpoints: a run makes it
// before anything else, so it was removed, and going on would begin anew over the run's metrics.
func CheckResumable(runDir string) error {
	if exists(root(runDir)) || !exists(filepath.Join(runDir, "metrics.jsonl")) {
		return nil
	}
	return fmt.Errorf("%s has metrics but its folder %s is gone: put it back, or start a new run in another folder", runDir, filepath.Base(root(runDir)))
}

// RunFolder finds the run folder of a path: the folder itself, or the one around a checkpoint.
func RunFolder(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return "", fmt.Errorf("%s: %w", path, err)
	}
	candidates := []string{path, filepath.Dir(filepath.Dir(filepath.Clean(path)))}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		candidates = append(candidates, filepath.Dir(filepath.Dir(real)), filepath.Dir(real))
	}
	for _, dir := range candidates {
		if _, err := os.Stat(filepath.Join(dir, ConfigFile)); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s is no run folder and no checkpoint in one: %s is missing", path, ConfigFile)
}

// NewestRun is the run folder in RunsDir that was begun or resumed last: what is meant where no other is
// named.
func NewestRun() (string, error) {
	entries, err := os.ReadDir(RunsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	newest, at := "", time.Time{}
	for _, e := range entries {
		dir := filepath.Join(RunsDir, e.Name())
		if info, err := os.Stat(filepath.Join(dir, ConfigFile)); err == nil && (newest == "" || info.ModTime().After(at)) {
			newest, at = dir, info.ModTime()
		}
	}
	if newest == "" {
		return "", fmt.Errorf("no run in the folder %s: train one with go run ./cmd/train, or name a run's folder", RunsDir)
	}
	return newest, nil
}
