package checkpoints

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Reconcile points the links last and best of a run folder at the checkpoints that the newest state names. A
// crash or a copy may have left them behind. Its error is ErrHousekeeping: no checkpoint depends on a link.
func Reconcile(runDir string) error {
	if err := reconcile(osDisk{}, runDir); err != nil {
		return fmt.Errorf("%w: %v", ErrHousekeeping, err)
	}
	return nil
}

// reconcile is the last step of every save. It leaves a link alone that is already right.
func reconcile(d disk, runDir string) error {
	for _, name := range []string{"last", "best"} {
		if err := restoreCopy(d, root(runDir), name); err != nil {
			return err
		}
	}
	entries, err := List(runDir)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(entries) {
		if e.Err != nil {
			continue
		}
		err := link(d, runDir, "last", e.Step)
		if b := e.State.best(); b != nil {
			err = errors.Join(err, link(d, runDir, "best", b.Step))
		}
		return err
	}
	return nil
}

// restoreCopy makes room for a link whose place is taken by a copy of the checkpoint that it pointed to: a program
// that copies folders may follow links. The copy is removed if that checkpoint is there and intact, and gets its
// name if not. A folder that is no checkpoint stays, and point refuses to replace it.
func restoreCopy(d disk, root, name string) error {
	path := filepath.Join(root, name)
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return nil
	}
	copied, err := readState(path)
	if err != nil {
		return nil
	}
	original := filepath.Join(root, stepName(copied.Step))
	if !exists(original) {
		return errors.Join(d.rename(path, original), d.syncDir(root))
	}
	if c, err := openAll(original); err != nil || !maps.Equal(c.sums.Files, copied.Files) {
		return nil
	}
	return remove(d, path)
}

// link points a link to the checkpoint of a step, if that exists.
func link(d disk, runDir, name string, step int64) error {
	root, target := root(runDir), stepName(step)
	if linkTarget(root, name) == target || !exists(filepath.Join(root, target)) {
		return nil
	}
	return d.point(filepath.Join(root, name), target)
}
