package kernels

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
	host "goomtrain/internal/kernels/taylor"
)

// inChunks returns a kernel that scores keys inside chunks, or all of them if chunk is 0.
func inChunks(size multihead.Size, terms, chunk int) func(s *gpu.Scope) attentionKernel {
	return func(s *gpu.Scope) attentionKernel { return newTaylor(s, AttentionSize(size), terms, chunk) }
}

// taylorAttention runs it on three operands.
func taylorAttention(t *testing.T, size multihead.Size, terms, chunk int, q, keys, values, dy []float32) (y, dq, dk, dv []float32) {
	b := newBench(t)
	return attention(b, inChunks(size, terms, chunk)(b.Scope), size, q, keys, values, dy)
}

// taylorCases have sizes below, at and above those of tiles and blocks, and all numbers of terms in both forms. A chunk has at
// least the rows of a block.
var taylorCases = []struct {
	batch, queries, keys, heads, k, v int
	causal                            bool
	terms, chunk                      int
}{
	{1, 1, 1, 1, 1, 1, true, 4, 0},
	{2, 2, 2, 3, 5, 2, true, 1, 0},
	{1, 63, 63, 2, 8, 8, true, 4, 0},
	{1, 300, 300, 1, 3, 5, true, 2, 0},
	{2, 135, 135, 1, 16, 9, true, 3, 0},
	{1, 70, 70, 2, 17, 32, true, 8, 0},
	{1, 33, 33, 1, 100, 5, true, 5, 0},
	{1, 1, 3, 1, 2, 2, false, 6, 0},
	{1, 20, 150, 2, 6, 40, false, 4, 0},
	{2, 65, 7, 1, 12, 3, false, 7, 0},
	{1, 600, 600, 1, 3, 2, true, 4, 256},
	{2, 257, 257, 1, 1, 9, true, 5, 256},
	{1, 258, 258, 2, 1, 1, true, 3, 256},
	{1, 270, 270, 1, 8, 8, true, 3, 256},
	{1, 513, 513, 1, 2, 5, true, 1, 256},
	{1, 300, 300, 1, 5, 1, true, 2, 256},
	{1, 260, 260, 1, 17, 20, true, 3, 256},
	{1, 290, 290, 1, 2, 3, true, 8, 256},
	{1, 40, 300, 2, 4, 3, false, 4, 256},
	{1, 300, 20, 1, 3, 10, false, 6, 256},
	{1, 2, 3, 1, 2, 1, false, 7, 256},
}

// TestTaylor compares with the definition in float64.
func TestTaylor(t *testing.T) {
	for _, c := range taylorCases {
		t.Run(strings.ReplaceAll(fmt.Sprintf("%+v", c), " ", ","), func(t *testing.T) {
			size := multihead.Size{Batch: c.batch, Queries: c.queries, Keys: c.keys, Heads: c.heads, DKey: c.k, DValue: c.v, Causal: c.causal}
			a, dy := kerneltest.Attention(size, host.Weight(c.terms))
			for i := range a.Q {
				a.Q[i] *= 0.5 // keeps sums of weights of an odd degree away from zero
			}
			dq, dk, dv := a.Backward(dy)
			gotY, gotQ, gotK, gotV := taylorAttention(t, size, c.terms, c.chunk, narrow(a.Q), narrow(a.K), narrow(a.V), narrow(dy))
			near(t, "y", gotY, a.Forward(), 1e-5)
			near(t, "dv", gotV, dv, 1e-5)
			if c.keys > 1 && c.terms > 1 { // otherwise the gradients are 0
				near(t, "dq", gotQ, dq, 1e-5)
				near(t, "dk", gotK, dk, 1e-5)
			}
		})
	}
}

// bothForms runs a test by scores and by features.
func bothForms(t *testing.T, body func(t *testing.T, chunk int)) {
	t.Run("scores", func(t *testing.T) { body(t, 0) })
	t.Run("features", func(t *testing.T) { body(t, 256) })
}

// TestTaylorZeros: where the sum of weights is within rounding of zero, the output and the gradients are 0, also of dy that are
// not finite. A larger sum gives the mean of the values, which features lose by cancellation.
func TestTaylorZeros(t *testing.T) {
	bothForms(t, func(t *testing.T, chunk int) {
		n := chunk + 30
		size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 1, DValue: 2, Causal: true}
		for _, weight := range []float32{0, 0x1p-23, 0x1p-17} {
			q, keys, values, dy := make([]float32, n), make([]float32, n), make([]float32, 2*n), normal(2, 2*n)
			for i := range n {
				q[i], keys[i] = 1, weight-1 // of two terms: 1 + q k
				values[2*i], values[2*i+1] = 3, 4
			}
			zero := weight < 0x1p-19
			if zero {
				dy[0], dy[2*n-1] = float32(math.NaN()), float32(math.Inf(1))
			}
			y, dq, dk, dv := taylorAttention(t, size, 2, chunk, q, keys, values, dy)
			for name, x := range map[string][]float32{"y": y, "dq": dq, "dk": dk, "dv": dv} {
				for i, v := range x {
					if v-v != 0 || zero && v != 0 || name == "y" && !zero && chunk == 0 && math.Abs(float64(v-values[i])) > 1e-5 {
						t.Fatalf("weights of %v: %s[%d] = %v", weight, name, i, v)
					}
				}
			}
		}
	})
}

// TestTaylorExtremes: tiny and large scores give what the definition gives. Those whose weights are beyond the range of float32
// give NaN for the queries for which the host's kernel gives NaN.
func TestTaylorExtremes(t *testing.T) {
	bothForms(t, func(t *testing.T, chunk int) {
		n := chunk + 20
		size := multihead.Size{Batch: 1, Queries: n, Keys: n, Heads: 1, DKey: 3, DValue: 2, Causal: true}
		a, dy := kerneltest.Attention(size, host.Weight(3))
		q := a.Q
		for _, scale := range []float64{1e-25, 1e4, 1e15, 1e25} {
			a.Q = make([]float64, len(q))
			for i := range q {
				a.Q[i] = float64(float32(q[i] * scale))
			}
			y, dq, dk, dv := taylorAttention(t, size, 3, chunk, narrow(a.Q), narrow(a.K), narrow(a.V), narrow(dy))
			if scale == 1e25 {
				want := make([]float32, len(y))
				in := func(x []float64, width int) multihead.Rows[float32] { return multihead.Packed(narrow(x), 1, width) }
				host.New[float32](size, 3, chunk > 0).Forward(want, in(a.Q, 3), in(a.K, 3), in(a.V, 2), nil)
				for i, w := range want {
					if (y[i] == y[i]) != (w == w) {
						t.Fatalf("scale %v: output %d is %v, want %v", scale, i, y[i], w)
					}
				}
				continue
			}
			wantQ, wantK, wantV := a.Backward(dy)
			near(t, fmt.Sprint(scale, " y"), y, a.Forward(), 2e-5)
			near(t, fmt.Sprint(scale, " dq"), dq, wantQ, 1e-4)
			near(t, fmt.Sprint(scale, " dk"), dk, wantK, 1e-4)
			near(t, fmt.Sprint(scale, " dv"), dv, wantV, 2e-5)
		}
	})
}

// TestTaylorNaN: a NaN in a key or value reaches the outputs of the queries that see it, and no other.
func TestTaylorNaN(t *testing.T) {
	for _, c := range []struct {
		n, chunk, at int
		value        bool
	}{{150, 0, 70, false}, {150, 0, 70, true}, {270, 256, 140, false}, {270, 256, 262, false}, {270, 256, 140, true}, {270, 256, 262, true}} {
		size := multihead.Size{Batch: 1, Queries: c.n, Keys: c.n, Heads: 1, DKey: 2, DValue: 1, Causal: true}
		keys, values := normal(2, 2*c.n), normal(3, c.n)
		if c.value {
			values[c.at] = float32(math.NaN())
		} else {
			keys[2*c.at] = float32(math.NaN())
		}
		b := newBench(t)
		y := room(b, c.n)
		newTaylor(b.Scope, AttentionSize(size), 4, c.chunk).Forward(y, Packed(put(b, normal(1, 2*c.n)), 1, 2), Packed(put(b, keys), 1, 2), Packed(put(b, values), 1, 1))
		for i, v := range get[float32](b, y, c.n) {
			if (v != v) != (i >= c.at) {
				t.Fatalf("%+v: the output of query %d is %v", c, i, v)
			}
		}
	}
}

// TestTaylorPacked: operands in one tensor give the same bits as three.
func TestTaylorPacked(t *testing.T) {
	bothForms(t, func(t *testing.T, chunk int) {
		size := multihead.Size{Batch: 2, Queries: chunk + 2, Keys: chunk + 2, Heads: 2, DKey: 2, DValue: 3, Causal: true}
		testPacked(t, size, inChunks(size, 3, chunk))
	})
}

// TestTaylorPlan compares the monomials with the features of the host, whose squared weights are the coefficients.
func TestTaylorPlan(t *testing.T) {
	for _, c := range [][2]int{{1, 1}, {1, 8}, {2, 5}, {3, 2}, {8, 4}, {32, 3}} {
		width, terms := c[0], c[1]
		x := make([]float64, width+1)
		for i := range x {
			x[i] = 1 + 0.1*float64(i)
		}
		x[width] = 1 // the index of the number 1
		p, phi := planTaylor(width, terms), host.NaiveFeatures{X: x[:width], Terms: terms}.Forward()
		if len(phi) != len(p.monomials) || len(phi) != len(p.coefficients) {
			t.Fatalf("%v: %d monomials, want %d", c, len(p.monomials), len(phi))
		}
		product := func(indices uint64, n int) float64 {
			y := 1.0
			for i := range n {
				y *= x[indices>>(8*i)&255]
			}
			return y
		}
		check := func(j int, monomial float64) {
			t.Helper()
			got := monomial * math.Sqrt(float64(p.coefficients[j]))
			for range degreeOf(width, j) {
				got *= math.Pow(float64(width), -0.25) // K^(-1/4) of each factor
			}
			if math.Abs(got-phi[j]) > 1e-6*phi[j] {
				t.Errorf("%v: feature %d is %v, want %v", c, j, got, phi[j])
			}
		}
		next := 0
		for tile, begin := range p.tiles[:len(p.tiles)-1] {
			for r := begin; r < p.tiles[tile+1]; r++ {
				run := p.runs[4*r : 4*r+4]
				if at := tile*tileFeatures + int(run[1]); at != next {
					t.Fatalf("%v: a run begins at feature %d, want %d", c, at, next)
				}
				for i := range int(run[0] & 255) {
					prefix := uint64(uint32(run[2])) | uint64(uint32(run[3]))<<32
					check(next, product(prefix, 6)*x[int(run[0]>>8)+i])
					check(next, product(p.monomials[next], 7))
					next++
				}
			}
		}
		if next != len(phi) {
			t.Errorf("%v: runs of %d features, want %d", c, next, len(phi))
		}
	}
}

// degreeOf returns the degree of feature j of vectors of that width.
func degreeOf(width, j int) (degree int) {
	for j >= host.CountFeatures(width, degree+1) {
		degree++
	}
	return degree
}

// TestTaylorForm: long sequences take the form by features, short ones that by scores, and heads that are too wide are refused.
func TestTaylorForm(t *testing.T) {
	for _, c := range []struct{ time, width, terms, want int }{
		{256, 8, 4, 0}, {512, 8, 4, 0}, {2048, 8, 4, 256}, {1024, 16, 4, 0}, {8192, 16, 4, 512}, {1 << 20, 33, 4, 0}, {1 << 16, 32, 8, 0},
	} {
		size := AttentionSize{Batch: 1, Queries: c.time, Keys: c.time, Heads: 1, DKey: c.width, DValue: c.width, Causal: true}
		if got := taylorChunk(size, c.terms); got != c.want {
			t.Errorf("%+v: chunks of %d", c, got)
		}
	}
	s := gpu.NewQueue(emulated.New()).NewScope()
	NewTaylor(s, AttentionSize{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: 513, DValue: 2}, 4)
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "keys of 513 and values of 2 numbers: a GPU has them up to 512") {
		t.Error(err)
	}
}
