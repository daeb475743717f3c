package checkpoints

import (
	"fmt"
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
	entries, err := List(runDir)
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(entries) {
		if e.Err != nil {
			continue
		}
		if err := link(d, runDir, "last", e.Step); err != nil {
			return err
		}
		if b := e.State.best(); b != nil {
			return link(d, runDir, "best", b.Step)
		}
		return nil
	}
	return nil
}

// link points a link to the checkpoint of a step, if that exists.
func link(d disk, runDir, name string, step int64) error {
	root, target := root(runDir), stepName(step)
	if linkTarget(root, name) == target || !exists(filepath.Join(root, target)) {
		return nil
	}
	return d.point(filepath.Join(root, name), target)
}
