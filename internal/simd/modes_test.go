package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// The truth is the recurrence in complex numbers of float64, and for gradients its central difference.
func TestModes(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		checkModeRows[float32](t)
		checkModeRows[float64](t)
	})
}

// modes64 is ModeRows by its definition, with a complex factor b [modes, 2, ModeLanes] of u.
func modes64(u, state, c, b, d []float64, rows, stride int) (y []float64) {
	const l = ModeLanes
	y = make([]float64, rows*stride)
	s := append([]float64(nil), state...)
	for r := range rows {
		for lane := range l {
			x := u[r*stride+lane]
			y[r*stride+lane] = d[lane] * x
			for n := range len(s) / (2 * l) {
				at, k := 2*n*l+lane, 4*n*l+lane
				next := complex(c[k], c[k+l])*complex(s[at], s[at+l]) + complex(b[at], b[at+l])*complex(x, 0)
				s[at], s[at+l] = real(next), imag(next)
				y[r*stride+lane] += c[k+2*l]*s[at] + c[k+3*l]*s[at+l]
			}
		}
	}
	copy(state, s)
	return y
}

func checkModeRows[F Float](t *testing.T) {
	const l = ModeLanes
	r := rand.New(rand.NewPCG(1, 81))
	for _, size := range [][3]int{{1, 2, l}, {2, 4, l + 3}, {5, 2, 2 * l}, {7, 6, l}} {
		rows, modes, stride := size[0], size[1], size[2]
		u, dy := simdtest.Normals[F](r, rows*stride), simdtest.Normals[F](r, rows*stride)
		state, end := simdtest.Normals[F](r, 2*modes*l), simdtest.Normals[F](r, 2*modes*l)
		c, d := simdtest.Normals[F](r, 4*modes*l), simdtest.Normals[F](r, l)
		for i := range c {
			c[i] /= 2
		}
		b64 := make([]float64, len(state))
		for i := range b64 {
			b64[i] = float64(1 - i/l%2)
		}
		u64, c64, d64, start := simdtest.Widen(u), simdtest.Widen(c), simdtest.Widen(d), simdtest.Widen(state)
		name := fmt.Sprintf("%d rows, %d modes, stride %d: ", rows, modes, stride)

		states := make([]F, (rows+1)*len(state))
		copy(states, state)
		ModeStates(states, u, c, rows, stride)
		y, wantState := make([]F, rows*stride), append([]float64(nil), start...)
		want := modes64(u64, wantState, c64, b64, d64, rows, stride)
		ModeRows(y, u, state, c, d, rows, stride)
		within(t, name+"y", y, want, tolerance[F]())
		within(t, name+"state", state, wantState, tolerance[F]())
		within(t, name+"last of the states", states[rows*len(state):], wantState, tolerance[F]())

		loss := func() (sum float64) {
			s := append([]float64(nil), start...)
			y := modes64(u64, s, c64, b64, d64, rows, stride)
			for i := range y {
				if i%stride < l {
					sum += y[i] * float64(dy[i])
				}
			}
			for i := range s {
				sum += s[i] * float64(end[i])
			}
			return sum
		}
		wantU, wantC, wantStart, wantB := differences(u64, loss), differences(c64, loss), differences(start, loss), differences(b64, loss)
		du, dc := make([]F, rows*stride), simdtest.Normals[F](r, len(c))
		adjoint, wantAdjoint := simdtest.Normals[F](r, len(c)), make([]float64, len(c))
		for i := range state {
			at := i + i/(2*l)*2*l // of the first two of four
			adjoint[at] = end[i]
			wantAdjoint[at], wantAdjoint[at+2*l] = wantStart[i], wantB[i]+float64(adjoint[at+2*l])
		}
		for i := range dc {
			wantC[i] += float64(dc[i])
		}
		ModeRowsBackward(du, dy, u, states, adjoint, dc, c, d, rows, stride)
		difference := max(1e-7, 10*tolerance[F]())
		within(t, name+"du", du, wantU, difference)
		within(t, name+"dc", dc, wantC, difference)
		within(t, name+"adjoint", adjoint, wantAdjoint, difference)
	}
	ModeRows[F](nil, nil, nil, nil, make([]F, l), 0, l)
	ModeStates[F](nil, nil, nil, 0, l)
	ModeRowsBackward[F](nil, nil, nil, nil, nil, nil, nil, make([]F, l), 0, l)
}

// Many rows go to the assembly in pieces.
func TestModesInPieces(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		const l, rows, modes = ModeLanes, 2500, 2
		r := rand.New(rand.NewPCG(1, 82))
		u, dy, c, d := simdtest.Normals[float32](r, rows*l), simdtest.Normals[float32](r, rows*l), simdtest.Normals[float32](r, 4*modes*l), simdtest.Normals[float32](r, l)
		for i := range c {
			c[i] /= 8
		}
		run := func(step int) (y, du, dc []float32) {
			y, du, dc = make([]float32, rows*l), make([]float32, rows*l), make([]float32, len(c))
			states, state, adjoint := make([]float32, (rows+1)*len(c)/2), make([]float32, len(c)/2), make([]float32, len(c))
			for lo := 0; lo < rows; lo += step {
				ModeRows(y[lo*l:], u[lo*l:], state, c, d, step, l)
				ModeStates(states[lo*len(state):(lo+step+1)*len(state)], u[lo*l:], c, step, l)
			}
			for lo := rows - step; lo >= 0; lo -= step {
				ModeRowsBackward(du[lo*l:], dy[lo*l:], u[lo*l:], states[lo*len(state):(lo+step+1)*len(state)], adjoint, dc, c, d, step, l)
			}
			return y, du, dc
		}
		wantY, wantU, wantC := run(100)
		y, du, dc := run(rows)
		alike(t, "y", y, wantY)
		alike(t, "du", du, wantU)
		alike(t, "dc", dc, wantC)
	})
}

func TestModesPanics(t *testing.T) {
	const l = ModeLanes
	x := make([]float32, 100*l)
	testPanics(t, map[string]func(){
		"an odd number of modes": func() { ModeRows(x[:l], x[l:2*l], x[:2*l], x[:4*l], x[:l], 1, l) },
		"u is short":             func() { ModeRows(x[:2*l], x[l:2*l], x[:4*l], x[:8*l], x[:l], 2, l) },
		"another state":          func() { ModeRows(x[:l], x[l:2*l], x[:2*l], x[:8*l], x[:l], 1, l) },
		"too few states":         func() { ModeStates(x[:4*l], x[:l], x[:8*l], 1, l) },
		"a stride below a row":   func() { ModeStates(x[:12*l], x[:2*l], x[:8*l], 2, l-1) },
		"another adjoint":        func() { ModeRowsBackward(x[:l], x[:l], x[:l], x[:8*l], x[:4*l], x[:8*l], x[:8*l], x[:l], 1, l) },
	})
}
