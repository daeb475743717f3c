package checkpoints

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"goomtrain/internal/atomicfile"
	"goomtrain/params"
)

// DefaultKeep is the number of checkpoints kept when SaveOptions does not say.
const DefaultKeep = 3

// SaveOptions say what a save does besides saving.
type SaveOptions struct {
	// Keep is how many of the last checkpoints are kept, besides those that the links last and best
	// point to. Less than 1: DefaultKeep.
	Keep int
	// Done, if not nil, is called by a Saver on its goroutine after each write with its outcome.
	Done func(dir string, err error)
}

// Save writes the checkpoint of s.Step into a run folder, which is created if needed, and returns its
// folder. The link last is moved to it, and best to the best checkpoint of the run. A checkpoint of the same
// step is replaced. Then checkpoints beyond opt.Keep are removed, never one that a link points to.
//
// On an error before the checkpoint is whole nothing has changed but that leftovers of killed saves are
// gone; the error names the folder and what to do. If only a link or a removal failed, the checkpoint is
// there: dir is not empty and the error is ErrHousekeeping. One Save at a time in a run folder; LockRun keeps other processes out.
func Save(runDir string, s State, model, optimizer []params.Array, opt SaveOptions) (dir string, err error) {
	return save(osDisk{}, runDir, s, model, optimizer, opt)
}

// StepDir is the folder of a step's checkpoint in a run folder.
func StepDir(runDir string, step int64) string { return filepath.Join(root(runDir), stepName(step)) }

func root(runDir string) string { return filepath.Join(runDir, "checkpoints") }

func stepName(step int64) string { return fmt.Sprintf("step-%08d", step) }

func save(d disk, runDir string, s State, model, optimizer []params.Array, opt SaveOptions) (dir string, err error) {
	if s.Step < 0 {
		return "", fmt.Errorf("checkpoint of step %d: steps count from 0", s.Step)
	}
	root, name := root(runDir), stepName(s.Step)
	defer func() {
		if err != nil {
			err = saveError(root, name, dir != "", err)
		}
	}()
	if err := d.mkdirAll(root); err != nil {
		return "", err
	}
	if err := clean(d, root); err != nil {
		return "", err
	}
	entries, err := List(runDir)
	if err != nil {
		return "", err
	}
	s.FormatVersion, s.SavedAt, s.Serial = FormatVersion, time.Now().UTC().Truncate(time.Second), 1
	for _, e := range entries {
		s.Serial = max(s.Serial, e.State.Serial+1)
	}

	// 1. Everything into a temporary folder, durable before its name is.
	temp := filepath.Join(root, atomicfile.TempPrefix+name+"-"+strconv.FormatUint(uint64(rand.Uint32()), 36))
	if err := writeFolder(d, temp, s, model, optimizer); err != nil {
		d.removeAll(temp) // a full disk needs the room; what remains is cleaned by the next save
		return "", err
	}
	// 2. The name.
	if err := putInPlace(d, temp, root, name); err != nil {
		d.removeAll(temp)
		return "", err
	}
	dir = filepath.Join(root, name)
	// 3. The links, then what may go, also where a link makes trouble: the disk must not fill up.
	err = reconcile(d, runDir)
	return dir, errors.Join(err, retain(d, runDir, opt.Keep), d.removeAll(filepath.Join(root, asidePrefix+name)))
}

// writeFolder makes a whole checkpoint at dir: three files and the folder, all synced.
func writeFolder(d disk, dir string, s State, model, optimizer []params.Array) error {
	if err := d.mkdirAll(dir); err != nil {
		return err
	}
	state := stateFile{State: s, Files: map[string]fileSum{}}
	for _, file := range []struct {
		name   string
		arrays []params.Array
	}{{modelFile, model}, {optimizerFile, optimizer}} {
		sum := summing{h: sha256.New()}
		err := d.writeFile(filepath.Join(dir, file.name), func(w io.Writer) error {
			sum.w = w
			// The metadata is what PyTorch's tools expect of their own files.
			return WriteTensors(&sum, file.arrays, map[string]string{"format": "pt"})
		})
		if err != nil {
			return err
		}
		state.Files[file.name] = fileSum{sum.n, hex.EncodeToString(sum.h.Sum(nil))}
	}
	text, err := state.encode()
	if err != nil {
		return err
	}
	err = d.writeFile(filepath.Join(dir, stateName), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	return d.syncDir(dir)
}

// summing counts and sums what is written through it.
type summing struct {
	w io.Writer
	h hash.Hash
	n int64
}

func (s *summing) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.h.Write(b[:n])
	s.n += int64(n)
	return n, err
}

// asidePrefix marks a checkpoint that is being replaced by another of the same step. No system renames
// a folder over a full one, so for a moment the old one goes by this name; a reader that finds it
// without its successor takes it as the checkpoint, and the next save gives it its name back.
const asidePrefix = ".aside-"

// putInPlace renames the whole folder temp to root/name. The one that had the name stays aside for now.
func putInPlace(d disk, temp, root, name string) error {
	final, aside := filepath.Join(root, name), filepath.Join(root, asidePrefix+name)
	if exists(final) {
		if err := d.rename(final, aside); err != nil {
			return err
		}
		if err := d.rename(temp, final); err != nil {
			d.rename(aside, final) // if this fails too, the next save or a reader understands
			return err
		}
	} else if err := d.rename(temp, final); err != nil {
		return err
	}
	return d.syncDir(root)
}

// UpdateState replaces the state.json of the checkpoint of s.Step by s, in one step; its tensors stay.
// It is for what is known only after saving: the evaluation of that step. Then both links are brought up to
// date; an error of that alone is ErrHousekeeping. On any other error the former state.json stands.
func UpdateState(runDir string, s State) error { return updateState(osDisk{}, runDir, s) }

func updateState(d disk, runDir string, s State) error {
	dir, replaced := StepDir(runDir, s.Step), false
	err := func() error {
		state, err := readState(dir)
		if err != nil {
			return err
		}
		s.FormatVersion, s.Serial, s.SavedAt = state.FormatVersion, state.Serial, state.SavedAt
		state.State = s
		text, err := state.encode()
		if err != nil {
			return err
		}
		if err := d.replace(filepath.Join(dir, stateName), text); err != nil {
			return err
		}
		replaced = true
		return reconcile(d, runDir)
	}()
	if replaced && err != nil {
		return saveError(root(runDir), stepName(s.Step), true, err)
	} else if err != nil {
		return fmt.Errorf("cannot update checkpoint %s: %w", dir, err)
	}
	return nil
}
