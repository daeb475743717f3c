package tasks

import (
	"goomtrain/rng"
	"goomtrain/settings"
)

// Parity asks for the parity of all bits so far.
//
//	length      any; by default 64
//	inputs      bits
//	targets     the sum of the bits so far modulo 2, at every position, or with Answer "end" at the last one only
//	vocabulary  2
//	chance      1/2
//	source      with Answer "end" Grazzi et al. (arXiv 2411.12537), on 3 to 40 bits, tested on 40 to 256
type Parity struct {
	Answer string // "every" or "end"; "": every
}

// Settings implements Task.
func (p *Parity) Settings() settings.Table {
	return settings.Table{choice("answer", "positions whose target counts", &p.Answer, "every", "end")}
}

// Build implements Task.
func (p *Parity) Build(seq int) (*Sequences, error) {
	every := groupSequences(nil, seq, cyclic(2))
	if p.Answer != "end" {
		return every, nil // without settings, as before -answer existed
	}
	all := every.Draw
	every.Settings = (&Parity{Answer: "end"}).Settings()
	every.Draw = func(r *rng.Stream, inputs, targets []int32) {
		all(r, inputs, targets)
		repeat(targets[:len(targets)-1], ignored)
	}
	return every, nil
}
