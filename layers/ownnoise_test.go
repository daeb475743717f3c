package layers_test

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// stochasticDepth is a random layer as another module would write it (arXiv 1603.09382): in training it sets all
// that a branch computes for a sequence to zero with probability p, and scales the other sequences by 1/(1-p).
type stochasticDepth[F params.Float] struct {
	p    float64
	site string
}

func newStochasticDepth[F params.Float](s params.Set[F], p float64) *stochasticDepth[F] {
	return &stochasticDepth[F]{p: p, site: s.Name("depth")}
}

// Forward maps x [B, ...] to its shape.
func (l *stochasticDepth[F]) Forward(g *layers.Graph[F], x *G.Node) *G.Node {
	noise := g.Noise()
	if noise == nil {
		return x
	}
	site, batch := noise.Site(l.site), g.Batch
	scale := func(y, x []F) {
		n := len(x) / batch
		for b := range batch {
			var factor F
			if u := float64(site.Sequence(b).Uint64(0)>>11) / (1 << 53); u >= l.p {
				factor = F(1 / (1 - l.p))
			}
			for i := b * n; i < (b+1)*n; i++ {
				y[i] = factor * x[i]
			}
		}
	}
	return ops.Apply(ops.Definition[F]{
		Name:     "StochasticDepth",
		Inputs:   G.Nodes{x},
		Grads:    []ops.Gradient{ops.GradPrimary},
		Out:      x.Shape(),
		Forward:  func(y []F, in ops.Operands[F]) { scale(y, in.Floats(0)) },
		Backward: func(grads [][]F, _ ops.Operands[F], _, dy []F) { scale(grads[0], dy) },
	})
}

// kept returns the factors of the sequences first to first+n-1 in the update of that number, and those of the
// gradient.
func kept(t *testing.T, l *stochasticDepth[float64], noise *ops.Noise, update int64, first, n int) (factors, grad []float64) {
	t.Helper()
	noise.Step, noise.First = update, first
	g := layers.NewTraining[float64](n, 1, noise)
	ones := slices.Repeat([]float64{1}, n)
	x := g.Input("x", ones, n, 1, 1)
	y := l.Forward(g, x)
	grads, err := G.Grad(ops.Dot[float64](y, g.Input("dy", ones, n, 1, 1)), x)
	if err != nil {
		t.Fatal(err)
	}
	values := run(t, g, y, grads[0])
	return values[0], values[1]
}

// TestOwnNoise: what a layer draws follows from seed, name, update and sequence alone: it repeats, both passes
// have it, a batch in pieces has that of the whole, and nothing is random in evaluation and in streams.
func TestOwnNoise(t *testing.T) {
	const n, p = 1000, 0.25
	set := params.NewSet[float64](1)
	l, noise := newStochasticDepth(set.Sub("a"), p), ops.NewNoise(5)
	whole, grad := kept(t, l, noise, 3, 0, n)
	if !slices.Equal(whole, grad) {
		t.Error("the backward pass has other numbers than the forward pass")
	}
	dropped := 0
	for _, factor := range whole {
		if factor == 0 {
			dropped++
		} else if factor != 1/(1-p) {
			t.Fatalf("a factor is %v, want 0 or %v", factor, 1/(1-p))
		}
	}
	if dropped < 190 || dropped > 310 { // 4.4 standard deviations from 250
		t.Errorf("%d of %d sequences are dropped, want about %v", dropped, n, n*p)
	}
	head, _ := kept(t, l, noise, 3, 0, 300)
	tail, _ := kept(t, l, noise, 3, 300, n-300)
	if !slices.Equal(slices.Concat(head, tail), whole) {
		t.Error("a batch in two pieces has other numbers than the whole")
	}
	for what, other := range map[string]func() []float64{
		"update": func() []float64 { y, _ := kept(t, l, noise, 4, 0, n); return y },
		"seed":   func() []float64 { y, _ := kept(t, l, ops.NewNoise(6), 3, 0, n); return y },
		"name":   func() []float64 { y, _ := kept(t, newStochasticDepth(set.Sub("b"), p), noise, 3, 0, n); return y },
	} {
		if slices.Equal(other(), whole) {
			t.Errorf("another %s has the same numbers", what)
		}
	}
	for _, g := range []*layers.Graph[float64]{layers.NewGraph[float64](1, 1), layers.NewStreaming[float64](1, 1, layers.NewStates())} {
		if x := g.Input("x", []float64{1}, 1, 1, 1); l.Forward(g, x) != x {
			t.Error("the layer adds to a graph without noise")
		}
	}
}
