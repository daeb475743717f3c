package simd

func multiplyRunsPortable[F Float](work []F, runs []Run) {
	for _, r := range runs {
		x, src := work[r.X], work[r.From:r.From+r.N]
		dst := work[r.To : r.To+r.N][:len(src)]
		for j, v := range src {
			dst[j] = v * x
		}
	}
}

func weighRunsPortable[F Float](dst, work, weight []F, runs []Run) {
	for _, r := range runs {
		x, src := work[r.X], work[r.From:r.From+r.N]
		out, by := dst[r.To : r.To+r.N][:len(src)], weight[r.To : r.To+r.N][:len(src)]
		for j, v := range src {
			out[j] = v * x * by[j]
		}
	}
}
