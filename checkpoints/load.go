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
	some  bool       // this process is one of several, each of which reads some of the optimizer state
}

// ModelPath is the path of the weights.
func (c *Checkpoint) ModelPath() string { return c.model }

// OptimizerPath is the path of the optimizer state: of its first file, if several processes have divided it.
func (c *Checkpoint) OptimizerPath() string {
	if c.sums == nil {
		return filepath.Join(c.Dir, optimizerFile)
	}
	return filepath.Join(c.Dir, c.sums.names()[1])
}

// SHA256 returns the checksum of the file of the weights or, if average is set, of that of the optimizer state,
// which has their averages, in hexadecimal digits. That of several files is the checksum of the list of their
// checksums, as the program sha256sum prints it: of shards that of their index and of each of them.
func (c *Checkpoint) SHA256(average bool) (string, error) {
	var files []string
	var err error
	switch {
	case c.sums != nil && average:
		files = c.sums.names()[1:]
	case c.sums != nil:
		files = []string{modelFile}
	case average:
		files = []string{c.OptimizerPath()}
	default:
		files, err = filesOf(c.model)
	}
	var sums []string
	for i := 0; i < len(files) && err == nil; i++ {
		var sum fileSum
		if c.sums != nil {
			sum = c.sums.Files[files[i]] // verified before the file is used
		} else {
			sum, err = sumOf(files[i])
		}
		sums = append(sums, sum.SHA256)
	}
	if err != nil {
		return "", err
	} else if len(sums) == 1 {
		return sums[0], nil
	}
	all := sha256.New()
	for i, file := range files {
		fmt.Fprintf(all, "%s  %s\n", sums[i], filepath.Base(file))
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
func Load(path string) (*Checkpoint, error) { return load(path, openAll) }

// An opener opens and verifies the checkpoint in a folder.
type opener func(dir string) (*Checkpoint, error)

func load(path string, open opener) (*Checkpoint, error) {
	place, err := locate(path)
	switch {
	case err != nil:
		return nil, err
	case place.weights != "":
		return nil, fmt.Errorf("%s holds weights only; to resume name a run folder or a checkpoint folder", path)
	case place.checkpoint != "":
		return open(place.checkpoint)
	}
	return openNewest(place.run, nil, open)
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
		return openModel(place.checkpoint)
	}
	best, err := BestDir(place.run)
	if err != nil {
		return openNewest(place.run, nil, openModel)
	}
	c, err := openModel(best)
	if errors.Is(err, ErrCorrupt) {
		return openNewest(place.run, []string{passedOver(best, err)}, openModel)
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

// openAll verifies all of the checkpoint in dir.
func openAll(dir string) (*Checkpoint, error) { return openSome(dir, true, team{}) }

// openModel verifies all of the checkpoint in dir but the optimizer state.
func openModel(dir string) (*Checkpoint, error) { return openSome(dir, false, team{}) }

// openSome verifies the share of a process of the checkpoint in dir: of all of it, or of all but the optimizer state.
func openSome(dir string, all bool, t team) (*Checkpoint, error) {
	state, err := readState(dir)
	if err == nil {
		names := state.names()
		if !all {
			names = names[:1]
		}
		for i := t.rank(); i < len(names) && err == nil; i += t.size() {
			err = state.verify(dir, names[i])
		}
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
func openNewest(runDir string, notes []string, open opener) (*Checkpoint, error) {
	entries, err := List(runDir)
	if err != nil {
		return nil, err
	}
	for i, e := range slices.Backward(entries) {
		c, err := (*Checkpoint)(nil), e.Err
		if err == nil {
			c, err = open(e.Dir)
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
		c, err := openModel(dir)
		if err == nil || !errors.Is(err, ErrCorrupt) {
			return c, err
		}
		note := fmt.Sprintf("%s is used without its %s: %v", path, stateName, err)
		return &Checkpoint{Dir: dir, model: path, Notes: []string{note}}, nil
	}
	return &Checkpoint{Dir: dir, model: path}, nil
}
