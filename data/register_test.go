package data_test

import (
	"cmp"
	"fmt"

	"goomtrain/data"
	"goomtrain/data/tasks"
	"goomtrain/rng"
	"goomtrain/settings"
)

// Reverse is a task that a user's module adds: read a word of up to Longest letters and write it backwards.
type Reverse struct {
	Longest int // letters of a word; 0: half the sequence
	Letters int // of the alphabet; 0: 4
}

// Settings are given on the command line and in files under these names.
func (v *Reverse) Settings() settings.Table {
	return settings.Table{
		{Name: "longest", Help: "most letters of a word", Value: &v.Longest, Rule: settings.AtLeast(1), Zero: "half of -seq", Change: settings.Frozen},
		{Name: "letters", Help: "letters of the alphabet", Value: &v.Letters, Rule: settings.Between(2, 26), Zero: "4", Change: settings.Frozen},
	}
}

// Build makes sequences of the letters of a word and end signs. The targets of the first end signs are the
// letters from the last to the first; the others do not count.
func (v *Reverse) Build(seq int) (*tasks.Sequences, error) {
	length := cmp.Or(seq, 8)
	all := &Reverse{Longest: cmp.Or(v.Longest, length/2), Letters: cmp.Or(v.Letters, 4)}
	if length < 2*all.Longest {
		return nil, fmt.Errorf("-seq %d: must be at least twice -longest %d", length, all.Longest)
	}
	end := int32(all.Letters)
	return &tasks.Sequences{
		Settings: all.Settings(), Len: length, Vocab: all.Letters + 1, Chance: 1 / float64(all.Letters),
		Draw: func(r *rng.Stream, inputs, targets []int32) {
			for t := range inputs {
				inputs[t], targets[t] = end, -1
			}
			n := 1 + r.IntN(all.Longest) // the words vary in length
			for t := range n {
				letter := int32(r.IntN(all.Letters))
				inputs[t], targets[2*n-1-t] = letter, letter
			}
		},
		Longer: func(factor int) (tasks.Task, int) { // and so do those to validate on
			return &Reverse{Longest: factor * all.Longest, Letters: all.Letters}, factor * length
		},
	}, nil
}

func init() {
	data.Register("reverse", "letters of a word backwards; vocabulary 5, chance 1/4", func() data.Task {
		return data.Synthetic("reverse", &Reverse{})
	})
}

// A task of a user's module is trained by its name, with its own settings.
func ExampleRegister() {
	cfg, err := data.NewConfig("reverse")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, _, err := cfg.Settings().ParseFlags([]string{"-letters", "9", "-seq", "8"}); err != nil {
		fmt.Println(err)
		return
	}
	d, err := data.Open(cfg, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	fmt.Println(d.Summary)
	b := data.Batch{Size: 2}
	if err := d.Train.Next(&b); err != nil {
		fmt.Println(err)
		return
	}
	for row := range b.Size {
		fmt.Println(b.Inputs[row*b.Len:(row+1)*b.Len], b.Targets[row*b.Len:(row+1)*b.Len])
	}
	cfg.Seq = 3
	cfg.Task = data.Synthetic("reverse", &Reverse{Longest: 2})
	fmt.Println(cfg.Validate())
	// Output:
	// reverse: seq 8, longest 4, letters 9, vocabulary 10, chance 0.1111
	// [0 0 5 9 9 9 9 9] [-1 -1 -1 5 0 0 -1 -1]
	// [4 4 5 0 9 9 9 9] [-1 -1 -1 -1 0 5 4 4]
	// -seq 3: must be at least twice -longest 2
}
