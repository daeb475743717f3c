package recurrence

import (
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// A fold computes sums of rows e_t over the powers of a matrix M [D, D],
//
//	e_0 M^(n-1) + e_1 M^(n-2) + ... + e_(n-1)
//
// in block-scaled form. Neighbors are added in pairs, e_t M + e_(t+1), then these in pairs with M^2, and so on: the work is
// that of the recurrence, but in products of many rows.
type fold[F simd.Float] struct {
	width     int
	powers    [][]F   // mantissas [D, D] of M^(2^i)
	exponents []int64 // of the powers
	levels    int     // powers that are in use
	wide      [2][]float64
	zeros     []F // [D]
	pool      workspace.Pool[foldScratch[F]]
}

// foldScratch is the memory of one worker.
type foldScratch[F simd.Float] struct {
	rows, products []F // [C, D], [C/2, D]
	exponents      []int64
	row            []F // [D]
}

const (
	// largestFold is the largest number of rows C that are added in pairs.
	largestFold = 1024
	// smallestPower is how small the elements of a power may be beside the largest. Rows of which all large elements are
	// zero must keep their digits, so further powers are not used.
	smallestPower = 0x1p-60
)

// newFold returns the fold of n rows at most.
func newFold[F simd.Float](n, width int) *fold[F] {
	f := &fold[F]{width: width, zeros: make([]F, width)}
	most := 1
	f.powers = append(f.powers, make([]F, width*width))
	for ; most < n && most < largestFold; most *= 2 {
		f.powers = append(f.powers, make([]F, width*width))
	}
	f.exponents = make([]int64, len(f.powers))
	for i := range f.wide {
		f.wide[i] = make([]float64, width*width)
	}
	f.pool.Create = func() *foldScratch[F] {
		return &foldScratch[F]{rows: workspace.Make[F](most * width), products: workspace.Make[F](max(1, most/2) * width),
			exponents: make([]int64, most), row: workspace.Make[F](width)}
	}
	return f
}

// setMatrix computes the powers of M = a 2^e, in float64.
func (f *fold[F]) setMatrix(a []F, e int64) {
	d := f.width
	p, q := f.wide[0], f.wide[1]
	for i, v := range a {
		p[i] = float64(v)
	}
	copy(f.powers[0], a)
	f.exponents[0], f.levels = e, 1
	for ; f.levels < len(f.powers); f.levels++ {
		matmul.Gemm(false, false, d, d, d, 1, p, d, p, d, 0, q, d)
		p, q = q, p
		e = 2*e + unit(p)
		for i, v := range p {
			if m := math.Abs(v); m > 0 && m < smallestPower {
				return
			}
			f.powers[f.levels][i] = F(v)
		}
		f.exponents[f.levels] = e
	}
}

// unit brings the largest magnitude of x to [1, 2), if it is finite and not zero, and returns the exponent that this takes
// away.
func unit(x []float64) int64 {
	largest := simd.MaxAbs(x)
	if !(largest > 0 && largest <= math.MaxFloat64) {
		return 0
	}
	k := math.Ilogb(largest)
	for i, v := range x {
		x[i] = math.Ldexp(v, -k)
	}
	return int64(k)
}

// sum writes the sum of n rows to dst and returns its exponent. load writes row t and returns its exponent. With transposed
// the matrix is M^T.
func (f *fold[F]) sum(s *foldScratch[F], dst []F, n int, transposed bool, load func(t int, dst []F) int64) (exponent int64) {
	d, c := f.width, 1<<(f.levels-1)
	clear(dst)
	for from, to := 0, (n-1)%c+1; from < n; from, to = to, to+c {
		for t := from; t < to; t++ {
			s.exponents[t-from] = load(t, s.rows[(t-from)*d:][:d])
		}
		f.pairs(s, to-from, transposed)
		exponent = f.multiply(s, dst, exponent, f.levels-1, transposed)
		_, exponent = addScaled(s.row, dst, exponent, 1, s.rows[:d], s.exponents[0])
		copy(dst, s.row)
	}
	return exponent
}

// pairs replaces n rows of the scratch, at most 2^(levels-1), by their sum. Only the first row of a level may stand for
// fewer rows than the others.
func (f *fold[F]) pairs(s *foldScratch[F], n int, transposed bool) {
	d := f.width
	for level := 0; n > 1; level++ {
		odd := n % 2
		matmul.Serial(false, transposed, n/2, d, d, 1, s.rows[odd*d:], 2*d, f.powers[level], d, 0, s.products, d)
		for i := range n / 2 {
			left, right, to := odd+2*i, odd+2*i+1, odd+i
			e := s.exponents[left] + f.exponents[level]
			_, s.exponents[to] = addScaled(s.row, s.products[i*d:][:d], e, 1, s.rows[right*d:][:d], s.exponents[right])
			copy(s.rows[to*d:][:d], s.row)
		}
		n = odd + n/2
	}
}

// multiply multiplies a row of that exponent by M^(2^i) in place, and returns its new exponent.
func (f *fold[F]) multiply(s *foldScratch[F], row []F, exponent int64, i int, transposed bool) int64 {
	d := f.width
	matmul.Serial(false, transposed, 1, d, d, 1, row, d, f.powers[i], d, 0, s.row, d)
	copy(row, s.row)
	return exponent + f.exponents[i] + normalize(row)
}

// jump multiplies a row of that exponent by M^n in place, and returns its new exponent.
func (f *fold[F]) jump(s *foldScratch[F], row []F, exponent int64, n int, transposed bool) int64 {
	for i := f.levels - 1; n > 0; i-- {
		for ; n >= 1<<i; n -= 1 << i {
			exponent = f.multiply(s, row, exponent, i, transposed)
		}
	}
	return exponent
}
