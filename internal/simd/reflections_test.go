package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// reflected is a set of operands of ReflectHeads.
type reflected[F Float] struct {
	heads, rows, count, width      int
	x, k, beta, gate, weight, dout []F
}

func newReflected[F Float](r *rand.Rand, heads, rows, count, width int) reflected[F] {
	o := reflected[F]{heads, rows, count, width, simdtest.Normals[F](r, heads*rows*width), simdtest.Normals[F](r, heads*count*width),
		simdtest.Normals[F](r, heads*count), simdtest.Normals[F](r, heads), simdtest.Normals[F](r, heads*rows), simdtest.Normals[F](r, heads*rows*width)}
	if count > 1 {
		clear(o.k[width : 2*width]) // the second key is zero
	}
	return o
}

// forward is the definition, in float64.
func (o reflected[F]) forward(weighted bool) []float64 {
	y, d := simdtest.Widen(o.x), o.width
	for r := range o.heads * o.rows {
		row, h := y[r*d:(r+1)*d], r/o.rows
		for i := range row {
			if row[i] *= float64(o.gate[h]); weighted {
				row[i] *= float64(o.weight[r])
			}
		}
		for j := h * o.count; j < (h+1)*o.count; j++ {
			p, norm := 0.0, 0.0
			for i := range row {
				p, norm = p+row[i]*float64(o.k[j*d+i]), norm+float64(o.k[j*d+i])*float64(o.k[j*d+i])
			}
			for i := range row {
				if norm != 0 {
					row[i] -= float64(o.beta[j]) * p / norm * float64(o.k[j*d+i])
				}
			}
		}
	}
	return y
}

// TestReflections compares with the definition in float64, and the gradients with its finite differences.
func TestReflections(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		testReflections[float32](t, 1e-4)
		testReflections[float64](t, 1e-7)
	})
}

func testReflections[F Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(41, 42))
	for _, width := range headWidths {
		for _, count := range []int{1, 2, 3} {
			o := newReflected[F](r, 1+r.IntN(3), 1+r.IntN(3), count, width)
			name := fmt.Sprintf("%T %d heads of %d rows of %d, %d reflections: ", F(0), o.heads, o.rows, width, count)
			got, norms := guarded[F](len(o.x)), guarded[F](len(o.beta))
			ReflectHeads(got.x, norms.x, o.x, o.k, o.beta, o.gate, width)
			got.near(t, name+"rows", o.forward(false), tolerance)
			square := make([]float64, len(o.beta))
			for i, v := range o.k {
				square[i/width] += float64(v) * float64(v)
			}
			norms.near(t, name+"norms", square, tolerance)
			place := guarded[F](len(o.x))
			copy(place.x, o.x)
			ReflectHeads(place.x, norms.x, place.x, o.k, o.beta, o.gate, width)
			alike(t, name+"in place", place.x, got.x)

			x, top, k, beta, gate := guarded[F](len(o.x)), guarded[F](len(o.weight)), guarded[F](len(o.k)), guarded[F](len(o.beta)), guarded[F](len(o.gate))
			work := guarded[F](ReflectWork(count, width))
			ReflectHeadsBackward(ReflectionGrads[F]{X: x.x, Top: top.x, K: k.x, Beta: beta.x, LogGate: gate.x},
				o.x, o.weight, o.k, o.beta, norms.x, o.gate, o.dout, work.x, width)
			x.near(t, name+"dx", o.slopes(o.x, false), tolerance)
			wantK := o.slopes(o.k, true)
			if count > 1 {
				clear(wantK[width : 2*width]) // a key of zeros has no gradient
			}
			k.near(t, name+"dk", wantK, tolerance)
			beta.near(t, name+"dbeta", o.slopes(o.beta, true), tolerance)
			byGate := o.slopes(o.gate, true)
			for h := range byGate {
				byGate[h] *= float64(o.gate[h])
			}
			gate.near(t, name+"dlogGate", byGate, tolerance)
			largest := make([]float64, len(o.weight))
			for i, v := range x.x {
				largest[i/width] = max(largest[i/width], math.Abs(float64(v)))
			}
			top.near(t, name+"top", largest, 0)
		}
	}
	ReflectHeads[F](nil, nil, nil, nil, nil, nil, 3)
	ReflectHeadsBackward[F](ReflectionGrads[F]{}, nil, nil, nil, nil, nil, nil, nil, nil, 0)
}

// slopes returns the derivatives of sum(dout * forward) in each element of x, one of the operands, by central
// differences of two steps that have exact floats, extrapolated.
func (o reflected[F]) slopes(x []F, weighted bool) (d []float64) {
	const h = 1.0 / 512
	for i, was := range x {
		loss := func(step F) (sum float64) {
			x[i] = was + step
			for j, v := range o.forward(weighted) {
				sum += v * float64(o.dout[j])
			}
			return sum
		}
		d = append(d, (4*(loss(h/2)-loss(-h/2))/h-(loss(h)-loss(-h))/(2*h))/3)
		x[i] = was
	}
	return d
}

func (g guard[F]) near(t *testing.T, what string, want []float64, tolerance float64) {
	t.Helper()
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i, v := range want {
		if d := math.Abs(float64(g.x[i]) - v); !(d <= tolerance*max(1, largest)) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, g.x[i], v)
		}
	}
	g.alike(t, what, g.x)
}

// TestReflectionsNaN: a NaN in a row, a key or a factor reaches the row, and no row of another head.
func TestReflectionsNaN(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(43, 44))
		for _, at := range []string{"x", "k", "beta"} {
			o := newReflected[float32](r, 2, 1, 2, 9)
			map[string][]float32{"x": o.x, "k": o.k, "beta": o.beta}[at][0] = float32(math.NaN())
			got, norms := make([]float32, len(o.x)), make([]float32, len(o.beta))
			ReflectHeads(got, norms, o.x, o.k, o.beta, o.gate, 9)
			for i, v := range got {
				if (v != v) != (i < 9) {
					t.Errorf("NaN at %s[0] gives %v at %d", at, v, i)
				}
			}
		}
	})
}

func TestReflectionsPanic(t *testing.T) {
	o := newReflected[float32](rand.New(rand.NewPCG(45, 46)), 2, 1, 2, 3)
	norms := make([]float32, 4)
	testPanics(t, map[string]func(){
		"no reflections": func() { ReflectHeads(o.x, nil, o.x, nil, nil, o.gate, 3) },
		"keys":           func() { ReflectHeads(o.x, norms, o.x, o.k[1:], o.beta, o.gate, 3) },
		"norms":          func() { ReflectHeads(o.x, norms[1:], o.x, o.k, o.beta, o.gate, 3) },
		"work": func() {
			g := ReflectionGrads[float32]{X: make([]float32, 6), Top: make([]float32, 2), K: make([]float32, 12), Beta: make([]float32, 4), LogGate: make([]float32, 2)}
			ReflectHeadsBackward(g, o.x, o.weight, o.k, o.beta, norms, o.gate, o.dout, make([]float32, 7), 3)
		},
	})
}
