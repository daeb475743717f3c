package simd

import "goomtrain/internal/simd/floats"

// RMSNormRows scales each row of x [R, D] by rstd = 1/sqrt(scale * sum of its squares + eps), and multiplies it by weight
// [D], or by nothing if weight is nil:
//
//	dst = x * rstd * weight
//
// With scale = 1/D this is the RMS norm (arXiv 1910.07467), with scale = 1 and no weight the division by the Euclidean
// norm. rstd is [R]. dst may be x.
func RMSNormRows[F Float](dst, x, weight, rstd []F, scale, eps F) {
	d := checkRMSNorm("RMSNormRows", dst, x, weight, rstd)
	if d == 0 {
		return
	}
	if floats.Single[F]() {
		rmsNorm32(floats.As32(dst), floats.As32(x), floats.As32(weight), floats.As32(rstd), d, float32(scale), float32(eps))
		return
	}
	rmsNormPortable(dst, x, weight, rstd, d, scale, eps)
}

// RMSNormBackwardRows is the gradient of RMSNormRows: with u = x*rstd and g = dy*weight,
//
//	dx = rstd * (g - u * scale * sum(g*u)),  dweight += dy*u.
//
// dx is overwritten and may be dy; dweight [D] is added to, and is nil if weight is.
func RMSNormBackwardRows[F Float](dx, dy, x, weight, rstd []F, scale F, dweight []F) {
	d := checkRMSNorm("RMSNormBackwardRows", dx, x, weight, rstd)
	checkMap("RMSNormBackwardRows", dx, dy)
	checkMap("RMSNormBackwardRows", dweight, weight)
	if d == 0 {
		return
	}
	if floats.Single[F]() {
		rmsNormBackward32(floats.As32(dx), floats.As32(dy), floats.As32(x), floats.As32(weight), floats.As32(rstd), d, float32(scale), floats.As32(dweight))
		return
	}
	rmsNormBackwardPortable(dx, dy, x, weight, rstd, d, scale, dweight)
}

// checkRMSNorm returns the width of the rows.
func checkRMSNorm[F Float](name string, dst, x, weight, rstd []F) int {
	d := rowWidth(name, rstd, x)
	checkMap(name, dst, x)
	if weight != nil && len(weight) != d {
		panicLengths(name, d, len(weight))
	}
	if floats.Share(dst, weight) || floats.Share(dst, rstd) {
		panicOverlap(name)
	}
	return d
}
