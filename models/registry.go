package models

import (
	"fmt"

	"goomtrain/internal/nearest"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// An architecture is a registered model: how to check its configuration and how to build it.
type architecture struct {
	name     string
	presets  []preset           // the smallest first
	validate func(Config) error // beyond what Config.Validate checks for all; may be nil
	blocks   bool               // made of transformer blocks: has positions, context and mlp
	values   bool               // has values of a width of their own
	single   func(params.Set[float32], Config) Network[float32]
	double   func(params.Set[float64], Config) Network[float64]
}

// architectures lists every model of the project.
var architectures = []architecture{
	goomRNN,
	logAttention,
	softmaxAttention,
	taylorAttention,
}

// Names lists the registered models.
func Names() []string {
	names := make([]string, len(architectures))
	for i, a := range architectures {
		names[i] = a.name
	}
	return names
}

func find(name string) (architecture, error) {
	for _, a := range architectures {
		if a.name == name {
			return a, nil
		}
	}
	return architecture{}, fmt.Errorf("there is no model %q%s", name, nearest.Hint(name, Names()))
}

// New builds the model of a configuration. Its initial weights follow from the seed.
func New[F simd.Float](c Config, seed uint64) (*Model[F], error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("model configuration: %w", err)
	}
	a, err := find(c.Model)
	if err != nil {
		return nil, err
	}
	set := params.NewSet[F](seed)
	m := FromNetwork(set, a.network(any(set), c).(Network[F]))
	m.config = c
	return m, nil
}

// network builds for the element type of the set, a params.Set.
func (a architecture) network(set any, c Config) any {
	if s, ok := set.(params.Set[float32]); ok {
		return a.single(s, c)
	}
	return a.double(set.(params.Set[float64]), c)
}
