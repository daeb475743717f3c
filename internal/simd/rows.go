package simd

import (
	"fmt"
	"math"
)

// LayerNorm normalises one row x [D] (Ba et al., arXiv:1607.06450): dst = (x - mean) * rstd * weight + bias
// with rstd = 1/sqrt(var + eps), and returns the two numbers that the backward pass needs. dst may be x.
func LayerNorm[F Float](dst, x, weight, bias []F, eps F) (mean, rstd F) {
	checkMap("LayerNorm", dst, x)
	checkMap("LayerNorm", dst, weight)
	checkMap("LayerNorm", dst, bias)
	if len(dst) == 0 {
		panicEmpty("LayerNorm")
	}
	if single[F]() {
		m, r := layerNorm32(as32(dst), as32(x), as32(weight), as32(bias), float32(eps))
		return F(m), F(r)
	}
	return layerNormPortable(dst, x, weight, bias, eps)
}

// LayerNormBackward is the gradient of LayerNorm on one row: with n = (x-mean)*rstd and g = dy*weight,
//
//	dx = rstd * (g - avg(g) - n*avg(g*n)),  dweight += dy*n,  dbias += dy.
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
	if single[F]() {
		layerNormBackward32(as32(dx), as32(dy), as32(x), as32(weight), float32(mean), float32(rstd), as32(dweight), as32(dbias))
		return
	}
	layerNormBackwardPortable(dx, dy, x, weight, mean, rstd, dweight, dbias)
}

// GLU gates one row (Dauphin et al., arXiv:1612.08083): x is [2D], dst [D] = x[:D] * sigmoid(x[D:]).
// dst may be x[:D] or x[D:].
func GLU[F Float](dst, x []F) {
	a, b := halves("GLU", len(dst), x)
	checkMap("GLU", dst, a)
	checkMap("GLU", dst, b)
	if single[F]() {
		glu32(as32(dst), as32(a), as32(b))
		return
	}
	gluPortable(dst, a, b)
}

// GLUBackward is the gradient of GLU on one row: dy is [D], x and dx are [2D]; dx is overwritten and may
// be x.
func GLUBackward[F Float](dx, dy, x []F) {
	a, b := halves("GLUBackward", len(dy), x)
	checkMap("GLUBackward", dx, x)
	da, db := dx[:len(dy)], dx[len(dy):]
	if shared(dx, dy) {
		panicOverlap("GLUBackward")
	}
	if single[F]() {
		gluBackward32(as32(da), as32(db), as32(dy), as32(a), as32(b))
		return
	}
	gluBackwardPortable(da, db, dy, a, b)
}

// halves cuts x [2d] in two.
func halves[F Float](name string, d int, x []F) (a, b []F) {
	if len(x) != 2*d {
		panic(fmt.Sprintf("simd: %s: x has %d elements, not twice the %d of the output", name, len(x), d))
	}
	return x[:d], x[d:]
}

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
	var g, gn F // averages of dy*weight and of dy*weight*n
	for i, d := range dy {
		n := (x[i] - mean) * rstd
		g += d * weight[i]
		gn += d * weight[i] * n
		dweight[i] += d * n
		dbias[i] += d
	}
	g, gn = g/F(len(dx)), gn/F(len(dx))
	for i, d := range dy {
		n := (x[i] - mean) * rstd
		dx[i] = rstd * (d*weight[i] - g - n*gn)
	}
}

func gluPortable[F Float](dst, a, b []F) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * F(sigmoid(float64(b[i])))
	}
}

func gluBackwardPortable[F Float](da, db, dy, a, b []F) {
	da, db, a, b = da[:len(dy)], db[:len(dy)], a[:len(dy)], b[:len(dy)]
	for i, d := range dy {
		s, u := F(sigmoid(float64(b[i]))), a[i]
		da[i] = d * s
		db[i] = d * u * (s - s*s)
	}
}
