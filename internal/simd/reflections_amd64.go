//go:build amd64 && !noasm

package simd

import "goomtrain/internal/simd/cpu"

func reflectHeads32(dst, norms, x, k, beta, gate []float32, s reflections) {
	if !cpu.AVX2 {
		reflectHeadsPortable(dst, norms, x, k, beta, gate, s)
		return
	}
	d := s.width
	for keys, left := k, norms; len(left) > 0; {
		n := min(len(left), 1+maxPiece/d)
		rowNormsAVX2(&left[0], &keys[0], d, n)
		keys, left = keys[n*d:], left[n:]
	}
	for h, g := range gate {
		j := h * s.count
		for r := h * s.rows; r < (h+1)*s.rows; r++ {
			reflectRowAVX2(&dst[r*d], &x[r*d], &k[j*d], &beta[j], &norms[j], d, s.count, g)
		}
	}
}

func reflectHeadsBackward32(g ReflectionGrads[float32], x, weight, k, beta, norms, gate, dout, work []float32, s reflections) {
	if !cpu.AVX2 {
		reflectHeadsBackwardPortable(g, x, weight, k, beta, norms, gate, dout, work, s)
		return
	}
	d := s.width
	clear(g.K)
	products := work[s.count*d:][:s.count]
	for h, gamma := range gate {
		j := h * s.count
		dBeta := g.Beta[j : j+s.count]
		clear(dBeta)
		logGate := float32(0)
		for r := h * s.rows; r < (h+1)*s.rows; r++ {
			top, inner := reflectRowBackwardAVX2(&g.X[r*d], &g.K[j*d], &x[r*d], &k[j*d], &beta[j], &norms[j], &dout[r*d], &work[0], &products[0],
				d, s.count, gamma*weight[r], gamma)
			g.Top[r] = top
			logGate += inner
			for i, v := range products {
				dBeta[i] += v
			}
		}
		g.LogGate[h] = logGate
	}
}
