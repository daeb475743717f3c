package matmul

// Products of bfloat16: the operands are float32 in memory and are rounded to bfloat16, to nearest even, while they are
// packed; the sums are float32. An element of C is
//
//	sum := 0
//	for each 32 elements of the inner dimension, with zeros behind its end:
//		sum += (sum of the products at even places) + (sum of the products at odd places)
//	alpha*sum + beta*d
//
// in which products are added without being rounded themselves. All sums, and the products of the last line, are rounded
// to float32. NaN and infinities are as in float32. A number that is nearer to 2^128 than to the largest of bfloat16,
// 3.39e38, becomes infinite. Subnormal numbers, below 1.18e-38, are zeros in operands, and in sums but for the last line.
//
// That is what the tiles of AMX compute. The portable form makes the same bits, except for the bits of a NaN. Neither the
// blocks of a product nor the number of threads decide about a sum.

const (
	tileLanes = 16 // rows of A or columns of B in a tile
	tileInner = 32 // elements of the inner dimension in a tile

	// Products that are smaller in one dimension, or in all, are faster in float32.
	leastLanes = 16
	leastInner = tileInner
	leastTiles = 1 << 19
)

// worthTiles reports whether the product is computed in bfloat16 where that is allowed. The shape alone decides.
func (p *product[F]) worthTiles() bool {
	return min(p.m, p.n) >= leastLanes && p.k >= leastInner && p.m*p.n*p.k >= leastTiles
}

// An operand is A or B as it is stored: element p of the inner dimension of lane i, a row of A or a column of B, is at
// x[i*lane+p*inner], and one of the two strides is 1.
type operand struct {
	x           []float32
	lane, inner int
	lanes       int
	pairs       bool // it is B: a row of its tiles has pairs along the inner dimension
}

// operands returns A and B of a product of float32.
func operands(p *product[float32]) (a, b operand) {
	return operand{p.a, p.rsa, p.csa, p.m, false}, operand{p.b, p.csb, p.rsb, p.n, true}
}

// roundUp is n or the next multiple.
func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }
