package models

import (
	"fmt"

	"goomtrain/internal/registry"
	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/settings"
)

// The models of this project. Other modules add theirs by calling Register in an init function.
func init() {
	Register(goomRNN)
	Register(logAttention)
	Register(softmaxAttention)
	Register(taylorAttention)
	Register(deltaNet)
	Register(gatedDeltaNet)
	Register(deltaProduct)
	Register(gla)
	Register(lstm)
	Register(hybrid)
	Register(classifier)
}

// Sizes holds the sizes of an architecture. It is a pointer to a struct that embeds Common and has a field for
// each size:
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
	// Settings lists the sizes of the architecture other than those of Common. Sizes of the same name in
	// several architectures must have the same type. They are Frozen: a resumed run cannot change them.
	Settings() settings.Table
	// Validate returns an error that names the broken rule between several sizes. The rules of single sizes,
	// which are in Settings, have been checked before.
	Validate() error

	common() *Common
}

// Common holds the sizes that every architecture has.
type Common struct {
	Vocab int // S, tokens; 0: as many as the data has

	// Dropout is the probability of setting an activation to zero in training. It applies to the embeddings and
	// to everything that blocks add to the residual stream, as in GPT-2, but not to attention weights, which
	// most of these models never compute.
	Dropout float64

	// ResetDocuments makes documents independent of those before them in a sequence: recurrences, states, attention and
	// learned positions start anew at each. DocumentStart is the number of the token that every document begins with;
	// "": FitDocuments sets it to the separator of the data.
	ResetDocuments bool
	DocumentStart  string
}

func (c *Common) common() *Common { return c }

// An Architecture is a kind of model: its sizes C, its presets and how to build it.
type Architecture[C any] struct {
	Name    string // of the setting model
	About   string // one line for the help
	Presets []Preset[C]

	// Float32 and Float64 make the parameters in the set, with names and initial values, and return the
	// network. Usually both are instances of one generic function. They must not read the values of parameters:
	// to count weights they are called with a set that has none.
	Float32 func(s params.Set[float32], c C) Network[float32]
	Float64 func(s params.Set[float64], c C) Network[float64]
}

// A Preset is a named set of sizes.
type Preset[C any] struct {
	Name     string
	Sizes    C
	Why      string          // its purpose
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
	why      string
	sizes    func() Sizes // a copy
	training []settings.Pair
}

var architectures = registry.New[architecture]("model")

// Register adds an architecture. It panics if the name is taken or there are no presets.
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
		erased.presets = append(erased.presets, preset{p.Name, p.Why, func() Sizes { c := p.Sizes; return P(&c) }, p.Training})
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

// Mixers lists the mixers of -pattern.
func Mixers() []string { return layers.MixerNames() }

// AboutMixer describes a mixer in one line; "" for an unknown one.
func AboutMixer(name string) string {
	kind, _ := layers.FindMixer(name)
	return kind.About
}
