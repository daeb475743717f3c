package simd

import "math"

func softmaxRowPortable[F Float](x []F, floor F) (largest, sum F) {
	for _, v := range x {
		if v > floor {
			floor = v
		}
	}
	return floor, expSumPortable(x, x, floor)
}

func attentionSlopesPortable[F Float](p, ds []F, c, d F) {
	for i, v := range p {
		p[i] = F(math.Exp(float64(v - c)))
		ds[i] = p[i] * (ds[i] - d)
	}
}

// transposePortable writes up to eight numbers of a row of dst at a time.
func transposePortable[F Float](dst []F, strideDst int, src []F, strideSrc, rows, columns int) {
	for from := 0; from < rows; from += 8 {
		to := min(rows, from+8)
		for j := range columns {
			row := dst[j*strideDst:]
			for i := from; i < to; i++ {
				row[i] = src[i*strideSrc+j]
			}
		}
	}
}
