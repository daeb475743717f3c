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

// LayerNormRows is LayerNorm of rows, one after the other: x and dst are [R, D], mean and rstd [R]. dst may
// be x.
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
	if shared(dst, weight) || shared(dst, bias) {
		panicOverlap("LayerNormRows")
	}
	for r := range mean {
		y, v := dst[r*d:][:d], x[r*d:][:d]
		if single[F]() {
			m, s := layerNorm32(as32(y), as32(v), as32(weight), as32(bias), float32(eps))
			mean[r], rstd[r] = F(m), F(s)
		} else {
			mean[r], rstd[r] = layerNormPortable(y, v, weight, bias, eps)
		}
	}
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
	d := len(dst)
	checkHalves("GLU", d, d, x)
	if d == 0 {
		return
	}
	checkMap("GLU", dst, x[:d])
	checkMap("GLU", dst, x[d:])
	gluRows(dst, x, d)
}

// GLURows is GLU of rows, one after the other: x is [R, 2D], dst [R, D]. dst must not overlap x.
func GLURows[F Float](dst, x []F, d int) {
	checkHalves("GLURows", len(dst), d, x)
	if len(dst) == 0 {
		return
	}
	if shared(dst, x) {
		panicOverlap("GLURows")
	}
	gluRows(dst, x, d)
}

func gluRows[F Float](dst, x []F, d int) {
	if single[F]() {
		gluRows32(as32(dst), as32(x), d)
		return
	}
	gluRowsPortable(dst, x, d)
}

// GLUBackward is the gradient of GLU on one row: dy is [D], x and dx are [2D]; dx is overwritten and may
// be x.
func GLUBackward[F Float](dx, dy, x []F) { gluBackwardRows("GLUBackward", dx, dy, x, len(dy)) }

// GLUBackwardRows is GLUBackward of rows, one after the other: dy is [R, D], x and dx are [R, 2D]; dx may be
// x.
func GLUBackwardRows[F Float](dx, dy, x []F, d int) {
	gluBackwardRows("GLUBackwardRows", dx, dy, x, d)
}

func gluBackwardRows[F Float](name string, dx, dy, x []F, d int) {
	checkHalves(name, len(dy), d, x)
	if len(dy) == 0 {
		return
	}
	checkMap(name, dx, x)
	if shared(dx, dy) {
		panicOverlap(name)
	}
	if single[F]() {
		gluBackwardRows32(as32(dx), as32(dy), as32(x), d)
		return
	}
	gluBackwardRowsPortable(dx, dy, x, d)
}

// checkHalves panics unless n numbers are whole rows of d and x is twice as long.
func checkHalves[F Float](name string, n, d int, x []F) {
	if len(x) != 2*n {
		panic(fmt.Sprintf("simd: %s: x has %d elements, not twice the %d of the output", name, len(x), n))
	}
	if n > 0 && (d < 1 || n%d != 0) {
		panic(fmt.Sprintf("simd: %s: %d elements are not rows of %d", name, n, d))
	}
}

func gluRowsPortable[F Float](dst, x []F, d int) {
	for ; len(dst) > 0; dst, x = dst[d:], x[2*d:] {
		gluPortable(dst[:d], x[:d], x[d:2*d])
	}
}

func gluBackwardRowsPortable[F Float](dx, dy, x []F, d int) {
	for ; len(dy) > 0; dx, dy, x = dx[2*d:], dy[d:], x[2*d:] {
		gluBackwardPortable(dx[:d], dx[d:2*d], dy[:d], x[:d], x[d:2*d])
	}
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
