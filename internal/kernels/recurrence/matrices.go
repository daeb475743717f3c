package recurrence

import (
	"math"

	"goomtrain/internal/simd"
)

// matrices are transitions by full matrices. The functions say where the matrices of a task's heads lie at a step, and
// where what the pass back makes goes.
type matrices[F simd.Float] struct {
	*walk[F]
	a    func(s *task[F], t int) []F     // [heads, D, D]
	dA   func(s *task[F], t int) []F     // their gradients; nil: what keep returns is enough
	keep func(s *task[F], t int) kept[F] // for the adjoints
}

// kept are adjoints of rows, multiplied by the scales of the states before them: with the rows x of those states the
// gradient of a matrix is the sum of x^T rows 2^exponent.
type kept[F simd.Float] struct {
	rows     []F     // [M, D]
	exponent []int64 // [M], 0 unless the row times 2^exponent might have no float
}

// scratch keeps adjoints for one step.
func scratch[F simd.Float](s *task[F], _ int) kept[F] { return kept[F]{s.next, s.extra} }

func (m *matrices[F]) exponent(*task[F], int, int) int64 { return 0 }

func (m *matrices[F]) apply(s *task[F], t int) {
	simd.MulHeads(s.product, s.state, m.a(s, t), s.heads, m.Rows, m.Width)
}

func (m *matrices[F]) gradient(s *task[F], t int, before past[F]) {
	d, k := m.Width, m.keep(s, t)
	for r := range s.factor {
		k.exponent[r] = before.exponent[r] + s.exponent[r]
		s.factor[r], s.safe[r] = power(before.scale(r), k.exponent[r], s.top[r])
		if s.safe[r] {
			k.exponent[r] = 0
		}
	}
	simd.ScaleRows(k.rows, s.state, s.factor)
	if m.dA != nil {
		m.outer(m.dA(s, t), before.rows, k, false)
	}
	simd.MulHeadsTransposed(s.product, s.top, s.state, m.a(s, t), s.heads, m.Rows, d)
	for r, largest := range s.top {
		if x := s.state[r*d : (r+1)*d]; !harmless(largest) && simd.MaxAbs(x) != 0 {
			s.exponent[r] += m.multiply(s.product[r*d:(r+1)*d], x, s, t, s.head+r/m.Rows, true)
		}
	}
}

// outer writes or adds the gradients of the matrices of some heads [heads, D, D].
func (m *matrices[F]) outer(dst, x []F, k kept[F], add bool) {
	d := m.Width
	if zeros(k.exponent) {
		simd.OuterHeads(dst, x, k.rows, len(dst)/(d*d), m.Rows, d, add)
		return
	}
	limit, wide := saturation[F](), math.MaxFloat64/float64(m.Rows+1) // so that the sum is finite
	for i := range dst {
		head, row, column := i/(d*d), i/d%d, i%d
		sum := 0.0
		if add {
			sum = float64(dst[i])
		}
		for r := head * m.Rows; r < (head+1)*m.Rows; r++ {
			sum += limited(float64(x[r*d+row])*float64(k.rows[r*d+column]), k.exponent[r], wide)
		}
		dst[i] = F(max(-limit, min(limit, sum)))
	}
}

func (m *matrices[F]) exact(dst, x []F, s *task[F], t, head int) int64 {
	return m.multiply(dst, x, s, t, head, false)
}

// multiply writes x A or x A^T = dst * 2^e. It sums in float64, with the exponents of the row and of the matrix taken
// out.
func (m *matrices[F]) multiply(dst, x []F, s *task[F], t, head int, transposed bool) (e int64) {
	d := m.Width
	a := m.a(s, t)[(head-s.head)*d*d:][:d*d]
	ex, ea := magnitude(x), magnitude(a)
	sum := s.wide[:d]
	clear(sum)
	for i := range d {
		for j := range d {
			from, to := i, j
			if transposed {
				from, to = j, i
			}
			sum[to] += math.Ldexp(float64(x[from]), -ex) * math.Ldexp(float64(a[i*d+j]), -ea)
		}
	}
	return int64(ex) + int64(ea) + narrow(dst, sum)
}

// magnitude is the exponent of the largest element, 0 if that is zero or not finite.
func magnitude[F simd.Float](x []F) int {
	m := float64(simd.MaxAbs(x))
	if m == 0 || !(m <= math.MaxFloat64) {
		return 0
	}
	return math.Ilogb(m)
}

// narrow writes x = dst*2^e as mantissas near 1.
func narrow[F simd.Float](dst []F, x []float64) (e int64) {
	k := magnitude(x)
	for i, v := range x {
		dst[i] = F(math.Ldexp(v, -k))
	}
	return int64(k)
}
