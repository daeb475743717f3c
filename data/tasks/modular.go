package tasks

import (
	"cmp"

	"goomtrain/settings"
)

// Modular asks for the sum of all digits so far modulo m.
//
//	length      any; by default 64
//	inputs      digits 0..m-1
//	targets     at every position, the sum of the digits so far modulo m
//	vocabulary  m
//	chance      1/m
type Modular struct {
	Modulus int // m; 0: 5
}

// Settings implements Task.
func (m *Modular) Settings() settings.Table {
	return settings.Table{size("modulus", "modulus of the result", &m.Modulus, 2, largestGroup, "5")}
}

// Build implements Task.
func (m *Modular) Build(seq int) (*Sequences, error) {
	resolved := &Modular{Modulus: cmp.Or(m.Modulus, 5)}
	return groupSequences(resolved.Settings(), seq, cyclic(resolved.Modulus)), nil
}
