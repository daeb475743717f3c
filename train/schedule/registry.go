package schedule

import (
	"goomtrain/internal/registry"
	"goomtrain/settings"
)

// A Kind is the shape of a curve with the settings that it alone has, a pointer to a struct of them; see
// Register. A Kind that embeds Constant has to define only what it does otherwise.
type Kind interface {
	// Settings lists pointers to the fields, which hold the present values. A resumed run may change them
	// all, but steers away from an unbroken one.
	Settings() settings.Table

	// Validate returns an error where settings contradict each other. What is automatic in c is resolved,
	// but for Steps, which may be 0.
	Validate(c Config) error

	// Momentum is the Beta1 of a Config that sets none.
	Momentum() float64

	// At returns the rates of a step, 1 to c.Steps. What is automatic in c is resolved.
	At(c Config, step int) Rates
}

var kinds = registry.New[Kind]("schedule")

// Register adds a schedule under a name; the settings of kind are its defaults. It is called from init
// functions and panics on a name that is taken, and on a Kind that is no pointer to a struct.
func Register(name string, kind Kind) { kinds.Register(name, registry.Copy(kind)) }

// Names lists the schedules in the order of registration.
func Names() []string { return kinds.Names() }
