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

// SaveOptions are options of a save.
type SaveOptions struct {
	// Keep is how many of the last checkpoints are kept, besides those that the links last and best
	// point to. Less than 1: DefaultKeep.
	Keep int
	// Files are copied into every checkpoint, such as that of the tokenizer.
	Files []File
	// Done, if not nil, is called by a Saver on its goroutine after each write with its outcome.
	Done func(dir string, err error)
}

// A File is a small file that a checkpoint carries so that it can be used without its run folder.
type File struct {
	Name    string
	Content []byte
}

// Save writes the checkpoint of s.Step into a run folder, which is created if needed, and returns the
// checkpoint's folder. It replaces a checkpoint of the same step. It points the link last at the new checkpoint
// and best at the best one of the run. Then it removes checkpoints beyond opt.Keep, but none that a link points
// to.
//
// If an error occurs before the checkpoint is complete, nothing has changed, except that leftovers of killed
// saves are gone; the error names the folder and what to do. If only a link or a removal failed, the checkpoint
// exists: dir is not empty and the error is ErrHousekeeping. Only one Save may run in a run folder at a time;
// LockRun excludes other processes.
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
	if err := writeFolder(d, temp, s, model, optimizer, opt.Files); err != nil {
		d.removeAll(temp) // free the space on a full disk; the next save cleans up what remains
		return "", err
	}
	// 2. The name.
	if err := putInPlace(d, temp, root, name); err != nil {
		d.removeAll(temp)
		return "", err
	}
	dir = filepath.Join(root, name)
	// 3. The links, then the removals, even if a link failed: the disk must not fill up.
	err = reconcile(d, runDir)
	return dir, errors.Join(err, retain(d, runDir, opt.Keep), d.removeAll(filepath.Join(root, asidePrefix+name)))
}

// writeFolder writes a complete checkpoint to dir: three files, those given, and the folder, all synced.
func writeFolder(d disk, dir string, s State, model, optimizer []params.Array, files []File) error {
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
	for _, f := range files {
		err := d.writeFile(filepath.Join(dir, f.Name), func(w io.Writer) error {
			_, err := w.Write(f.Content)
			return err
		})
		if err != nil {
			return err
		}
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

// summing counts and hashes what is written through it.
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

// asidePrefix marks a checkpoint that another of the same step is replacing. No system can rename a folder to
// the name of one that is not empty, so the old checkpoint has this name for a moment. A reader that finds it
// without its replacement takes it as the checkpoint, and the next save gives it its name back.
const asidePrefix = ".aside-"

// putInPlace renames the complete folder temp to root/name. A folder of that name is set aside first.
func putInPlace(d disk, temp, root, name string) error {
	final, aside := filepath.Join(root, name), filepath.Join(root, asidePrefix+name)
	if exists(final) {
		if err := d.rename(final, aside); err != nil {
			return err
		}
		if err := d.rename(temp, final); err != nil {
			d.rename(aside, final) // if this fails too, readers and the next save still find it
			return err
		}
	} else if err := d.rename(temp, final); err != nil {
		return err
	}
	return d.syncDir(root)
}

// UpdateState replaces the state.json of the checkpoint of s.Step atomically and keeps its tensors. It adds
// what is known only after saving: the evaluation of that step. Then it updates both links; if only that fails,
// the error is ErrHousekeeping. On any other error state.json is unchanged.
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
