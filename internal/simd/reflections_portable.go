package simd

func reflectHeadsPortable[F Float](dst, norms, x, k, beta, gate []F, s reflections) {
	d := s.width
	for i := range norms {
		norms[i] = dotPortable(k[i*d:(i+1)*d], k[i*d:(i+1)*d])
	}
	for n := range s.heads * s.rows {
		h, row := n/s.rows, dst[n*d:(n+1)*d]
		scalePortable(row, gate[h], x[n*d:(n+1)*d])
		for j := h * s.count; j < (h+1)*s.count; j++ {
			key := k[j*d : (j+1)*d]
			addScaledPortable(row, -quotientOrZero(beta[j], norms[j])*dotPortable(row, key), key)
		}
	}
}

func reflectHeadsBackwardPortable[F Float](g ReflectionGrads[F], x, weight, k, beta, norms, gate, dout, work []F, s reflections) {
	d := s.width
	clear(g.K)
	clear(g.Beta)
	clear(g.LogGate)
	before, products := work[:s.count*d], work[s.count*d:]
	for n := range s.heads * s.rows {
		h, row := n/s.rows, g.X[n*d:(n+1)*d]
		first := h * s.count
		// again the rows before each reflection
		scalePortable(row, gate[h]*weight[n], x[n*d:(n+1)*d])
		for j := range s.count {
			key := k[(first+j)*d : (first+j+1)*d]
			copy(before[j*d:], row)
			products[j] = dotPortable(row, key)
			addScaledPortable(row, -quotientOrZero(beta[first+j], norms[first+j])*products[j], key)
		}
		copy(row, dout[n*d:(n+1)*d])
		for j := s.count - 1; j >= 0; j-- {
			key, dkey, y := k[(first+j)*d:(first+j+1)*d], g.K[(first+j)*d:(first+j+1)*d], before[j*d:(j+1)*d]
			// p and q divided by k . k, which may be large: the product of both with k has a float
			p, q := quotientOrZero(products[j], norms[first+j]), dotPortable(row, key)
			g.Beta[first+j] -= p * q
			q = quotientOrZero(q, norms[first+j])
			addScaledPortable(dkey, -beta[first+j]*p, row)
			addScaledPortable(dkey, -beta[first+j]*q, y)
			addScaledPortable(dkey, 2*beta[first+j]*p*q, key)
			addScaledPortable(row, -beta[first+j]*q, key)
		}
		g.LogGate[h] += dotPortable(before[:d], row)
		scalePortable(row, gate[h], row)
		g.Top[n] = maxAbsPortable(row)
	}
}
