package lstm

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// Between makes every later Backward begin with the gradient last of the last state, without what dy has, and write to first
// that of the state that the sequences continued from, unless they are nil.
func (k *Kernel[F]) Between(last, first *Carry[F]) { k.last, k.first = last, first }

// Backward writes du, dw and dbias, given dy, the gradient of h; w is that of the last Forward. The carry is detached.
func (k *Kernel[F]) Backward(du, dw, dbias, w, dy []F) {
	k.du, k.dbias, k.w, k.dy = du, dbias, w, dy
	simd.For(len(k.scratch), k.reverse)
	rows, n := k.batch*k.time, k.width
	matmul.Gemm(true, false, 4*n, n, rows, 1, du, 4*n, k.before, n, 0, dw, n)
	simd.For(4, k.sum)
}

// sumGate writes dbias of one gate.
func (k *Kernel[F]) sumGate(gate int) {
	n := k.width
	sum := k.dbias[gate*n : (gate+1)*n]
	clear(sum)
	simd.SumRows(sum, k.du[gate*n:], k.batch*k.time, 4*n)
}

// reverseGroup takes the adjoints of one group back through time.
func (k *Kernel[F]) reverseGroup(i int) {
	s, n := &k.scratch[i], k.width
	b0, b1 := i*k.group, min((i+1)*k.group, k.batch)
	clear(s.dh)
	clear(s.dc)
	if k.last != nil {
		copy(s.dh, k.last.h[b0*n:b1*n])
		copy(s.dc, k.last.c[b0*n:b1*n])
	}
	for t := k.time - 1; t >= 0; t-- {
		for b := b0; b < b1; b++ {
			k.adjoints(s, b, b-b0, t)
		}
		matmul.Serial(false, false, b1-b0, n, 4*n, 1, k.du[(b0*k.time+t)*4*n:], k.time*4*n, k.w, n, 0, s.dh, n)
		for b := b0; b < b1; b++ {
			if k.begins(b, t) {
				clear(s.dh[(b-b0)*n:][:n])
				clear(s.dc[(b-b0)*n:][:n])
			}
		}
	}
	if k.first != nil {
		copy(k.first.h[b0*n:b1*n], s.dh)
		copy(k.first.c[b0*n:b1*n], s.dc)
	}
}

// adjoints writes du of step t of a sequence, the i-th of its group, and what dc passes to the step before.
func (k *Kernel[F]) adjoints(s *scratch[F], b, i, t int) {
	n := k.width
	gates, du := k.gate(k.gates, b, t), k.gate(k.du, b, t)
	in, forget, new, out := gates[:n], gates[n:2*n], gates[2*n:3*n], gates[3*n:]
	dIn, dForget, dNew, dOut := du[:n], du[n:2*n], du[2*n:3*n], du[3*n:]
	squashed, before, dy := k.row(k.squashed, b, t), k.cellBefore(b, t), k.row(k.dy, b, t)
	dh, dc := s.dh[i*n:][:n], s.dc[i*n:][:n]
	for j := range n {
		l, f, o, th := dy[j]+dh[j], forget[j], out[j], squashed[j]
		d := dc[j] + l*o*(1-th*th)
		x, g := in[j], new[j]
		dIn[j] = d * g * x * (1 - x)
		dForget[j] = d * before[j] * f * (1 - f)
		dNew[j] = d * x * (1 - g*g)
		dOut[j] = l * th * o * (1 - o)
		dc[j] = d * f
	}
}
