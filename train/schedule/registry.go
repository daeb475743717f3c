package schedule

import (
	"goomtrain/internal/registry"
	"goomtrain/settings"
)

// The schedules of this project. Other modules add theirs by calling Register in an init function.
func init() {
	Register("constant", &Constant{})
	Register("cosine", &Cosine{MinLR: 1e-5})
	Register("one-cycle", &OneCycle{MinLR: 1e-5, Beta1Max: 0.99})
	Register("wsd", &WSD{MinLR: 1e-5, DecayRatio: 0.2})
}

// A Kind is the shape of a curve: a pointer to a struct with the settings that only this kind has; see
// Register. A Kind that embeds Constant only has to define the methods that differ.
type Kind interface {
	// Settings lists pointers to the fields, which hold the present values. A resumed run may change all of
	// them, after which it differs from an uninterrupted one.
	Settings() settings.Table

	// Validate returns an error if settings contradict each other. The automatic values in c are resolved,
	// except that Steps may be 0.
	Validate(c Config) error

	// Momentum is the Beta1 of a Config that sets none.
	Momentum() float64

	// At returns the rates of a step from 1 to c.Steps. The automatic values in c are resolved.
	At(c Config, step int) Rates
}

var kinds = registry.New[Kind]("schedule")

// Register adds a schedule under a name; the values in kind are its default settings. Call it from an init
// function. It panics if the name is taken or kind is not a pointer to a struct.
func Register(name string, kind Kind) { kinds.Register(name, registry.Copy(kind)) }

// Names lists the schedules in the order of registration.
func Names() []string { return kinds.Names() }
