package checkpoints

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"goomtrain/internal/atomicfile"
)

// trashPrefix marks a checkpoint that is being removed: the name goes first, so that nobody meets half a
// checkpoint.
const trashPrefix = ".trash-"

// clean removes what killed saves left in the folder checkpoints, and gives a checkpoint that was set
// aside for a successor that never came its name back.
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

// retain removes whole checkpoints but the last keep saved, those that a link points to, and the best
// by the newest state (should the link be lost). A folder that is not understood, of a newer program
// or damaged, is never removed: somebody may still want it.
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
	root := root(runDir)
	for _, e := range whole[:len(whole)-keep] {
		if e.Last || e.Best || best != nil && best.Step == e.Step {
			continue
		}
		trash := filepath.Join(root, trashPrefix+filepath.Base(e.Dir)+"-"+strconv.FormatUint(uint64(rand.Uint32()), 36))
		if err := d.rename(e.Dir, trash); err != nil {
			return err
		}
		if err := d.removeAll(trash); err != nil {
			return err
		}
	}
	return nil
}
