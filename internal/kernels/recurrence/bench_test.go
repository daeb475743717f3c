package recurrence_test

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/recurrence"
)

// BenchmarkPeer times what the PyTorch peers time, under the same names, and the other forms at the same sizes.
// Ratios to PyTorch 2.14 (two AVX2 cores, EPYC), forward and backward: reflections 44 and 59 times, table 23, full matrices
// 24, linear 4.2 at D 5 and 2.3 at D 16 (products are 85 %). Full matrices move 25 GB/s, where a copy makes 90: backward
// waits for memory. Of 2.2 ms, forward takes 0.43. Backward takes 1.7 with matrices fetched to the second cache, 2.3 with
// those fetched to the first, 1.7 also if stores pass by the caches.
func BenchmarkPeer(b *testing.B) {
	size := recurrence.Size{Batch: 8, Time: 256, Heads: 8, Rows: 1, Width: 16}
	normal := kerneltest.Normal[float32]
	for _, n := range []int{2, 4} {
		name := fmt.Sprintf("householder_goom/b8_t256_h8_r1_d16_n%d", n)
		o := draw(size)
		heads := size.Batch * size.Time * size.Heads
		keys, beta, gate := normal("k", heads*n*size.Width), normal("beta", heads*n), normal("gate", heads)
		for i := range gate {
			gate[i] = -0.02 * gate[i] * gate[i]
		}
		for i := range beta {
			beta[i] = min(2, max(0, 1+beta[i]))
		}
		dk, dBeta, dGate := make([]float32, len(keys)), make([]float32, len(beta)), make([]float32, len(gate))
		k := recurrence.NewHouseholder[float32](size, n)
		run(b, name, func() { k.Forward(o.z, o.u, keys, beta, gate, o.x0, nil, nil) },
			func() { k.Backward(o.du, dk, dBeta, dGate, o.dx0, keys, beta, o.z, o.dz) })
	}
	matrices := size.Heads * size.Width * size.Width
	o, a := draw(size), normal("a", size.Batch*size.Time*matrices)
	for i := range a {
		a[i] *= 0.25
	}
	da, k := make([]float32, len(a)), recurrence.NewFull[float32](size)
	run(b, "full_goom/b8_t256_h8_r1_d16", func() { k.Forward(o.z, o.u, a, o.x0, nil, nil) },
		func() { k.Backward(o.du, da, o.dx0, a, o.z, o.dz) })

	const symbols = 64
	tokens := make([]int32, size.Batch*size.Time)
	for i := range tokens {
		tokens[i] = int32(i * i % symbols)
	}
	t, dt := recurrence.NewTable[float32](size, symbols), make([]float32, symbols*matrices)
	run(b, "table_goom/b8_t256_h8_r1_d16_s64", func() { t.Forward(o.z, o.u, tokens, a[:len(dt)], o.x0, nil, nil) },
		func() { t.Backward(o.du, dt, o.dx0, tokens, a[:len(dt)], o.z, o.dz) })

	for _, d := range []int{5, 16} {
		size := size
		size.Width = d
		const inner = 128
		o, h, w := draw(size), normal("h", size.Batch*size.Time*inner), normal("w", inner*size.Heads*d*d)
		for i := range w {
			w[i] *= 0.02
		}
		dh, dw := make([]float32, len(h)), make([]float32, len(w))
		k := recurrence.NewLinear[float32](size, inner)
		run(b, fmt.Sprintf("linear_goom/b8_t256_e128_h8_r1_d%d", d), func() { k.Forward(o.z, o.u, h, w, o.x0, nil, nil) },
			func() { k.Backward(o.du, dh, dw, o.dx0, h, w, o.z, o.dz) })
	}
}

// operands are those that all forms have.
type operands struct{ z, u, x0, du, dx0, dz []float32 }

func draw(s recurrence.Size) operands {
	state := s.Heads * s.Rows * s.Width
	n := s.Batch * s.Time * state
	return operands{z: make([]float32, n), du: make([]float32, n), dx0: make([]float32, state),
		u: kerneltest.Normal[float32]("u", n), dz: kerneltest.Normal[float32]("dz", n), x0: kerneltest.Normal[float32]("x0", state)}
}

// run times a pass forward, and one forward and back.
func run(b *testing.B, name string, forward, backward func()) {
	time := func(name string, call func()) {
		b.Run(name, func(b *testing.B) {
			call()
			for b.Loop() {
				call()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
		})
	}
	time(name+"/forward", forward)
	time(name+"/forward_backward", func() {
		forward()
		backward()
	})
}
