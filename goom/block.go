package goom

import (
	"fmt"
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// Matrices is a list of N matrices [Rows, Cols] in block-scaled form: the i-th is Mant[i] * 2^Exp[i],
// its mantissas flat and row-major. Elements far below a matrix's largest (by 2^-126 in float32, 2^-1022 in float64)
// lose digits and vanish.
type Matrices[F Float] struct {
	N, Rows, Cols int
	Mant          []F // [N, Rows, Cols]
	Exp           []int64
}

// NewMatrices returns n matrices of zeros.
func NewMatrices[F Float](n, rows, cols int) Matrices[F] {
	if n < 0 || rows < 0 || cols < 0 {
		panic(fmt.Sprintf("goom: %d matrices of %d by %d", n, rows, cols))
	}
	return Matrices[F]{N: n, Rows: rows, Cols: cols, Mant: make([]F, n*rows*cols), Exp: make([]int64, n)}
}

// MatricesOf returns real matrices [n, rows, cols] in block-scaled form, exactly.
func MatricesOf[F Float](x []F, n, rows, cols int) Matrices[F] {
	m := NewMatrices[F](n, rows, cols)
	same("MatricesOf", len(m.Mant), len(x))
	copy(m.Mant, x)
	m.Normalise()
	return m
}

// Normalise scales every matrix by the power of two that brings its largest finite magnitude into [1, 2); a matrix
// without one, or of zeros, stays as it is. The numbers do not change.
func (m Matrices[F]) Normalise() {
	for i := range m.N {
		x := m.matrix(i)
		if e, ok := topExponent(x); ok && e != 0 {
			scalePow2(x, x, -e)
			m.Exp[i] = addExp(m.Exp[i], int64(e))
		}
	}
}

// matrix returns the mantissas of the i-th matrix.
func (m Matrices[F]) matrix(i int) []F {
	n := m.Rows * m.Cols
	return m.Mant[i*n:][:n:n]
}

// At returns an element of the i-th matrix.
func (m Matrices[F]) At(i, row, col int) Scaled {
	return Scaled{Mant: float64(m.Mant[(i*m.Rows+row)*m.Cols+col]), Exp: m.Exp[i]}
}

// Tensor converts to logarithms and signs [N, Rows, Cols]. A logarithm is right to its own rounding or, where the number
// is near 1, to that of Exp ln 2; At(i, row, col).Number() is right to its own rounding everywhere.
func (m Matrices[F]) Tensor() Tensor[F] {
	t := Tensor[F]{Shape: []int{m.N, m.Rows, m.Cols}, Log: make([]F, len(m.Mant)), Sign: make([]F, len(m.Mant))}
	n := m.Rows * m.Cols
	simd.ForRange(m.N, max(1, simd.Grain/max(1, n)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			logsOf(t.Log[i*n:][:n], t.Sign[i*n:][:n], m.matrix(i), m.Exp[i], normal[F]())
		}
	})
	return t
}

// Blocks converts a tensor [..., rows, cols] to block-scaled matrices. lost is how many numbers were too small beside the
// largest of their matrix and became zero.
func Blocks[F Float](t Tensor[F]) (m Matrices[F], lost int) {
	t.check()
	batch, rows, cols := matrixShape("Blocks", t.Shape)
	m = NewMatrices[F](batch, rows, cols)
	n := rows * cols
	counts := make([]int, batch)
	simd.ForRange(batch, max(1, simd.Grain/max(1, n)), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			l := t.Log[i*n:][:n]
			x := m.matrix(i)
			var whole bool
			if m.Exp[i], whole = mantissas(x, l, t.Sign[i*n:][:n]); !whole {
				for at, v := range x {
					if v == 0 && !IsZero(l[at]) {
						counts[i]++
					}
				}
			}
		}
	})
	for _, c := range counts {
		lost += c
	}
	return m, lost
}

// mantissas sets x = s e^l 2^-exp with the largest magnitude near 1. whole reports whether every mantissa has all its
// digits.
func mantissas[F Float](x, l, s []F) (exp int64, whole bool) {
	top := maxLog(l)
	if top-top != 0 { // an infinity or NaN: take the largest finite logarithm
		top = F(math.Inf(-1))
		for _, v := range l {
			if v-v == 0 && v > top && !IsZero(v) {
				top = v
			}
		}
		if math.IsInf(float64(top), -1) {
			top = 0
		}
	}
	c := constant(top)
	scaledReals(x, l, s, c)
	exp = int64(math.RoundToEven(math.Max(-1<<62, math.Min(c/ln2, 1<<62))))
	hi, lo := timesLn2(exp)
	if factor := math.Exp((c - hi) - lo); factor != 1 {
		simd.Scale(x, F(factor), x)
	}
	return exp, within(x, normal[F]()) || !beyondNormal(l, c)
}

// beyondNormal reports whether a nonzero number lies so far below the constant that its mantissa is not
// a normal number.
func beyondNormal[F Float](l []F, c float64) bool {
	limit := F(c - 85)
	if !floats.Single[F]() {
		limit = F(c - 707)
	}
	return anyBelow(l, limit)
}

// logsOf sets l, s to the logarithms and signs of x * 2^exp, and reports whether every magnitude of x is at least
// 2^least (and not below the normal numbers), and none a NaN.
func logsOf[F Float](l, s, x []F, exp int64, least int) (ordinary bool) {
	hi, lo := timesLn2(exp)
	c := F(hi)
	// The rounding error of the constant is applied as a factor, so that each logarithm is rounded once. (An error above
	// 40 is within the rounding of the logarithms themselves.)
	if rest := (hi - float64(c)) + lo; rest != 0 && math.Abs(rest) < 40 && len(x) > 0 {
		simd.Scale(l, F(math.Exp(rest)), x)
		x = l
	}
	doubtful := simd.LogAbs(l, s, x, c, F(math.Ldexp(1, least)))
	offFloor(l, c)
	if doubtful == 0 {
		return true
	}
	for i, v := range l {
		switch {
		case math.IsInf(float64(v), -1):
			l[i], s[i] = Floor[F](), 1
		case v != v:
			s[i] = 1
		}
	}
	return false
}

// exponent returns e with 2^e <= x < 2^(e+1) for the number of that magnitude; ok is false for zero,
// infinities and NaN.
func exponent[F Float](m magnitude) (e int, ok bool) {
	if m == 0 || m >= infMagnitude[F]() {
		return 0, false
	}
	if floats.Single[F]() {
		if e = int(m >> 23); e == 0 { // subnormal
			return math.Ilogb(float64(math.Float32frombits(uint32(m)))), true
		}
		return e - 127, true
	}
	if e = int(m >> 52); e == 0 {
		return math.Ilogb(math.Float64frombits(m)), true
	}
	return e - 1023, true
}

// topExponent is the exponent of the largest finite magnitude of x, but not below that of the smallest normal number,
// whose inverse is still a number; ok is false if there is none or it is zero.
func topExponent[F Float](x []F) (e int, ok bool) {
	if len(x) == 0 {
		return 0, false
	}
	m := float64(simd.MaxAbs(x))
	if m-m != 0 {
		m = 0
		for _, v := range x {
			if v-v == 0 {
				m = max(m, math.Abs(float64(v)))
			}
		}
	}
	if m == 0 {
		return 0, false
	}
	_, e = math.Frexp(m)
	return max(e-1, normal[F]()), true
}

// scalePow2 sets dst = x * 2^e. Powers beyond the range of F are applied in steps.
func scalePow2[F Float](dst, x []F, e int) {
	step := 100
	if !floats.Single[F]() {
		step = 1000
	}
	e = min(max(e, -3*step), 3*step)
	for first := true; first || e != 0; first = false {
		part := min(max(e, -step), step)
		simd.Scale(dst, F(math.Ldexp(1, part)), x)
		e -= part
		x = dst
	}
}

// addExp adds exponents; at the ends of int64 it saturates.
func addExp(a, b int64) int64 {
	c := a + b
	if (a^c)&(b^c) < 0 { // both operands have the sign that c has not
		if a < 0 {
			return math.MinInt64
		}
		return math.MaxInt64
	}
	return c
}
