package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"

	"goomtrain/internal/comm"
	"goomtrain/params"
)

// A team is the processes that save or load a checkpoint together, as one of them sees it. All take the same steps, and
// after each tell the others what came of it. Process 0 alone makes the folders and names the checkpoint.
type team struct{ group *comm.Group } // nil: this process alone

// A word is what a process tells the others. A step that failed has a text in Error.
type word struct {
	Error, Advice string
	None, Corrupt bool // what kind of error
	Housekeeping  bool // it is ErrHousekeeping

	Temp     string             // name of the temporary folder
	Serial   int64              // of the checkpoint
	Files    map[string]fileSum // that this process has written
	Rejected bool               // the checkpoint is not good
	Dir      string             // of the checkpoint, when it has its name, or when it is to be read
	State    string             // checksum of state.json, as this process reads it
	Whole    []string           // arrays that are no pieces
}

func (t team) size() int {
	if t.group == nil {
		return 1
	}
	return t.group.Size()
}

func (t team) rank() int {
	if t.group == nil {
		return 0
	}
	return t.group.Rank()
}

// checkTeam returns an error if so many processes cannot save together, as each writes a file of a divided set.
func checkTeam(size int) error {
	if size > maxShards {
		return fmt.Errorf("%d processes cannot save a checkpoint together: start up to %d", size, maxShards)
	}
	return nil
}

// round tells all processes what this one says, and returns what all say. If a step has failed anywhere, all get an error:
// their own, or that of the first process that failed.
func (t team) round(own word, err error) ([]word, error) {
	if t.size() == 1 {
		return []word{own}, err
	}
	if err != nil {
		own.Error, own.Advice = err.Error(), Advice(err)
		own.None, own.Corrupt, own.Housekeeping = errors.Is(err, ErrNone), errors.Is(err, ErrCorrupt), errors.Is(err, ErrHousekeeping)
	}
	text, encodeErr := json.Marshal(own)
	if encodeErr != nil {
		return nil, errors.Join(err, encodeErr)
	}
	texts, groupErr := t.group.GatherBytes(text)
	if groupErr != nil {
		return nil, errors.Join(err, groupErr)
	}
	words := make([]word, len(texts))
	for r, text := range texts {
		if jsonErr := json.Unmarshal(text, &words[r]); jsonErr != nil {
			return nil, fmt.Errorf("%s: %w", t.group.Name(r), jsonErr)
		}
	}
	if err != nil {
		return words, err
	}
	for r, w := range words {
		if w.Error != "" {
			return words, w.failure(t.group.Name(r))
		}
	}
	return words, nil
}

// failure is the error that another process reports.
func (w word) failure(process string) error {
	e := &textError{text: process + ": " + w.Error}
	if w.Advice != "" {
		e.text += "; " + w.Advice
	}
	switch {
	case w.None:
		e.causes = append(e.causes, ErrNone)
	case w.Corrupt:
		e.causes = append(e.causes, ErrCorrupt)
	case w.Housekeeping:
		e.causes = append(e.causes, ErrHousekeeping)
	}
	return e
}

// others returns the names of the whole arrays that another process, of a lower rank, writes: they are the same in all
// processes that have them.
func (t team) others(arrays []params.Array) (map[string]bool, error) {
	if t.size() == 1 {
		return nil, nil
	}
	var own word
	for _, a := range arrays {
		if a.Whole == nil {
			own.Whole = append(own.Whole, a.Name)
		}
	}
	words, err := t.round(own, nil)
	if err != nil {
		return nil, err
	}
	others := map[string]bool{}
	for _, w := range words[:t.rank()] {
		for _, name := range w.Whole {
			others[name] = true
		}
	}
	return others, nil
}

// without returns the arrays that are pieces or not named.
func without(arrays []params.Array, names map[string]bool) []params.Array {
	if len(names) == 0 {
		return arrays
	}
	var out []params.Array
	for _, a := range arrays {
		if a.Whole != nil || !names[a.Name] {
			out = append(out, a)
		}
	}
	return out
}

// optimizerName is the name of the file in which this process writes its part of the optimizer state.
func (t team) optimizerName() string {
	if t.size() == 1 {
		return optimizerFile
	}
	return dividedFile("optimizer", t.rank(), t.size())
}
