package optim

import (
	"goomtrain/internal/registry"
	"goomtrain/params"
	"goomtrain/settings"
)

// A Kind holds the settings that one kind of optimizer has to itself and makes such optimizers. It is a
// pointer to a struct of settings; see Register.
type Kind interface {
	// Settings lists pointers to the fields, which hold the present values.
	Settings() settings.Table

	// New32 and New64 make the optimizer for the parameters in their order, one of float32, the other of
	// float64: each a call of one generic function. The settings that all optimizers share are in c, and
	// what is made must not change with the Kind afterwards.
	New32(c Config, ps []*params.Param[float32]) (Optimizer[float32], error)
	New64(c Config, ps []*params.Param[float64]) (Optimizer[float64], error)
}

var kinds = registry.New[Kind]("optimizer")

// Register adds an optimizer under a name; the settings of kind are its defaults. It is called from init
// functions and panics on a name that is taken, and on a Kind that is no pointer to a struct.
func Register(name string, kind Kind) { kinds.Register(name, registry.Copy(kind)) }

// Names lists the optimizers in the order of registration.
func Names() []string { return kinds.Names() }
