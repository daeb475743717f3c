package data

import (
	"fmt"

	"goomtrain/rng"
)

// validSequences is the size of each validation set of generated data.
const validSequences = 1024

// Generate returns a data set whose sequences fill draws. fill gets rows of length positions and sets inputs in
// [0, vocab) and targets in [0, vocab) or -1 from the random numbers alone. Training has no end; validation has
// 1,024 sequences of other random numbers. Name and sizes identify the data: use another name when fill
// changes. Generate is for a single data set of a program; Synthetic and Register make a task with settings.
func Generate(name string, vocab, length int, seed uint64, fill func(r *rng.Stream, inputs, targets []int32)) *Dataset {
	if vocab < 1 || length < 1 || fill == nil {
		panic(fmt.Sprintf("data: Generate needs a vocabulary and a length of at least 1 and a function, got %d, %d, %v", vocab, length, fill != nil))
	}
	contents := fingerprint("generated %s %d %d", name, vocab, length)
	source := func(set string, limit int) *source {
		return generatedSource(identity{name + "/" + set, length, contents}, set, seed, limit, fill)
	}
	return &Dataset{
		Name: name, Vocab: vocab, SeqLen: length, Fingerprint: contents, Train: source("train", 0),
		Valid: []Validation{{Name: "valid", Len: length, Source: func() (Source, error) { return source("valid", validSequences), nil }}},
	}
}

// generatedSource draws limit sequences from the random numbers of a set, without end if limit is 0.
func generatedSource(id identity, set string, seed uint64, limit int, fill func(r *rng.Stream, inputs, targets []int32)) *source {
	return &source{id: id, iterator: &generated{random: rng.New(seed, "data/"+set), limit: limit, fill: fill}}
}

// generated is the iterator over sequences that are made of random numbers alone.
type generated struct {
	random      *rng.Stream
	fill        func(r *rng.Stream, inputs, targets []int32)
	limit, next int // next counts up to limit; limit 0: without end, next stays 0
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
