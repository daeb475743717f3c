package matmul

import "math"

// tilesPortable computes the product in bfloat16.
func tilesPortable(p *product[float32]) {
	a, b := operands(p)
	depth := roundUp(p.k, tileInner)
	s := takeScratch[float32]()
	s.a, s.b = grow(s.a, a.lanes*depth), grow(s.b, b.lanes*depth)
	roundLanes(s.a, depth, &a, p.k)
	roundLanes(s.b, depth, &b, p.k)
	for i := range p.m {
		c := p.c[i*p.rsc:][:p.n]
		for j := range c {
			x := p.alpha * tileSum(s.a[i*depth:][:depth], s.b[j*depth:][:depth])
			if p.d != nil {
				y := p.beta * p.d[i*p.rsd+j]
				x = float32(x) + float32(y) // the conversions forbid a fused multiply-add
			}
			c[j] = x
		}
	}
	if p.bias != nil {
		p.addBiasRows()
	}
	s.release()
}

// roundLanes rounds the k elements of every lane, and puts zeros behind them up to depth.
func roundLanes(dst []float32, depth int, o *operand, k int) {
	for i := range o.lanes {
		row := dst[i*depth:][:depth]
		for p := range k {
			row[p] = roundBF16(o.x[i*o.lane+p*o.inner])
		}
		clear(row[k:])
	}
}

// roundBF16 rounds x to bfloat16, to nearest even, and subnormal numbers to zero.
func roundBF16(x float32) float32 {
	bits := math.Float32bits(x)
	switch exponent := bits >> 23 & 0xff; {
	case exponent == 0:
		bits &= 1 << 31
	case x != x:
		bits |= 1 << 22 // a quiet NaN, whose upper half is not that of an infinity
	default:
		bits += 0x7fff + bits>>16&1
	}
	return math.Float32frombits(bits &^ 0xffff)
}

// tileSum is the sum of the products of two lanes, whose length is a multiple of that of a tile.
func tileSum(x, y []float32) float32 {
	var sum float32
	for ; len(x) > 0; x, y = x[tileInner:], y[tileInner:] {
		var even, odd float32
		for p := 0; p < tileInner; p += 2 {
			even = addProduct(even, x[p], y[p])
			odd = addProduct(odd, x[p+1], y[p+1])
		}
		sum = addProduct(sum, addProduct(odd, even, 1), 1)
	}
	return sum
}

// addProduct is sum + x*y, rounded once; a subnormal result becomes zero. x and y must be of 8 bits, or y a power of two:
// the product is then exact in float64, and the rounding of the sum to float64 does not show in that to float32, because
// float64 has more than twice the bits of each term.
func addProduct(sum, x, y float32) float32 {
	const (
		normal = 0x1p-126
		limit  = normal - normal/(1<<25) // from here on, numbers round to normal
	)
	v := float64(x)*float64(y) + float64(sum)
	if -limit < v && v < limit {
		return float32(math.Copysign(0, v))
	}
	return float32(v)
}
