package recurrence

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestParts: a sequence in parts, each with a kernel of its own that knows of the others only what they leave, has the
// outputs and gradients of 200 bits.
func TestParts(t *testing.T) {
	kerneltest.Both(t, testParts[float32], testParts[float64])
}

func testParts[F simd.Float](t *testing.T) {
	for _, c := range append(cases, partCases...) {
		if c.resets {
			continue
		}
		r, dz := c.naive(), c.dz()
		want := [4][]float64{r.Forward()}
		want[1], want[2], want[3] = r.Backward(dz)
		for _, parts := range []int{1, 2, 3, 4, 10} {
			if c.t%parts != 0 {
				continue
			}
			t.Run(fmt.Sprint(c.name, ", parts=", parts), func(t *testing.T) {
				got := inParts[F](c, r, dz, parts)
				kerneltest.Near(t, "z", got[0], want[0], kerneltest.Tolerance[F](1e-3, 1e-11))
				for i, name := range []string{"du", "dA", "dx0"} {
					nearSaturated(t, name, got[i+1], want[i+1], kerneltest.Tolerance[F](2e-3, 1e-10))
				}
			})
		}
	}
}

// partCases leave the float range within a part, and need more than one sum of pairs.
var partCases = []problem{
	{name: "long", b: 1, t: 2400, n: 1, d: 2, scaleA: 0.7, scaleU: 1},
	{name: "long, grows", b: 1, t: 600, n: 2, d: 3, scaleA: 4, scaleU: 1},
	{name: "long, shrinks", b: 1, t: 600, n: 2, d: 3, scaleA: 0.1, scaleU: 0},
	{name: "long, diagonal", b: 1, t: 600, n: 2, d: 3, scaleA: 1, scaleU: 0, diagonal: true},
	{name: "long, isolated", b: 1, t: 600, n: 2, d: 3, isolated: true},
	{name: "long, one loss", b: 1, t: 600, n: 2, d: 3, scaleA: 3, scaleU: 1, zeroDz: 600},
	{name: "some huge", b: 2, t: 40, n: 2, d: 3, scaleA: 1, scaleU: 1, huge: 17},
}

// inParts returns z, du, dA and dx0 of a sequence in parts. Sums over parts are taken in their order.
func inParts[F simd.Float](c problem, r Naive, dz []float64, parts int) (got [4][]F) {
	n, row := c.t/parts, c.n*c.d
	a, x0 := kerneltest.Narrow[F](r.A), kerneltest.Narrow[F](r.X0)
	for i, size := range []int{len(dz), len(dz), c.d * c.d, row} {
		got[i] = make([]F, size)
	}
	cut := func(x []float64, p int) []F {
		return kerneltest.Narrow[F](kerneltest.Positions(x, c.b, row, p*n, (p+1)*n))
	}
	join := func(to, from []F, p int) {
		for b := range c.b {
			copy(to[(b*c.t+p*n)*row:], from[b*n*row:(b+1)*n*row])
		}
	}
	kernels, left, z := make([]*Kernel[F], parts), NewCarry[F](parts*c.b, c.n, c.d), make([][]F, parts)
	leave := func(p int, f func(mine *Carry[F])) {
		mine := NewCarry[F](c.b, c.n, c.d)
		f(mine)
		copy(left.mantissa[p*c.b*row:], mine.mantissa)
		copy(left.exponent[p*c.b*c.n:], mine.exponent)
	}
	for p := range parts {
		kernels[p] = New[F](c.b, n, c.n, c.d)
		leave(p, func(mine *Carry[F]) { kernels[p].Leave(mine, cut(r.U, p), a) })
	}
	for p, k := range kernels {
		state := NewCarry[F](c.b, c.n, c.d)
		k.Begin(state, x0)
		for q := range p {
			k.Pass(state, left, q, false)
		}
		if p == 0 {
			state = nil
		}
		z[p] = kerneltest.Poisoned[F](c.b * n * row)
		k.Forward(z[p], cut(r.U, p), a, x0, nil, state)
		join(got[0], z[p], p)
	}
	for p, k := range kernels {
		leave(p, func(mine *Carry[F]) { k.LeaveBack(mine, cut(dz, p)) })
	}
	for p, k := range kernels {
		last := NewCarry[F](c.b, c.n, c.d)
		for q := parts - 1; q > p; q-- {
			k.Pass(last, left, q, true)
		}
		du, dA, dx0 := kerneltest.Poisoned[F](c.b*n*row), kerneltest.Poisoned[F](c.d*c.d), kerneltest.Poisoned[F](row)
		k.Backward(du, dA, dx0, z[p], cut(dz, p), last)
		join(got[1], du, p)
		simd.Add(got[2], got[2], dA)
		simd.Add(got[3], got[3], dx0)
	}
	return got
}
