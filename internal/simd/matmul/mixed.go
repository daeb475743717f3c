package matmul

import (
	"sync/atomic"
	"unsafe"

	"goomtrain/internal/simd/floats"
)

// A Precision is how mixed-precision products round their operands.
type Precision int32

const (
	Float32  Precision = iota // not at all
	BFloat16                  // to bfloat16, which has 8 bits of mantissa instead of 24; sums are float32
)

var precision atomic.Int32

// SetPrecision sets the precision of Mixed, in the whole process, for calls that begin later. At first it is Float32.
// BFloat16 is meant for machines on which HasTiles is true; on others it computes the same bits, slowly.
func SetPrecision(p Precision) { precision.Store(int32(p)) }

// Mixed computes C = op(A)*op(B) + D + bias, for products of which training bears the rounding: those of activations, weights
// and their gradients. D is m x n with rows ldd apart; it may be C itself, but must not overlap it in another way. The n
// numbers of bias are added to every row; C must not overlap them. D and bias may be nil, for nothing to add. Otherwise it is
// Gemm.
//
// With SetPrecision(BFloat16), products of float32 round their operands to bfloat16, unless the product is small: m or n below
// 16, k below 32, or m*n*k below 2^19. The shape alone decides, so the bits do not depend on the number of threads.
func Mixed[F floats.Float](transA, transB bool, m, n, k int, a []F, lda int, b []F, ldb int, d []F, ldd int, bias []F, c []F, ldc int) {
	var p product[F]
	p.init(transA, transB, m, n, k, 1, a, lda, b, ldb, c, ldc)
	p.check("Mixed")
	p.plus("Mixed", d, ldd, bias)
	p.runMixed()
}

// runMixed computes the product in the precision of mixed products.
func (p *product[F]) runMixed() {
	if !floats.Single[F]() || Precision(precision.Load()) != BFloat16 || !p.worthTiles() {
		p.run(true)
		return
	}
	q := (*product[float32])(unsafe.Pointer(p))
	if !q.trivial() {
		runTiles(q)
	} else if q.bias != nil {
		q.addBiasRows()
	}
}
