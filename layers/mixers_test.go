package layers_test

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/params"
	"goomtrain/rng"
)

// run runs the graph and returns the values of nodes.
func run[F params.Float](t *testing.T, g *layers.Graph[F], nodes ...*G.Node) [][]F {
	t.Helper()
	exec, err := executor.New(g.ExprGraph, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.RunAll(); err != nil {
		t.Fatal(err)
	}
	var values [][]F
	for _, n := range nodes {
		v, err := exec.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, v.Data().([]F))
	}
	return values
}

func normal(name string, n int) []float64 {
	r, x := rng.New(1, name), make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// mixers are those that models can choose by name, of width 8, and some of other sizes.
func mixers(s params.Set[float64]) map[string]layers.Mixer[float64] {
	all := map[string]layers.Mixer[float64]{
		"GOOMSSM":         layers.NewGOOMSSM(s.Sub("goom ssm"), 8, 6, 2, 5),
		"GOOMFull":        layers.NewGOOMFull(s.Sub("goom full"), 8, 7, 3, 2, 5),
		"GOOMHouseholder": layers.NewGOOMHouseholder(s.Sub("goom householder"), 8, 7, 1, 2, 5, 3),
		"GOOMTable":       layers.NewGOOMTable(s.Sub("goom table"), mixerVocab, 8, 7, 2, 3, 2),
		"LogAttention":    layers.NewLogAttention(s.Sub("log attention"), s.Sub("log attention.qkv"), 8, 2, 3, 5),
		"grouped DeltaNet": layers.NewDeltaNet(s.Sub("delta net"), layers.DeltaNetSizes{In: 8, KeyHeads: 2, ValueHeads: 4, DKey: 3, DValue: 5,
			Householders: 2, ShortConv: true, ConvBias: true, ForgetGate: true, Epsilon: 1e-6}),
		"S4D":           layers.NewS4D(s.Sub("state space"), 8, 3, "legs"),
		"movingAverage": newMovingAverage(s.Sub("own"), 8, 0.9),
	}
	for _, name := range layers.MixerNames() {
		all[name] = layers.NewMixer(name, s.Sub(name), mixerSizes)
	}
	return all
}

const mixerVocab = 6

var mixerSizes = layers.MixerSizes{Vocab: mixerVocab, Width: 8, Layers: 2, Heads: 2, DHead: 3, DValue: 5,
	ShortConv: true, NegativeEigenvalues: true, ForgetGate: true, OutputGate: true, Householders: 2, TaylorTerms: 3, Window: 4, Epsilon: 1e-6}

// tokens are those of sequences from position lo to hi.
func tokens(batch, lo, hi int) (all []int32) {
	for b := range batch {
		for t := lo; t < hi; t++ {
			all = append(all, int32((3*b+t*t)%mixerVocab))
		}
	}
	return all
}

// TestMixerNames: runs keep the names of their mixers, so none may go away.
func TestMixerNames(t *testing.T) {
	want := []string{"goom", "goom-full", "goom-householder", "goom-table", "delta", "gated-delta", "delta-product", "gla", "ssd", "retention",
		"lightning", "s4d", "softmax", "window", "log", "taylor", "lstm"}
	if got := layers.MixerNames(); !slices.Equal(got[:min(len(got), len(want))], want) {
		t.Errorf("mixers %v, want %v", got, want)
	}
}

// TestMixers: a mixer maps In to Out, and sequences that are read in pieces of several lengths, interrupted by
// other sequences and restored, give the results of whole ones. So no position sees those after it.
func TestMixers(t *testing.T) {
	const batch, length = 2, 11
	for name, mixer := range mixers(params.NewSet[float64](1)) {
		t.Run(name, func(t *testing.T) {
			in, out := mixer.In(), mixer.Out()
			x := normal("x", batch*length*in)
			g := layers.NewGraph[float64](batch, length)
			g.Tokens = g.Input("tokens", tokens(batch, 0, length), batch, length)
			y := mixer.Forward(g, g.Input("x", x, batch, length, in))
			if !slices.Equal(y.Shape(), []int{batch, length, out}) {
				t.Fatalf("the result has shape %v, want %v", y.Shape(), []int{batch, length, out})
			}
			whole := run(t, g, y)[0]
			states := layers.NewStates()
			for _, span := range [][2]int{{0, 1}, {1, 5}, {5, 6}, {6, 11}} {
				n := span[1] - span[0]
				var part []float64
				for b := range batch {
					part = append(part, x[(b*length+span[0])*in:(b*length+span[1])*in]...)
				}
				g := layers.NewStreaming[float64](batch, n, states)
				g.Tokens = g.Input("tokens", tokens(batch, span[0], span[1]), batch, n)
				got := run(t, g, mixer.Forward(g, g.Input("x", part, batch, n, in)))[0]
				for b := range batch {
					for i := range n * out {
						if want := whole[(b*length+span[0])*out+i]; math.Abs(got[b*n*out+i]-want) > 1e-12 {
							t.Fatalf("positions %v of sequence %d: number %d is %v, want %v", span, b, i, got[b*n*out+i], want)
						}
					}
				}
				states = moved(t, mixer, states, batch)
			}
		})
	}
}

// moved returns other states of the mixer, into which the values of states were copied after states of other
// sequences.
func moved(t *testing.T, mixer layers.Mixer[float64], from *layers.States, batch int) *layers.States {
	t.Helper()
	to := layers.NewStates()
	g := layers.NewStreaming[float64](batch, 3, to)
	g.Tokens = g.Input("tokens", tokens(batch, 5, 8), batch, 3)
	run(t, g, mixer.Forward(g, g.Input("x", normal("other", batch*3*mixer.In()), batch, 3, mixer.In())))
	if _, err := to.Fit(from.Arrays()); err != nil {
		t.Fatal(err)
	}
	for i, a := range from.Arrays() {
		b := to.Arrays()[i]
		if a.Name != b.Name || !slices.Equal(a.Shape, b.Shape) {
			t.Fatalf("the state has %s %v, want %s %v", b.Name, b.Shape, a.Name, a.Shape)
		}
		switch data := a.Data.(type) {
		case []float64:
			copy(b.Data.([]float64), data)
		case []int64:
			copy(b.Data.([]int64), data)
		case []uint8:
			copy(b.Data.([]uint8), data)
		default:
			t.Fatalf("%s is a %T", a.Name, data)
		}
	}
	return to
}
