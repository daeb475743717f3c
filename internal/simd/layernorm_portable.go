package simd

import "math"

func layerNormPortable[F Float](dst, x, weight, bias []F, eps F) (mean, rstd F) {
	n := F(len(x))
	mean = sumPortable(x) / n
	var v0, v1 F
	for i, u := range x {
		if i&1 == 0 {
			v0 += (u - mean) * (u - mean)
		} else {
			v1 += (u - mean) * (u - mean)
		}
	}
	rstd = 1 / F(math.Sqrt(float64((v0+v1)/n+eps)))
	dst, weight, bias = dst[:len(x)], weight[:len(x)], bias[:len(x)]
	for i, u := range x {
		dst[i] = (u-mean)*rstd*weight[i] + bias[i]
	}
	return mean, rstd
}

func layerNormBackwardPortable[F Float](dx, dy, x, weight []F, mean, rstd F, dweight, dbias []F) {
	dy, x, weight, dweight, dbias = dy[:len(dx)], x[:len(dx)], weight[:len(dx)], dweight[:len(dx)], dbias[:len(dx)]
	var g, gu F // sums of dy*weight and of dy*weight*u, then their averages
	for i, d := range dy {
		u := (x[i] - mean) * rstd
		g += d * weight[i]
		gu += d * weight[i] * u
		dweight[i] += d * u
		dbias[i] += d
	}
	g, gu = g/F(len(dx)), gu/F(len(dx))
	for i, d := range dy {
		u := (x[i] - mean) * rstd
		dx[i] = rstd * (d*weight[i] - g - u*gu)
	}
}
