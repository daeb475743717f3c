package checkpoints

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"goomtrain/internal/atomicfile"
	"goomtrain/internal/regular"
)

// ConfigFile is the name of the file with the resolved configuration in a run folder.
const ConfigFile = "config.toml"

// RunsDir is the folder, in the working directory, of runs for which no folder was given.
const RunsDir = "runs"

// NewRunFolder creates the folder of a new run, with an empty folder for checkpoints, and returns its path: dir
// or, if that is "", a folder in RunsDir named after the time and name. It refuses a folder that holds files of
// another run.
func NewRunFolder(dir, name string) (string, error) {
	if dir == "" {
		name = time.Now().Format("20060102-150405") + "-" + strings.NewReplacer("/", "-", `\`, "-").Replace(name)
		dir = filepath.Join(RunsDir, name)
		for n := 2; exists(dir); n++ {
			dir = filepath.Join(RunsDir, fmt.Sprintf("%s-%d", name, n))
		}
	}
	if err := CheckNew(dir); err != nil {
		return "", err
	}
	return dir, atomicfile.MkdirAll(root(dir))
}

// CheckNew returns an error if a folder, which need not exist, holds files of a run.
func CheckNew(dir string) error {
	switch left := leftOf(dir); left {
	case "":
		return nil
	case ConfigFile:
		return fmt.Errorf("%s already holds a run: resume it, or give another folder", dir)
	default:
		return fmt.Errorf("%s holds %s of a run whose %s is missing: restore that file, or give another folder", dir, left, ConfigFile)
	}
}

// leftOf names the first file of a run in the folder; "" if there is none.
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

// CheckResumable returns an error if the run folder has no folder of checkpoints. A run creates it before
// anything else, so it was removed, and resuming would start over and overwrite the metrics.
func CheckResumable(runDir string) error {
	if exists(root(runDir)) || !exists(filepath.Join(runDir, "metrics.jsonl")) {
		return nil
	}
	return fmt.Errorf("%s has metrics, but its folder %s is missing: restore it, or start a new run in another folder", runDir, filepath.Base(root(runDir)))
}

// RunFolder returns the run folder that path is, or that contains the checkpoint path.
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
	if absolute, err := filepath.Abs(path); err == nil { // a path in a working directory within the run
		candidates = append(candidates, filepath.Dir(filepath.Dir(absolute)), filepath.Dir(absolute))
	}
	for _, dir := range candidates {
		if regular.Exists(filepath.Join(dir, ConfigFile)) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s is neither a run folder nor a checkpoint in one: %s is missing", path, ConfigFile)
}

// NewestRun returns the run folder in RunsDir that was started or resumed last. Commands use it where no run is
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
