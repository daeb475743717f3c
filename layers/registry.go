package layers

import (
	"fmt"

	"goomtrain/internal/registry"
	"goomtrain/params"
)

// The mixers that models can choose by name. Other modules add theirs by calling RegisterMixer in an init function.
func init() {
	RegisterMixer(goomKind)
	RegisterMixer(goomFullKind)
	RegisterMixer(goomHouseholderKind)
	RegisterMixer(goomTableKind)
	RegisterMixer(deltaKind)
	RegisterMixer(gatedDeltaKind)
	RegisterMixer(deltaProductKind)
	RegisterMixer(glaKind)
	RegisterMixer(ssdKind)
	RegisterMixer(retentionKind)
	RegisterMixer(lightningKind)
	RegisterMixer(s4dKind)
	RegisterMixer(softmaxKind)
	RegisterMixer(windowKind)
	RegisterMixer(logKind)
	RegisterMixer(taylorKind)
	RegisterMixer(lstmKind)
}

// MixerSizes holds the sizes and options of a mixer that is chosen by name. A mixer reads those that it has.
type MixerSizes struct {
	Vocab         int // S, tokens
	Width         int // D, dimension of the activations
	Layer, Layers int // index of the block, and number of blocks
	Heads         int // H
	DHead         int // K, dimension of the queries and keys of a head; of s4d: complex modes of a channel
	DValue        int // V, dimension of the values of a head

	ShortConv           bool    // short convolutions of queries, keys and values
	NegativeEigenvalues bool    // of the delta rule: beta in (0, 2)
	ForgetGate          bool    // of delta-product: decay
	OutputGate          bool    // of the delta rule: gate after the output norm
	Householders        int     // reflections, or delta steps, a token
	TaylorTerms         int     // P
	Window              int     // positions that window attention sees
	Epsilon             float64 // of output norms
}

// A MixerKind makes mixers of one kind.
type MixerKind struct {
	Name  string // in patterns of mixers
	About string // one line for the help

	// Options names the options that not every mixer reads, of d-value, householders, taylor-terms and window. A model
	// with a pattern of mixers refuses those that none of them reads.
	Options []string

	// Float32 and Float64 make the parameters in the set and return the mixer, which reads activations of dimension
	// Width. Usually both are instances of one generic function.
	Float32 func(s params.Set[float32], c MixerSizes) Mixer[float32]
	Float64 func(s params.Set[float64], c MixerSizes) Mixer[float64]
}

var mixerKinds = registry.New[MixerKind]("mixer")

// RegisterMixer adds a kind of mixer. It panics if the name is taken or a function is missing.
func RegisterMixer(k MixerKind) {
	if k.Float32 == nil || k.Float64 == nil {
		panic(fmt.Sprintf("layers: mixer %q needs both Float32 and Float64", k.Name))
	}
	mixerKinds.Register(k.Name, k)
}

// MixerNames lists the registered mixers.
func MixerNames() []string { return mixerKinds.Names() }

// FindMixer returns the kind of that name, or an error that lists the names.
func FindMixer(name string) (MixerKind, error) { return mixerKinds.Find(name) }

// NewMixer makes a mixer of the kind of that name, which panics if there is none.
func NewMixer[F params.Float](name string, s params.Set[F], c MixerSizes) Mixer[F] {
	kind, err := FindMixer(name)
	if err != nil {
		panic(fmt.Sprintf("layers: %v", err))
	}
	switch s := any(s).(type) {
	case params.Set[float32]:
		return any(kind.Float32(s, c)).(Mixer[F])
	case params.Set[float64]:
		return any(kind.Float64(s, c)).(Mixer[F])
	}
	panic(fmt.Sprintf("layers: %T is a set of neither float32 nor float64", s))
}
