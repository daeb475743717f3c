package simd

func relativeLogsPortable[F Float](dst []F, logs []float64, m, mu []F) {
	for j, m := range m {
		row := dst[j*len(mu):][:len(mu)]
		for i, l := range logs[j*len(mu):][:len(mu)] {
			row[i] = F(l - float64(m) - float64(mu[i]))
		}
	}
}

func maxRelativeLogsPortable[F Float](mu []F, logs []float64, m []F) {
	for j, m := range m {
		for i, l := range logs[j*len(mu):][:len(mu)] {
			if x := F(l - float64(m)); x > mu[i] {
				mu[i] = x
			}
		}
	}
}

func addLogsPortable[F Float](dst, x []float64, y []F) {
	for i, y := range y {
		dst[i] = x[i] + float64(y)
	}
}

func growthRatiosPortable[F Float](dst, x, p []F, least F) bool {
	all := true
	for i, p := range p {
		r := x[i] / p
		if !(max(p, -p) >= least && r >= -0.5) {
			r, all = 0, false
		}
		dst[i] = r
	}
	return all
}
