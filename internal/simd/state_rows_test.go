package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/simd/simdtest"
)

// The truth is the definition, computed row by row with ScaleAddMaxAbs and Scale.
func TestStateAndAdjointRows(t *testing.T) {
	simdtest.OnEachPath(t, func(t *testing.T) {
		testStateAndAdjointRows[float32](t)
		testStateAndAdjointRows[float64](t)
	})
}

func testStateAndAdjointRows[F Float](t *testing.T) {
	scale := F(7.25)
	r := rand.New(rand.NewPCG(21, 22))
	for _, rows := range []int{1, 3, 8} {
		for _, width := range []int{1, 2, 7, 8, 9, 15, 16, 24, 33, 64, 130} {
			name, n := fmt.Sprintf("%T %d x %d", scale, rows, width), rows*width
			x, y, z, state := simdtest.Normals[F](r, n), simdtest.Normals[F](r, n), make([]F, n), make([]F, n)
			top, before := make([]F, rows), simdtest.Normals[F](r, rows)
			for i := range before {
				before[i] = F(math.Abs(float64(before[i])))
			}
			copy(y[:width], x[:width]) // the first row cancels
			for i := range width {
				y[i] = -x[i]
			}
			if rows > 2 {
				x[n-1] = F(math.NaN())
			}
			wantState, wantZ, sum := make([]F, width), make([]F, width), make([]F, n)
			StateRows(z, state, top, x, y, scale)
			for row := range rows {
				lo, hi := row*width, (row+1)*width
				m := ScaleAddMaxAbs(wantState, 1, x[lo:hi], 1, y[lo:hi])
				if m == 0 {
					clear(wantZ)
				} else {
					Scale(wantZ, scale/m, wantState)
				}
				alike(t, name+" top", top[row:row+1], []F{m})
				alike(t, name+" state", state[lo:hi], wantState)
				alike(t, name+" z", z[lo:hi], wantZ)
			}
			copy(sum, x)
			StateRows(z, sum, top, sum, y, scale) // in place
			alike(t, name+" state in place", sum, state)

			adjoint, du, kept, now := make([]F, n), make([]F, n), make([]F, n), append([]F(nil), top...)
			AdjointRows(adjoint, du, kept, top, x, y, now, before, scale)
			for row := range rows {
				lo, hi := row*width, (row+1)*width
				var c F
				if now[row] != 0 {
					c = scale / now[row]
				}
				m := ScaleAddMaxAbs(wantState, 1, x[lo:hi], c, y[lo:hi])
				Scale(wantZ, before[row]/scale, wantState)
				alike(t, name+" top of the adjoint", top[row:row+1], []F{m})
				alike(t, name+" adjoint", adjoint[lo:hi], wantState)
				alike(t, name+" du", du[lo:hi], wantState)
				alike(t, name+" kept", kept[lo:hi], wantZ)
			}
		}
	}
	StateRows[F](nil, nil, nil, nil, nil, 1)
	AdjointRows[F](nil, nil, nil, nil, nil, nil, nil, nil, 1)
}
