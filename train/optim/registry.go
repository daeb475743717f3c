package optim

import (
	"goomtrain/internal/registry"
	"goomtrain/params"
	"goomtrain/settings"
)

// The optimizers of this project. Other modules add theirs by calling Register in an init function.
func init() {
	Register("adamw", &AdamW{WeightDecay: 0.1, Beta2: 0.99, Eps: 1e-8})
	Register("lion", &Lion{WeightDecay: 0.1, Beta2: 0.99})
	Register("muon", &Muon{AdamW{WeightDecay: 0.1, Beta2: 0.99, Eps: 1e-8}})
}

// A Kind is a pointer to a struct with the settings that only one kind of optimizer has. It makes optimizers of
// that kind; see Register.
type Kind interface {
	// Settings lists pointers to the fields, which hold the present values.
	Settings() settings.Table

	// New32 and New64 make the optimizer for parameters of float32 and float64, in their order. Usually both
	// call one generic function. c has the settings that all optimizers share. Later changes of the Kind must
	// not affect the optimizer.
	New32(c Config, ps []*params.Param[float32]) (Optimizer[float32], error)
	New64(c Config, ps []*params.Param[float64]) (Optimizer[float64], error)
}

// Scaled is implemented by kinds of optimizers that need other learning rates than AdamW.
type Scaled interface {
	// RateFactor is the factor on the learning rates of presets and tasks, which are those of AdamW.
	RateFactor() float64
}

var kinds = registry.New[Kind]("optimizer")

// Register adds an optimizer under a name; the values in kind are its default settings. Call it from an init
// function. It panics if the name is taken or kind is not a pointer to a struct.
func Register(name string, kind Kind) { kinds.Register(name, registry.Copy(kind)) }

// Names lists the optimizers in the order of registration.
func Names() []string { return kinds.Names() }
