package checkpoints

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"goomtrain/internal/atomicfile"
)

// trashPrefix marks a checkpoint that is being removed. It is renamed first, so that no reader finds half a
// checkpoint.
const trashPrefix = ".trash-"

// clean removes what killed saves left in the folder checkpoints. A checkpoint that was set aside, but whose
// replacement was not completed, gets its name back.
func clean(d disk, root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, path := e.Name(), filepath.Join(root, e.Name())
		switch {
		case strings.HasPrefix(name, atomicfile.TempPrefix), strings.HasPrefix(name, trashPrefix):
			err = d.removeAll(path)
		case strings.HasPrefix(name, asidePrefix):
			if final := filepath.Join(root, strings.TrimPrefix(name, asidePrefix)); exists(final) {
				err = d.removeAll(path)
			} else if err = d.rename(path, final); err == nil {
				err = d.syncDir(root)
			}
		default: // a state.json that was being replaced
			if _, isStep := parseStep(name); !isStep {
				continue
			}
			leftovers, _ := filepath.Glob(filepath.Join(path, atomicfile.TempPrefix+"*"))
			for _, l := range leftovers {
				if err == nil {
					err = d.removeAll(l)
				}
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// retain removes intact checkpoints except the last keep, those that a link points to, and the best by the
// newest state, in case the link is lost. It never removes a folder that is damaged or of a newer format:
// somebody may still need it.
func retain(d disk, runDir string, keep int) error {
	if keep < 1 {
		keep = DefaultKeep
	}
	entries, err := List(runDir)
	if err != nil {
		return err
	}
	var whole []Entry // oldest save first
	for _, e := range entries {
		if e.Err == nil {
			whole = append(whole, e)
		}
	}
	if len(whole) <= keep {
		return nil
	}
	best := whole[len(whole)-1].State.Best
	for _, e := range whole[:len(whole)-keep] {
		if e.Last || e.Best || best != nil && best.Step == e.Step {
			continue
		}
		if err := remove(d, e.Dir); err != nil {
			return err
		}
	}
	return nil
}

// remove removes a checkpoint.
func remove(d disk, dir string) error {
	root, name := filepath.Split(dir)
	trash := filepath.Join(root, trashPrefix+name+"-"+strconv.FormatUint(uint64(rand.Uint32()), 36))
	if err := d.rename(dir, trash); err != nil {
		return err
	}
	return d.removeAll(trash)
}
