package models

import (
	"fmt"

	"goomtrain/internal/registry"
	"goomtrain/params"
	"goomtrain/settings"
)

// The models of the project. Other modules add theirs by Register, from an init function.
func init() {
	Register(goomRNN)
	Register(logAttention)
	Register(softmaxAttention)
	Register(taylorAttention)
}

// Sizes is what can be set about an architecture. It is implemented by a pointer to a struct that embeds Common
// and has a field for each size:
//
//	type RNN struct {
//		models.Common
//		Width int
//	}
//
//	func (c *RNN) Settings() settings.Table {
//		return settings.Table{{Name: "width", Help: "width of the state", Value: &c.Width, Rule: settings.AtLeast(1)}}
//	}
//
//	func (c *RNN) Validate() error { return nil }
type Sizes interface {
	// Settings lists the sizes that the architecture has besides those of Common. Sizes of one name in
	// several architectures must have one type. They are Frozen: no run continues with other sizes.
	Settings() settings.Table
	// Validate returns an error that names the rule between sizes that is broken. The rules of single sizes
	// stand in Settings; they have been checked before.
	Validate() error

	common() *Common
}

// Common is the sizes that every architecture has.
type Common struct {
	Vocab int // S, tokens; 0: as many as the data has

	// Dropout is the probability with which training sets activations to zero: those of the embeddings, and
	// all that blocks add to the residual stream. These are the places of GPT-2, but for attention weights,
	// which most of these models never form.
	Dropout float64
}

func (c *Common) common() *Common { return c }

// An Architecture is a kind of model: its sizes C, its presets and how to build it.
type Architecture[C any] struct {
	Name    string // of the setting model
	About   string // one line for the help
	Presets []Preset[C]

	// Float32 and Float64 make the parameters in the set, with names and initial values, and return the
	// network. They are the two instances of one generic function. They must not read the parameters'
	// values: weights are counted with a set that has none.
	Float32 func(s params.Set[float32], c C) Network[float32]
	Float64 func(s params.Set[float64], c C) Network[float64]
}

// A Preset is a named set of sizes.
type Preset[C any] struct {
	Name     string
	Sizes    C
	Why      string          // what it is for
	Training []settings.Pair // settings of training that differ from the defaults of package train
}

// architecture is an Architecture without its type parameter.
type architecture struct {
	about   string
	presets []preset
	clone   func(Sizes) Sizes
	float32 func(s params.Set[float32], c Sizes) Network[float32]
	float64 func(s params.Set[float64], c Sizes) Network[float64]
}

type preset struct {
	name     string
	sizes    func() Sizes // a copy
	training []settings.Pair
}

var architectures = registry.New[architecture]("model")

// Register adds an architecture. It panics on a name that is taken and on an architecture without presets.
func Register[C any, P interface {
	*C
	Sizes
}](a Architecture[C]) {
	if len(a.Presets) == 0 || a.Float32 == nil || a.Float64 == nil {
		panic(fmt.Sprintf("models: architecture %q needs a preset and both Float32 and Float64", a.Name))
	}
	erased := architecture{
		about:   a.About,
		clone:   func(c Sizes) Sizes { fresh := *c.(P); return P(&fresh) },
		float32: func(s params.Set[float32], c Sizes) Network[float32] { return a.Float32(s, *c.(P)) },
		float64: func(s params.Set[float64], c Sizes) Network[float64] { return a.Float64(s, *c.(P)) },
	}
	for _, p := range a.Presets {
		erased.presets = append(erased.presets, preset{p.Name, func() Sizes { c := p.Sizes; return P(&c) }, p.Training})
	}
	architectures.Register(a.Name, erased)
}

// newNetwork makes the network of an architecture in the element type of the set.
func newNetwork[F params.Float](a architecture, s params.Set[F], c Sizes) Network[F] {
	switch s := any(s).(type) {
	case params.Set[float32]:
		return any(a.float32(s, c)).(Network[F])
	case params.Set[float64]:
		return any(a.float64(s, c)).(Network[F])
	}
	panic(fmt.Sprintf("models: %T is a set of neither float32 nor float64", s))
}

// Names lists the registered models.
func Names() []string { return architectures.Names() }

// About describes a model in one line; "" for an unknown one.
func About(model string) string {
	a, _ := architectures.Find(model)
	return a.about
}
