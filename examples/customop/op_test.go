package main

import (
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/parallel"
	"goomtrain/params"
	"goomtrain/rng"
)

// normals are n normal numbers of that name.
func normals[F params.Float](name string, n int) []F {
	r, x := rng.New(1, name), make([]F, n)
	for i := range x {
		x[i] = F(r.NormFloat64())
	}
	return x
}

// compile prepares a graph and returns what computes the values of nodes anew. They share the graph's memory.
func compile[F params.Float](t *testing.T, g *G.ExprGraph, nodes ...*G.Node) func() [][]F {
	t.Helper()
	run, err := executor.New(g, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	return func() (values [][]F) {
		if err := run.RunAll(); err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes {
			v, err := run.Value(n)
			if err != nil {
				t.Fatal(err)
			}
			if scalar, ok := v.Data().(F); ok {
				values = append(values, []F{scalar})
			} else {
				values = append(values, v.Data().([]F))
			}
		}
		return values
	}
}

// TestIntegrate holds the op to its formula, written down for one number at a time.
func TestIntegrate(t *testing.T) {
	const batch, length, width = 2, 7, 3
	u, p := normals[float64]("u", batch*length*width), normals[float64]("p", width)
	for _, begins := range [][]int32{make([]int32, batch*length), {1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1}} { // one document a row, and several
		g := layers.NewGraph[float64](batch, length)
		y := compile[float64](t, g.ExprGraph, Integrate[float64](g.Input("u", u, batch, length, width), g.Input("p", p, width),
			g.Input("reset", begins, batch, length), nil))()[0]
		for b := range batch {
			for c := range width {
				a, want := 1/(1+math.Exp(-p[c])), 0.0
				for s := range length {
					if begins[b*length+s] != 0 {
						want = 0
					}
					i := (b*length+s)*width + c
					want = a*want + (1-a)*u[i]
					if math.Abs(y[i]-want) > 1e-14 {
						t.Errorf("sequence %d, position %d, channel %d: %v, want %v", b, s, c, y[i], want)
					}
				}
			}
		}
	}
}

// TestGradient compares both gradients with central differences, for sequences that begin at zero and for those
// that go on from a carry.
func TestGradient(t *testing.T) {
	for _, size := range [][3]int{{1, 1, 1}, {2, 5, 3}, {3, 64, 2}} {
		for _, carried := range []bool{false, true} {
			t.Run(fmt.Sprint(size, carried), func(t *testing.T) { testGradient(t, size[0], size[1], size[2], carried) })
		}
	}
}

func testGradient(t *testing.T, batch, length, width int, carried bool) {
	u, p, dy := normals[float64]("u", batch*length*width), normals[float64]("p", width), normals[float64]("dy", batch*length*width)
	begin := normals[float64]("begin", batch*width)
	var carry *Carry[float64]
	if carried {
		carry = NewCarry[float64](batch, width)
	}
	g := layers.NewGraph[float64](batch, length)
	un, pn := g.Input("u", u, batch, length, width), g.Input("p", p, width)
	var reset *G.Node // with a carry there is none
	if !carried {
		begins := make([]int32, batch*length)
		for i := range begins {
			begins[i] = int32(i % 3)
		}
		reset = g.Input("reset", begins, batch, length)
	}
	loss := ops.Dot[float64](Integrate(un, pn, reset, carry), g.Input("dy", dy, batch, length, width))
	grads, err := G.Grad(loss, un, pn)
	if err != nil {
		t.Fatal(err)
	}
	values := compile[float64](t, g.ExprGraph, loss, grads[0], grads[1])
	run := func() [][]float64 {
		if carried {
			copy(carry.y, begin) // every run goes on from the same place
		}
		return values()
	}
	for i, x := range [][]float64{u, p} {
		got := slices.Clone(run()[1+i])
		for j, v := range x {
			const h = 1e-4
			x[j] = v + h
			above := run()[0][0]
			x[j] = v - h
			want := (above - run()[0][0]) / (2 * h)
			x[j] = v
			if math.Abs(got[j]-want) > 1e-6 {
				t.Errorf("gradient %d of %s: %v, want %v", j, []string{"u", "p"}[i], got[j], want)
			}
		}
	}
}

// TestPieces: a sequence read in pieces gives the bits of the whole, in both element types.
func TestPieces(t *testing.T) {
	t.Run("float32", testPieces[float32])
	t.Run("float64", testPieces[float64])
}

func testPieces[F params.Float](t *testing.T) {
	const batch, length, width = 3, 10, 4
	layer := NewLeaky(params.NewSet[F](1), width, 5, 2, 100)
	x := normals[F]("x", batch*length*width)
	read := func(g *layers.Graph[F], from, n int) []F {
		piece := make([]F, 0, batch*n*width)
		for b := range batch {
			piece = append(piece, x[(b*length+from)*width:(b*length+from+n)*width]...)
		}
		return compile[F](t, g.ExprGraph, layer.Forward(g, g.Input("x", piece, batch, n, width)))()[0]
	}
	whole := read(layers.NewGraph[F](batch, length), 0, length) // [B, T, out]
	states := layers.NewStates()
	for round := range 2 {
		from := 0
		for _, n := range []int{1, 6, 3} {
			y := read(layers.NewStreaming[F](batch, n, states), from, n) // [B, n, out]
			for b := range batch {
				if got, want := y[b*n*2:(b+1)*n*2], whole[(b*length+from)*2:(b*length+from+n)*2]; !slices.Equal(got, want) {
					t.Errorf("round %d, sequence %d, positions from %d: %v, want %v", round, b, from, got, want)
				}
			}
			from += n
		}
		states.Reset()
	}
}

// TestIntegrateRuns: both passes give the same bits with any number of threads, hand NaN on from where it comes in,
// and allocate nothing.
func TestIntegrateRuns(t *testing.T) {
	defer parallel.SetThreads(0)
	const batch, length, width = 5, 33, 4
	u := normals[float32]("u", batch*length*width)
	g := layers.NewGraph[float32](batch, length)
	un, pn := g.Input("u", u, batch, length, width), g.Input("p", normals[float32]("p", width), width)
	y := Integrate[float32](un, pn, nil, nil)
	grads, err := G.Grad(ops.Dot[float32](y, y), un, pn)
	if err != nil {
		t.Fatal(err)
	}
	run := compile[float32](t, g.ExprGraph, y, grads[0], grads[1])
	parallel.SetThreads(1)
	one := run()
	for i := range one {
		one[i] = slices.Clone(one[i])
	}
	parallel.SetThreads(3)
	for i, got := range run() {
		if !slices.Equal(got, one[i]) {
			t.Errorf("three threads give another %s", []string{"y", "du", "dp"}[i])
		}
	}
	const at = (2*length+10)*width + 1 // sequence 2, position 10, channel 1
	u[at] = float32(math.NaN())
	for i, v := range run()[0] {
		if after := i >= at && i < 3*length*width && i%width == 1; (v != v) != after {
			t.Fatalf("y[%d] is %v", i, v)
		}
	}
	k := newIntegrator[float32](batch, length, width, nil)
	out, grad, p, dp := make([]float32, len(u)), make([]float32, len(u)), make([]float32, width), make([]float32, width)
	if n := testing.AllocsPerRun(10, func() {
		k.forward(out, u, p)
		k.backward(grad, dp, u, out, u)
	}); n > 0 {
		t.Errorf("%g allocations a run", n)
	}
}

// TestIntegrateRefuses: shapes that do not fit panic with what they are and what they should be.
func TestIntegrateRefuses(t *testing.T) {
	g := layers.NewGraph[float32](1, 2)
	u, p := g.Input("u", make([]float32, 6), 1, 2, 3), g.Input("p", make([]float32, 2), 2)
	defer func() {
		if got := fmt.Sprint(recover()); got != fmt.Sprintf("Integrate: u has shape %v and p %v, want [B T D] and [D]", u.Shape(), p.Shape()) {
			t.Errorf("panic %q", got)
		}
	}()
	Integrate[float32](u, p, nil, nil)
}
