package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"goomtrain/internal/simd/simdtest"
)

// deltaCase is the operands of a run in float64, packed.
type deltaCase struct {
	rows, columns              int
	steps                      []DeltaStep[float64]
	state                      []float64 // [R, W]
	k, v, q, do, r, dv, dk, dq []float64
	adjoint                    []float64 // of the last state
}

// newDeltaCase draws a case. Every decay is 1, 0 or in between, and every n-th step has a query.
func newDeltaCase(r *rand.Rand, rows, columns, steps, n int) *deltaCase {
	c := &deltaCase{rows: rows, columns: columns, steps: make([]DeltaStep[float64], steps)}
	reads := 0
	for s := range c.steps {
		c.steps[s] = DeltaStep[float64]{Decay: []float64{1, 0, 0.75, 0.5}[r.IntN(4)], Beta: []float64{0, 1, 2, 0.5}[r.IntN(4)], Read: (s+1)%n == 0}
		if c.steps[s].Read {
			reads++
		}
	}
	draw := func(n int, by float64) []float64 {
		x := simdtest.Normals[float64](r, n)
		for i := range x {
			x[i] = float64(float32(x[i] * by))
		}
		return x
	}
	length := 1 / math.Sqrt(float64(rows))
	c.state, c.adjoint = draw(rows*columns, 1), draw(rows*columns, 1)
	c.k, c.v, c.dk = draw(steps*rows, length), draw(steps*columns, 1), draw(steps*rows, 1)
	c.q, c.do, c.dq = draw(reads*rows, length), draw(reads*columns, 1), draw(reads*rows, 1)
	return c
}

const deltaTestScale = 0.75

// truth is what the three functions compute, by the definition, from stored states. It also finds r and dv, and scores.
func (c *deltaCase) truth() (o, last, first, dk, dq []float64, steps []DeltaStep[float64]) {
	rows, columns := c.rows, c.columns
	c.r, c.dv = make([]float64, len(c.v)), make([]float64, len(c.v))
	steps, dk, dq = slices.Clone(c.steps), slices.Clone(c.dk), slices.Clone(c.dq)
	o = make([]float64, len(c.do))
	state := slices.Clone(c.state)
	before, after, read := make([][]float64, len(steps)), make([][]float64, len(steps)), 0
	reads := make([]int, len(steps))
	for s := range steps {
		step, k, r := &steps[s], c.k[s*rows:][:rows], c.r[s*columns:][:columns]
		for i := range state {
			state[i] *= step.Decay
		}
		before[s] = slices.Clone(state)
		for j := range r {
			r[j] = c.v[s*columns+j]
			for i := range k {
				r[j] -= k[i] * state[i*columns+j]
			}
			for i := range k {
				state[i*columns+j] += step.Beta * k[i] * r[j]
			}
		}
		after[s], reads[s] = slices.Clone(state), read
		if step.Read {
			for i := range k {
				c.steps[s].Score += deltaTestScale * c.q[read*rows+i] * k[i]
				for j := range r {
					o[read*columns+j] += deltaTestScale * c.q[read*rows+i] * state[i*columns+j]
				}
			}
			read++
		}
	}
	first = slices.Clone(c.adjoint)
	for s := len(steps) - 1; s >= 0; s-- {
		step, k, r, dv := &steps[s], c.k[s*rows:][:rows], c.r[s*columns:][:columns], c.dv[s*columns:][:columns]
		for i := range k {
			for j := range r {
				step.Later += k[i] * first[i*columns+j] * step.Beta * r[j]
			}
		}
		if step.Read {
			for i := range k {
				for j := range r {
					q, do := c.q[reads[s]*rows+i], c.do[reads[s]*columns+j]
					step.Before += deltaTestScale * q * before[s][i*columns+j] * do
					dq[reads[s]*rows+i] += deltaTestScale * after[s][i*columns+j] * do
					first[i*columns+j] += deltaTestScale * q * do
				}
			}
			for j := range r {
				step.Own += step.Beta * r[j] * c.do[reads[s]*columns+j]
			}
		}
		for j := range r {
			for i := range k {
				step.DBeta += k[i] * first[i*columns+j] * r[j]
				dv[j] += step.Beta * k[i] * first[i*columns+j]
				dk[s*rows+i] += step.Beta * first[i*columns+j] * r[j]
			}
			for i := range k {
				step.Before -= k[i] * before[s][i*columns+j] * dv[j]
				dk[s*rows+i] -= before[s][i*columns+j] * dv[j]
				first[i*columns+j] = step.Decay * (first[i*columns+j] - k[i]*dv[j])
			}
		}
	}
	return o, state, first, dk, dq, steps
}

// strided puts the rows of x, of n columns, gap elements apart; what is between them is NaN.
func strided[F Float](x []float64, n, gap int) Strided[F] {
	s := Strided[F]{make([]F, 0, len(x)/n*(n+gap)), n + gap}
	for ; len(x) > 0; x = x[n:] {
		for _, v := range x[:n] {
			s.Data = append(s.Data, F(v))
		}
		for range gap {
			s.Data = append(s.Data, F(math.NaN()))
		}
	}
	return s
}

// packed takes the rows out again and checks what is between them.
func packed[F Float](t *testing.T, s Strided[F], n int) (x []F) {
	t.Helper()
	for at := 0; at < len(s.Data); at += s.Stride {
		x = append(x, s.Data[at:at+n]...)
		for _, v := range s.Data[at+n : at+s.Stride] {
			if v == v {
				t.Fatalf("%v was written between rows of %d, %d apart", v, n, s.Stride)
			}
		}
	}
	return x
}

func transposed(x []float64, rows, columns int) []float64 {
	y := make([]float64, len(x))
	for i := range rows {
		for j := range columns {
			y[j*rows+i] = x[i*columns+j]
		}
	}
	return y
}

func TestDelta(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		testDelta[float32](t)
		testDelta[float64](t)
	})
}

func testDelta[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for _, steps := range []int{1, 2, 7, 67} {
		for _, n := range []int{1, 2, 3} {
			for _, size := range [][2]int{{1, 1}, {3, 5}, {8, 8}, {5, 16}, {16, 5}, {32, 32}, {33, 20}, {20, 33}, {7, 71}, {64, 40}} {
				c := newDeltaCase(r, size[0], size[1], steps, n)
				t.Run(fmt.Sprintf("%T %d steps by %d of %v", F(0), steps, n, size), func(t *testing.T) { compareDelta[F](t, c) })
			}
		}
	}
	// several pieces for the assembly
	c := newDeltaCase(r, 64, 32, 3*(1+1<<16/(64*32))+1, 2)
	t.Run(fmt.Sprintf("%T pieces", F(0)), func(t *testing.T) { compareDelta[F](t, c) })
}

func compareDelta[F Float](t *testing.T, c *deltaCase) {
	o, last, first, dk, dq, want := c.truth()
	rows, columns := c.rows, c.columns
	steps := make([]DeltaStep[F], len(c.steps))
	for i, s := range c.steps {
		steps[i] = DeltaStep[F]{Decay: F(s.Decay), Beta: F(s.Beta), Score: F(s.Score), Read: s.Read}
	}
	nan := func(n int) []float64 { return slices.Repeat([]float64{math.NaN()}, n) }
	d := DeltaRun[F]{Rows: rows, Columns: columns, Steps: steps, State: strided[F](c.state, columns, 3), Scale: deltaTestScale,
		K: strided[F](c.k, rows, 1), V: strided[F](c.v, columns, 2), Q: strided[F](c.q, rows, 5), O: strided[F](nan(len(o)), columns, 1), R: strided[F](nan(len(c.r)), columns, 4)}
	DeltaForward(&d)
	off := 10 * tolerance[F]() * math.Sqrt(float64(len(steps)))
	within(t, "o", packed(t, d.O, columns), o, off)
	within(t, "r", packed(t, d.R, columns), c.r, off)
	within(t, "last state", packed(t, d.State, columns), last, off)

	d.State, d.DO, d.DV, d.DK = strided[F](c.adjoint, columns, 3), strided[F](c.do, columns, 1), strided[F](nan(len(c.dv)), columns, 3), strided[F](c.dk, rows, 2)
	DeltaReverse(&d)
	within(t, "dv", packed(t, d.DV, columns), c.dv, off)
	within(t, "first adjoint", packed(t, d.State, columns), first, off)

	d.State, d.DQ = strided[F](transposed(c.state, rows, columns), rows, 1), strided[F](c.dq, rows, 2)
	d.Rows, d.Columns = columns, rows
	DeltaReplay(&d)
	within(t, "dk", packed(t, d.DK, rows), dk, off)
	within(t, "dq", packed(t, d.DQ, rows), dq, off)
	within(t, "replayed state", packed(t, d.State, rows), transposed(last, rows, columns), off)
	for name, of := range map[string]func(s []DeltaStep[float64]) []float64{
		"dbeta": func(s []DeltaStep[float64]) []float64 {
			return each(s, func(s DeltaStep[float64]) float64 { return s.DBeta })
		},
		"own": func(s []DeltaStep[float64]) []float64 {
			return each(s, func(s DeltaStep[float64]) float64 { return s.Own })
		},
		"later": func(s []DeltaStep[float64]) []float64 {
			return each(s, func(s DeltaStep[float64]) float64 { return s.Later })
		},
		"before": func(s []DeltaStep[float64]) []float64 {
			return each(s, func(s DeltaStep[float64]) float64 { return s.Before })
		},
	} {
		got := make([]DeltaStep[float64], len(steps))
		for i, s := range steps {
			got[i] = DeltaStep[float64]{DBeta: float64(s.DBeta), Own: float64(s.Own), Later: float64(s.Later), Before: float64(s.Before)}
		}
		within(t, name, of(got), of(want), off*max(1, tolerance[F]()/tolerance[float64]()))
	}
}

func each[S any](s []S, f func(s S) float64) (x []float64) {
	for _, v := range s {
		x = append(x, f(v))
	}
	return x
}

// TestDeltaPanics: operands that lack a row, or a part of it.
func TestDeltaPanics(t *testing.T) {
	const rows, columns, steps = 3, 5, 4
	for name, spoil := range map[string]func(d *DeltaRun[float32]){
		"State": func(d *DeltaRun[float32]) { d.State.Data = d.State.Data[1:] }, "K": func(d *DeltaRun[float32]) { d.K.Data = d.K.Data[1:] },
		"V": func(d *DeltaRun[float32]) { d.V.Data = d.V.Data[1:] }, "Q": func(d *DeltaRun[float32]) { d.Q.Data = d.Q.Data[1:] },
		"O": func(d *DeltaRun[float32]) { d.O.Data = d.O.Data[1:] }, "R": func(d *DeltaRun[float32]) { d.R.Data = d.R.Data[1:] },
		"DK": func(d *DeltaRun[float32]) { d.DK.Data = d.DK.Data[1:] }, "DV": func(d *DeltaRun[float32]) { d.DV.Data = d.DV.Data[1:] },
		"DQ": func(d *DeltaRun[float32]) { d.DQ.Data = d.DQ.Data[1:] }, "DO": func(d *DeltaRun[float32]) { d.DO.Data = d.DO.Data[1:] },
		"stride": func(d *DeltaRun[float32]) { d.K.Stride = -1 }, "no row": func(d *DeltaRun[float32]) { d.Rows = 0 }, "no column": func(d *DeltaRun[float32]) { d.Columns = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if message, _ := recover().(string); !strings.HasPrefix(message, "simd: Delta") {
					t.Errorf("panic %q, want one that names the function", message)
				}
			}()
			of := func(rows, n int) Strided[float32] { return Strided[float32]{make([]float32, rows*n), n} }
			d := DeltaRun[float32]{Rows: rows, Columns: columns, Steps: make([]DeltaStep[float32], steps), State: of(rows, columns), K: of(steps, rows), V: of(steps, columns),
				Q: of(1, rows), O: of(1, columns), R: of(steps, columns), DK: of(steps, rows), DV: of(steps, columns), DQ: of(1, rows), DO: of(1, columns)}
			d.Steps[2].Read = true
			spoil(&d)
			DeltaForward(&d)
			DeltaReverse(&d)
			d.Rows, d.Columns, d.State = columns, rows, of(columns, rows)
			DeltaReplay(&d)
		})
	}
}

// TestDeltaLayout: the assembly knows where the fields are.
func TestDeltaLayout(t *testing.T) {
	var d DeltaRun[float32]
	var s DeltaStep[float32]
	got := []uintptr{unsafe.Offsetof(d.Rows), unsafe.Offsetof(d.Columns), unsafe.Offsetof(d.Steps), unsafe.Offsetof(d.State), unsafe.Offsetof(d.K), unsafe.Offsetof(d.V),
		unsafe.Offsetof(d.Q), unsafe.Offsetof(d.O), unsafe.Offsetof(d.R), unsafe.Offsetof(d.DK), unsafe.Offsetof(d.DV), unsafe.Offsetof(d.DQ), unsafe.Offsetof(d.DO),
		unsafe.Offsetof(d.Scale), unsafe.Offsetof(d.K.Stride), unsafe.Offsetof(s.Decay), unsafe.Offsetof(s.Beta), unsafe.Offsetof(s.Score), unsafe.Offsetof(s.DBeta),
		unsafe.Offsetof(s.Own), unsafe.Offsetof(s.Later), unsafe.Offsetof(s.Before), unsafe.Offsetof(s.Read), unsafe.Sizeof(s)}
	want := []uintptr{0, 8, 16, 40, 72, 104, 136, 168, 200, 232, 264, 296, 328, 360, 24, 0, 4, 8, 12, 16, 20, 24, 28, 32}
	if size := unsafe.Sizeof(d.Rows); size == 8 && !slices.Equal(got, want) {
		t.Errorf("offsets %v, the assembly assumes %v", got, want)
	}
}
