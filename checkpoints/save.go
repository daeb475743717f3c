package checkpoints

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"goomtrain/internal/comm"
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
	// Before, if not nil, is called when all files are written and before the checkpoint is named. If it returns an
	// error, there is no checkpoint. A Saver calls it on its goroutine.
	Before func() error
	// Done, if not nil, is called by a Saver on its goroutine after each write with its outcome.
	Done func(dir string, err error)
	// Group, if not nil, is the processes that save together: all call the same functions for the same step, with the
	// same weights and each with its pieces of the optimizer state (params.Array.Whole), into a folder that all share.
	// The checkpoint is complete or absent for all, and an error of one is an error of all. Arrays of the optimizer that
	// are no pieces are the same wherever they are. A Saver uses the group on its goroutine, and needs Reserve first.
	Group *comm.Group

	accepted func() bool // waits until it is known whether the checkpoint is good; nil: it is
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
	others, err := team{opt.Group}.others(optimizer)
	if err != nil {
		return "", err
	}
	return save(osDisk{}, runDir, s, model, without(optimizer, others), opt)
}

// StepDir is the folder of a step's checkpoint in a run folder.
func StepDir(runDir string, step int64) string { return filepath.Join(root(runDir), stepName(step)) }

func root(runDir string) string { return filepath.Join(runDir, "checkpoints") }

func stepName(step int64) string { return fmt.Sprintf("step-%08d", step) }

// errRejected is the error of a save that its owner gave up.
var errRejected = errors.New("rejected")

// save is Save on a disk. Of several processes, each gives what it writes of the optimizer.
func save(d disk, runDir string, s State, model, optimizer []params.Array, opt SaveOptions) (dir string, err error) {
	if s.Step < 0 {
		return "", fmt.Errorf("checkpoint of step %d: steps count from 0", s.Step)
	}
	root, name := root(runDir), stepName(s.Step)
	t := team{opt.Group}
	leads := t.rank() == 0
	defer func() {
		if err != nil {
			err = saveError(root, name, dir != "", err)
		}
	}()
	var own word
	if leads {
		own.Temp, own.Serial, err = prepare(d, runDir, name)
	}
	words, err := t.round(own, err)
	if err != nil {
		if own.Temp != "" {
			d.removeAll(filepath.Join(root, own.Temp))
		}
		return "", err
	}
	s.FormatVersion, s.SavedAt, s.Serial = FormatVersion, time.Now().UTC().Truncate(time.Second), words[0].Serial
	if t.size() > 1 {
		s.FormatVersion = dividedVersion
	}

	// 1. Everything into a temporary folder, durable before its name is.
	temp := filepath.Join(root, words[0].Temp)
	own, err = writeFiles(d, temp, t, model, optimizer, opt)
	words, err = t.round(own, err)
	if err == nil && slices.ContainsFunc(words, func(w word) bool { return w.Rejected }) {
		err = errRejected
	}
	if leads && err == nil {
		err = writeState(d, temp, s, words)
	}
	// 2. The name.
	if leads && err == nil {
		err = putInPlace(d, temp, root, name)
	}
	own = word{}
	if leads && err != nil {
		d.removeAll(temp) // free the space on a full disk; the next save cleans up what remains
	} else if leads {
		// 3. The links, then the removals, even if a link failed: the disk must not fill up.
		own.Dir = filepath.Join(root, name)
		err = reconcile(d, runDir)
		err = errors.Join(err, retain(d, runDir, opt.Keep), d.removeAll(filepath.Join(root, asidePrefix+name)))
	}
	if words == nil {
		return "", err // the others do not answer
	}
	words, err = t.round(own, err)
	if words != nil {
		dir = words[0].Dir
	}
	return dir, err
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
