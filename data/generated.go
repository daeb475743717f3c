package data

import (
	"fmt"

	"goomtrain/data/tasks"
	"goomtrain/rng"
)

// Random is what generated data is drawn with: a stream of numbers that is saved in checkpoints.
type Random interface {
	Uint64() uint64
	IntN(n int) int       // uniform in [0, n)
	Float64() float64     // uniform in [0, 1)
	NormFloat64() float64 // standard normal
	Perm(n int) []int
}

// Generate is a data set of one's own making: fill writes one sequence of length positions, inputs in
// [0, vocab) and targets in [0, vocab) or -1, from the random numbers alone. It trains without end and
// validates on 1,024 sequences of other numbers. The seed, name and sizes identify the data: give it
// another name when fill changes.
func Generate(name string, vocab, length int, seed uint64, fill func(r Random, inputs, targets []int32)) *Dataset {
	if vocab < 1 || length < 1 || fill == nil {
		panic(fmt.Sprintf("data: Generate needs a vocabulary and a length of at least 1 and a function, got %d, %d, %v", vocab, length, fill != nil))
	}
	print := fingerprint("generated %s %d %d", name, vocab, length)
	source := func(set string, limit int) *source {
		return &source{
			id: identity{name + "/" + set, length, print},
			drawer: &generated{random: rng.New(seed, "data/"+set), limit: limit,
				fill: func(r *rng.Stream, inputs, targets []int32) { fill(r, inputs, targets) }},
		}
	}
	return &Dataset{
		Name: name, Vocab: vocab, SeqLen: length, Fingerprint: print, Train: source("train", 0),
		Valid: []Validation{{Name: "valid", Len: length, Source: func() (Source, error) { return source("valid", validSequences), nil }}},
	}
}

// validSequences is the size of each validation set of a generated task.
const validSequences = 1024

func openTask(cfg Config, seed uint64) (*Dataset, error) {
	task, err := tasks.New(cfg.Task, cfg.settings())
	if err != nil {
		return nil, err
	}
	d := &Dataset{
		Name:        cfg.Task,
		Vocab:       task.Vocab,
		SeqLen:      task.SeqLen,
		Fingerprint: fingerprint("task %v", task),
		Chance:      task.Chance,
		Summary:     fmt.Sprintf("%v, chance %.4g", task, task.Chance),
	}
	d.Train = newGenerated(task, "train", d.Fingerprint, seed, 0)
	for _, factor := range []int{1, 2, 4} { // longer ones measure whether what is learned holds there
		name := "valid"
		if factor > 1 {
			name = fmt.Sprintf("valid-%dx", factor)
		}
		long, err := task.Stretch(factor)
		if err != nil {
			return nil, fmt.Errorf("validating at %d times the length: %w", factor, err)
		}
		d.Valid = append(d.Valid, Validation{Name: name, Len: long.SeqLen, Source: func() (Source, error) {
			own, err := task.Stretch(factor) // a task has scratch memory, so every source has one of its own
			if err != nil {
				return nil, err
			}
			return newGenerated(own, name, d.Fingerprint, seed, validSequences), nil
		}})
	}
	return d, nil
}

func newGenerated(task *tasks.Task, set, contents string, seed uint64, limit int) *source {
	return &source{
		id:     identity{task.Name + "/" + set, task.SeqLen, contents},
		drawer: &generated{random: rng.New(seed, "data/"+set), fill: task.Fill, limit: limit},
	}
}

// generated draws sequences of numbers alone, limit in all; 0 means without end.
type generated struct {
	random      *rng.Stream
	fill        func(r *rng.Stream, inputs, targets []int32)
	limit, next int
}

func (g *generated) draw(inputs, targets []int32) bool {
	if g.limit > 0 {
		if g.next == g.limit {
			return false
		}
		g.next++
	}
	g.fill(g.random, inputs, targets)
	return true
}

func (g *generated) position() position {
	state := g.random.State()
	return position{RNG: &state, Next: g.next}
}

func (g *generated) seek(p position) error {
	if err := sameStream(p.RNG, g.random.State()); err != nil {
		return err
	}
	if p.Next < 0 || p.Next > g.limit {
		return fmt.Errorf("it stands at sequence %d of %d", p.Next, g.limit)
	}
	g.random, g.next = rng.Restore(*p.RNG), p.Next
	return nil
}
