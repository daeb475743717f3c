package taylor

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// seriesOf returns 1/p! for p < terms.
func seriesOf[F simd.Float](terms int) []F {
	c, a := make([]F, terms), 1.0
	for p := range c {
		c[p] = F(a)
		a /= float64(p + 1)
	}
	return c
}

// scaleOf returns K^(-1/4).
func scaleOf[F simd.Float](width int) F { return F(math.Pow(float64(width), -0.25)) }

// epsilon returns the distance from 1 to the next number of F.
func epsilon[F simd.Float]() F {
	if floats.Single[F]() {
		return 0x1p-23
	}
	return 0x1p-52
}
