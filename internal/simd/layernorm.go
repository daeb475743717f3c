package simd

import "goomtrain/internal/simd/floats"

// LayerNorm normalizes one row x [D] (Ba et al., arXiv:1607.06450): dst = (x - mean) * rstd * weight + bias
// with rstd = 1/sqrt(var + eps), and returns the two numbers that the backward pass needs. dst may be x.
func LayerNorm[F Float](dst, x, weight, bias []F, eps F) (mean, rstd F) {
	checkMap("LayerNorm", dst, x)
	checkMap("LayerNorm", dst, weight)
	checkMap("LayerNorm", dst, bias)
	if len(dst) == 0 {
		panicEmpty("LayerNorm")
	}
	if floats.Single[F]() {
		m, r := layerNorm32(floats.As32(dst), floats.As32(x), floats.As32(weight), floats.As32(bias), float32(eps))
		return F(m), F(r)
	}
	return layerNormPortable(dst, x, weight, bias, eps)
}

// LayerNormRows is LayerNorm of each row: x and dst are [R, D], weight and bias [D], mean and rstd [R]. dst may be x.
func LayerNormRows[F Float](dst, x, weight, bias, mean, rstd []F, eps F) {
	d := rowWidth("LayerNormRows", mean, x)
	checkMap("LayerNormRows", dst, x)
	checkMap("LayerNormRows", mean, rstd)
	checkMap("LayerNormRows", weight, bias)
	if d == 0 {
		return
	}
	if len(weight) != d {
		panicLengths("LayerNormRows", d, len(weight))
	}
	if floats.Share(dst, weight) || floats.Share(dst, bias) {
		panicOverlap("LayerNormRows")
	}
	for r := range mean {
		y, v := dst[r*d:][:d], x[r*d:][:d]
		if floats.Single[F]() {
			m, s := layerNorm32(floats.As32(y), floats.As32(v), floats.As32(weight), floats.As32(bias), float32(eps))
			mean[r], rstd[r] = F(m), F(s)
		} else {
			mean[r], rstd[r] = layerNormPortable(y, v, weight, bias, eps)
		}
	}
}

// LayerNormBackward is the gradient of LayerNorm on one row: with u = (x-mean)*rstd and g = dy*weight,
//
//	dx = rstd * (g - avg(g) - u*avg(g*u)),  dweight += dy*u,  dbias += dy.
//
// dx [D] is overwritten and may be dy; dweight and dbias [D] are added to.
func LayerNormBackward[F Float](dx, dy, x, weight []F, mean, rstd F, dweight, dbias []F) {
	checkMap("LayerNormBackward", dx, dy)
	checkMap("LayerNormBackward", dx, x)
	checkMap("LayerNormBackward", dx, weight)
	checkMap("LayerNormBackward", dx, dweight)
	checkMap("LayerNormBackward", dx, dbias)
	if len(dx) == 0 {
		panicEmpty("LayerNormBackward")
	}
	if floats.Single[F]() {
		layerNormBackward32(floats.As32(dx), floats.As32(dy), floats.As32(x), floats.As32(weight), float32(mean), float32(rstd), floats.As32(dweight), floats.As32(dbias))
		return
	}
	layerNormBackwardPortable(dx, dy, x, weight, mean, rstd, dweight, dbias)
}
