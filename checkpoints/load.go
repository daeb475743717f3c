package checkpoints

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Checkpoint is one that Load or LoadWeights has found intact. It holds no open file.
type Checkpoint struct {
	Dir      string   // its folder; the folder of the file if a .safetensors file was named
	State    State    // empty if HasState is false
	HasState bool     // false for a .safetensors file without a state.json that has its checksum
	Notes    []string // for the user: which checkpoints were skipped, and why

	model string     // path of the weights
	exact bool       // tensors must have exactly the type that they are read into
	sums  *stateFile // checksums of the files; nil if HasState is false
}

// ModelPath is the path of the weights.
func (c *Checkpoint) ModelPath() string { return c.model }

// OptimizerPath is the path of the optimizer state.
func (c *Checkpoint) OptimizerPath() string { return filepath.Join(c.Dir, optimizerFile) }

// SHA256 returns the checksum of the file of the weights or, if average is set, of that of the optimizer state,
// which has their averages, in hexadecimal digits. That of shards is the checksum of the list of the checksums of
// their index and of each of them, as the program sha256sum prints it.
func (c *Checkpoint) SHA256(average bool) (string, error) {
	path, name := c.model, modelFile
	if average {
		path, name = c.OptimizerPath(), optimizerFile
	}
	if c.sums != nil {
		return c.sums.Files[name].SHA256, nil // verified before the file is used
	}
	files, err := filesOf(path)
	if err != nil || len(files) == 1 {
		sum, err := sumOf(path)
		return sum.SHA256, err
	}
	all := sha256.New()
	for _, file := range files {
		sum, err := sumOf(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%s  %s\n", sum.SHA256, filepath.Base(file))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// ModelBytes returns the size of the weights on disk, of all shards together.
func (c *Checkpoint) ModelBytes() (total int64, err error) {
	files, err := filesOf(c.model)
	for i := 0; i < len(files) && err == nil; i++ {
		var info fs.FileInfo
		if info, err = os.Stat(files[i]); err == nil {
			total += info.Size()
		}
	}
	return total, err
}

// Load finds a checkpoint to resume from and verifies every byte of it. path is one of
//   - a run folder, or its folder checkpoints: Load takes the newest intact checkpoint and lists the damaged
//     ones that it skipped in Notes;
//   - a checkpoint folder, or the link last or best: Load takes that one or returns an error.
//
// Errors are ErrNone, ErrCorrupt, ErrNewerFormat or the system's. Each says what to do.
func Load(path string) (*Checkpoint, error) {
	place, err := locate(path)
	switch {
	case err != nil:
		return nil, err
	case place.weights != "":
		return nil, fmt.Errorf("%s holds weights only; to resume name a run folder or a checkpoint folder", path)
	case place.checkpoint != "":
		return open(place.checkpoint, true)
	}
	return openNewest(place.run, nil, true)
}

// LoadWeights finds weights to compute with. It differs from Load in three ways: it also takes a .safetensors
// file of any origin, an index of shards (IndexSuffix), or a folder with either; of a run folder it takes the best checkpoint if that is intact, else the newest intact
// one; and it does not read the optimizer state. ReadModel then also widens floats (F16, BF16, F32) where that
// is exact.
func LoadWeights(path string) (*Checkpoint, error) {
	place, err := locate(path)
	switch {
	case err != nil:
		return nil, err
	case place.weights != "":
		return openWeights(place.weights)
	case place.checkpoint != "":
		return open(place.checkpoint, false)
	}
	best, err := BestDir(place.run)
	if err != nil {
		return openNewest(place.run, nil, false)
	}
	c, err := open(best, false)
	if errors.Is(err, ErrCorrupt) {
		return openNewest(place.run, []string{passedOver(best, err)}, false)
	}
	return c, err
}

// A place says what a path is: exactly one field is set.
type place struct{ run, checkpoint, weights string }

func locate(path string) (place, error) {
	path = filepath.Clean(path)
	if base := filepath.Base(path); base == "last" || base == "best" {
		if name := linkTarget(filepath.Dir(path), base); name != "" {
			path = filepath.Join(filepath.Dir(path), name) // the folder itself: the link may move on while we read
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return place{}, none("%s does not exist: name a run folder or a checkpoint folder", path)
	case err != nil:
		return place{}, err
	case info.Mode().IsRegular() && (strings.EqualFold(filepath.Ext(path), ".safetensors") || isIndex(path)):
		return place{weights: path}, nil
	case !info.IsDir():
		return place{}, none("%s is neither a run folder, nor a checkpoint folder, nor a .safetensors file", path)
	}
	if absolute, err := filepath.Abs(path); err == nil && filepath.Base(absolute) == "checkpoints" && !exists(root(path)) {
		return place{run: filepath.Dir(absolute)}, nil
	}
	_, isStep := parseStep(filepath.Base(path))
	if isStep || exists(filepath.Join(path, stateName)) {
		return place{checkpoint: path}, nil
	}
	if weights := WeightsIn(path); weights != "" && !exists(root(path)) {
		return place{weights: weights}, nil
	}
	return place{run: path}, nil
}

// open verifies the checkpoint in dir: all of it, or all but the optimizer state.
func open(dir string, all bool) (*Checkpoint, error) {
	state, err := readState(dir)
	if err == nil {
		err = state.verify(dir, modelFile)
	}
	if err == nil && all {
		err = state.verify(dir, optimizerFile)
	}
	if errors.Is(err, fs.ErrNotExist) { // readState saw the files: removed in the meantime
		err = &fileError{file: dir, reason: "it was removed while it was being read", remedy: remedyOther, kind: ErrCorrupt}
	}
	if err != nil {
		return nil, err
	}
	return &Checkpoint{Dir: dir, State: state.State, HasState: true, model: filepath.Join(dir, modelFile), exact: all, sums: state}, nil
}

// openNewest opens the newest intact checkpoint of a run. It skips damaged checkpoints only: skipping one of a
// newer format, or after an error of the system, would lose the steps since an older checkpoint without notice.
func openNewest(runDir string, notes []string, all bool) (*Checkpoint, error) {
	entries, err := List(runDir)
	if err != nil {
		return nil, err
	}
	for i, e := range slices.Backward(entries) {
		c, err := (*Checkpoint)(nil), e.Err
		if err == nil {
			c, err = open(e.Dir, all)
		}
		if err == nil {
			c.Notes = notes
			return c, nil
		}
		if !errors.Is(err, ErrCorrupt) {
			return nil, err
		}
		entries[i].Err = err
		if note := passedOver(e.Dir, err); !slices.Contains(notes, note) { // the best one may be noted already
			notes = append(notes, note)
		}
	}
	return nil, noneIn(runDir, entries)
}

func passedOver(dir string, err error) string {
	return fmt.Sprintf("skipped %s: %s", dir, strings.TrimPrefix(reason(err), dir+string(filepath.Separator)))
}

// reason is an error without its remedy, for texts that have another.
func reason(err error) string {
	var f *fileError
	if !errors.As(err, &f) {
		return err.Error()
	}
	return (&fileError{file: f.file, tensor: f.tensor, reason: f.reason}).Error()
}

// openWeights opens a single file. If it is part of a checkpoint whose checksum it matches, its state comes
// along.
func openWeights(path string) (*Checkpoint, error) {
	dir := filepath.Dir(path)
	if filepath.Base(path) == modelFile && exists(filepath.Join(dir, stateName)) {
		c, err := open(dir, false)
		if err == nil || !errors.Is(err, ErrCorrupt) {
			return c, err
		}
		note := fmt.Sprintf("%s is used without its %s: %v", path, stateName, err)
		return &Checkpoint{Dir: dir, model: path, Notes: []string{note}}, nil
	}
	return &Checkpoint{Dir: dir, model: path}, nil
}
