package checkpoints

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"goomtrain/internal/atomicfile"
)

// An Entry is one checkpoint of a run folder. List checks state.json and the sizes of the files; Load also
// checks their content.
type Entry struct {
	Dir        string
	Step       int64
	State      State
	Err        error // why it cannot be used; State is empty then
	Last, Best bool  // the links that point here
}

// List returns the checkpoints of a run folder in the order of saving, oldest first, or none if the folder has
// none or does not exist. Entries that cannot be used have the reason in Err.
func List(runDir string) ([]Entry, error) {
	root := root(runDir)
	names, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last, best := linkTarget(root, "last"), linkTarget(root, "best")
	var entries []Entry
	for _, n := range names {
		name, setAside := strings.CutPrefix(n.Name(), asidePrefix)
		step, ok := parseStep(name)
		if !ok || !n.IsDir() || setAside && exists(filepath.Join(root, name)) {
			continue
		}
		e := Entry{Dir: filepath.Join(root, n.Name()), Step: step, Last: name == last, Best: name == best}
		state, err := readState(e.Dir)
		switch {
		case errors.Is(err, ErrCorrupt) && !exists(e.Dir):
			continue // removed since the folder was listed
		case err == nil && state.Step != step:
			err = &fileError{file: filepath.Join(e.Dir, stateName), reason: fmt.Sprintf("it is of step %d, but the folder is named for step %d", state.Step, step), remedy: "rename the folder to " + stepName(state.Step), kind: ErrCorrupt}
		}
		if err != nil {
			e.Err = err
		} else {
			e.State = state.State
		}
		entries = append(entries, e)
	}
	sortBySaving(entries)
	return entries, nil
}

// sortBySaving orders by serial number. An entry whose state is unreadable has none: it follows the readable
// entry of the next lower step.
func sortBySaving(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Step, b.Step) })
	serials := make(map[string]int64, len(entries))
	serial := int64(0)
	for _, e := range entries {
		if e.Err == nil {
			serial = e.State.Serial
		}
		serials[e.Dir] = serial
	}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(serials[a.Dir], serials[b.Dir]), cmp.Compare(a.Step, b.Step))
	})
}

// Latest returns the folder of the usable checkpoint that was saved last. If there is none, the error is
// ErrNone where the run has no checkpoint at all, or says why the newest cannot be used.
func Latest(runDir string) (dir string, err error) {
	entries, err := List(runDir)
	if err != nil {
		return "", err
	}
	for _, e := range slices.Backward(entries) {
		if e.Err == nil {
			return e.Dir, nil
		}
	}
	return "", noneIn(runDir, entries)
}

// BestDir returns the folder that the link best points to, or the folder best itself in a run that was copied
// without its links. The error is ErrNone if there is neither, or the link is dangling.
func BestDir(runDir string) (dir string, err error) {
	root := root(runDir)
	name := linkTarget(root, "best")
	if info, err := os.Lstat(filepath.Join(root, "best")); err == nil && info.IsDir() {
		name = "best"
	}
	if name == "" || !exists(filepath.Join(root, name)) {
		return "", none("%s has no best checkpoint yet: the first evaluation sets it", runDir)
	}
	return filepath.Join(root, name), nil
}

// linkTarget returns the name of the checkpoint folder that a link of root points to, "" if there is no
// such link or it points to anything but a checkpoint folder beside it.
func linkTarget(root, link string) string {
	target, err := atomicfile.Target(filepath.Join(root, link))
	if err != nil {
		return ""
	}
	name := filepath.Clean(target)
	if _, ok := parseStep(name); !ok {
		return ""
	}
	return name
}

// parseStep reads step-00000100; longer numbers than eight digits have no zeros in front.
func parseStep(name string) (step int64, ok bool) {
	digits, ok := strings.CutPrefix(name, "step-")
	if !ok {
		return 0, false
	}
	step, err := strconv.ParseInt(digits, 10, 64)
	return step, err == nil && step >= 0 && stepName(step) == name
}

// noneIn returns the error about a run folder without a usable checkpoint.
func noneIn(runDir string, entries []Entry) error {
	if len(entries) == 0 {
		return none("%s holds no checkpoint (was the run stopped before its first save?)", runDir)
	}
	err := entries[len(entries)-1].Err
	text := fmt.Sprintf("none of the %d checkpoints in %s can be used; the newest: %s; restore one from a copy, or start a new run", len(entries), runDir, reason(err))
	return &textError{text, []error{err}}
}
