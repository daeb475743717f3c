package simd

import "math"

func rmsNormPortable[F Float](dst, x, weight, rstd []F, d int, scale, eps F) {
	for r := range rstd {
		y, v := dst[r*d:(r+1)*d], x[r*d:(r+1)*d]
		f := 1 / F(math.Sqrt(float64(scale*dotPortable(v, v)+eps)))
		rstd[r] = f
		scalePortable(y, f, v)
		if weight != nil {
			mulPortable(y, y, weight)
		}
	}
}

func rmsNormBackwardPortable[F Float](dx, dy, x, weight, rstd []F, d int, scale F, dweight []F) {
	for r, f := range rstd {
		g, v, to := dy[r*d:(r+1)*d], x[r*d:(r+1)*d], dx[r*d:(r+1)*d]
		var sum F // of g*weight*u
		for i, e := range g {
			u := v[i] * f
			if weight != nil {
				dweight[i] += e * u
				e *= weight[i]
			}
			sum += e * u
		}
		for i, e := range g {
			if weight != nil {
				e *= weight[i]
			}
			to[i] = f * (e - v[i]*f*scale*sum)
		}
	}
}
