package tasks

import (
	"goomtrain/settings"
)

// MaxLen is the largest number of positions of a sequence: a mistyped number must not ask for all the
// memory there is.
const MaxLen = 1 << 24

// A Task is the settings of a synthetic task. A struct of settings implements it by pointer.
type Task interface {
	// Settings returns the settings that the task has beside the length of a sequence.
	Settings() settings.Table
	// Build returns the sequences of seq positions, or of the task's default length where seq is 0. The
	// settings satisfy their own rules and seq is at most MaxLen; Build checks the rules between them, and
	// its error names the settings and the rule. Build does not change the task.
	Build(seq int) (*Sequences, error)
}

// Seq is the setting of the number of positions of a sequence: longest, or a range from shortest to longest.
func Seq(shortest, longest *int) settings.Setting {
	return settings.Setting{Name: "seq", Help: "positions of a sequence, or MIN:MAX for lengths drawn from a range", Value: settings.Range{Min: shortest, Max: longest},
		Change: settings.Frozen, Rule: settings.Between(1, MaxLen), Zero: "the task's default"}
}

// size is a setting of low to high, where 0 stands for a default.
func size(name, help string, value *int, low, high int, zero string) settings.Setting {
	return settings.Setting{Name: name, Help: help, Value: value, Change: settings.Frozen,
		Rule: settings.Between(float64(low), float64(high)), Zero: zero}
}

// choice is a setting of one of the names, where the empty text stands for the first.
func choice(name, help string, value *string, names ...string) settings.Setting {
	return settings.Setting{Name: name, Help: help, Value: value, Change: settings.Frozen, Rule: settings.OneOf(names...), Zero: names[0]}
}

// ignored is the target of positions that do not count.
const ignored = -1

// maxAlphabet is the largest number of different symbols, keys or values.
const maxAlphabet = 1 << 16

// repeat sets every element of a row to one value.
func repeat(row []int32, value int32) {
	for i := range row {
		row[i] = value
	}
}
