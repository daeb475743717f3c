package optim

import (
	"fmt"

	"goomtrain/params"
)

// An Optimizer updates a fixed set of parameters.
type Optimizer[F params.Float] interface {
	// Update makes one step with learning rate lr and momentum beta1. It uses gradScale times the gradients of
	// the parameters and does not change them.
	Update(lr, beta1, gradScale float64)

	// State returns the optimizer's arrays, which share its memory.
	State() []params.Array

	// Restore copies a saved State into this optimizer. It changes nothing unless every array is present with
	// its shape and type.
	Restore(saved []params.Array) error

	// Rule returns the name of the rule that updates a parameter, or "" if the optimizer does not have the
	// parameter, as one that is frozen.
	Rule(p *params.Param[F]) string
}

// New returns the optimizer of a configuration for parameters in a fixed order. It leaves out those that are Frozen,
// so that no kind of optimizer changes them or keeps state for them. It returns an error if the configuration is not valid or one of its settings loses its meaning when rounded to F.
func New[F params.Float](c Config, ps []*params.Param[F]) (Optimizer[F], error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var made any
	var err error
	switch ps := any(params.Trained(ps)).(type) {
	case []*params.Param[float32]:
		made, err = c.Kind.New32(c, ps)
	case []*params.Param[float64]:
		made, err = c.Kind.New64(c, ps)
	}
	if err != nil {
		return nil, fmt.Errorf("optimizer %s: %w", c.Name, err)
	}
	return made.(Optimizer[F]), nil
}
