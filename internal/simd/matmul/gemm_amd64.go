//go:build amd64 && !noasm

package matmul

import (
	"unsafe"

	"goomtrain/internal/simd/cpu"
	"goomtrain/internal/simd/floats"
)

// tile is what a kernel works on; the generator knows the offsets of the fields. Strides are in bytes. The kernels
// count their progress in offB and offC and leave the pointers as they are, so that none ever points past the end of
// an allocation.
type tile struct {
	a, b, c, d, mask     unsafe.Pointer
	m, panels, k         int
	rsa, csa, rsb, bstep int
	rsc, rsd             int // rsd -1: nothing is added
	offB, offC           int
	alpha, beta          uint64 // bits of one element
	aheadA, aheadB       unsafe.Pointer
	aheadC               unsafe.Pointer
	ahead, lines         int
	rows                 int     // for the kernels' own use, as is rowD
	rowD                 uintptr // the current row of D; it ends beyond D, so it must not be a pointer
}

// multiply computes a product in panel form.
func multiply[F floats.Float](p *product[F]) {
	if !cpu.AVX2 {
		multiplyPortable(p)
		return
	}
	size := int(unsafe.Sizeof(F(0)))
	var t tile // set field by field, see product.init
	t.a, t.b = unsafe.Pointer(unsafe.SliceData(p.a)), unsafe.Pointer(unsafe.SliceData(p.b))
	t.c, t.d = unsafe.Pointer(unsafe.SliceData(p.c)), unsafe.Pointer(unsafe.SliceData(p.d))
	t.m, t.k = p.m, p.k
	t.rsa, t.csa, t.rsb, t.bstep = p.rsa*size, p.csa*size, p.rsb*size, p.bstep*size
	if t.bstep == 0 {
		t.bstep = 64
	}
	t.rsc, t.rsd = p.rsc*size, p.rsd*size
	if p.d == nil {
		t.rsd = -1
	}
	t.alpha, t.beta = bits(p.alpha), bits(p.beta)
	if cpu.AVX512 && floats.Single[F]() {
		multiplyAVX512(p, &t)
		return
	}
	vector := 32 / size
	fetchNext(&t, p, 6, 2*vector)
	columns := p.n
	for columns >= 2*vector {
		t.panels = panelsPerCall(p, columns, 2*vector)
		columns -= t.panels * 2 * vector
		gemmX2[F](&t)
	}
	switch {
	case columns > vector:
		t.panels, t.mask = 1, maskOf[F](columns-vector)
		gemmX2Masked[F](&t)
	case columns == vector:
		t.panels = 1
		gemmX1[F](&t)
	case columns > 0:
		t.panels, t.mask = 1, maskOf[F](columns)
		gemmX1Masked[F](&t)
	}
}

// multiplyAVX512 is the end of multiply for vectors of 512 bits: panels of 16 columns, in pairs as far as they go.
func multiplyAVX512[F floats.Float](p *product[F], t *tile) {
	const vector = 16
	fetchNext(t, p, 14, 2*vector)
	columns := p.n
	for columns >= 2*vector {
		t.panels = panelsPerCall(p, columns, 2*vector)
		columns -= t.panels * 2 * vector
		gemm32x2AVX512((*uintptr)(unsafe.Pointer(t)))
	}
	t.panels, t.mask = 1, unsafe.Pointer(&masksAVX512[columns%vector])
	switch {
	case columns > vector:
		gemm32x2MaskedAVX512((*uintptr)(unsafe.Pointer(t)))
	case columns == vector:
		gemm32x1AVX512((*uintptr)(unsafe.Pointer(t)))
	case columns > 0:
		gemm32x1MaskedAVX512((*uintptr)(unsafe.Pointer(t)))
	}
}

// fetchNext makes the kernel fetch the operands of the batch's next product, spread over its blocks of so many rows
// and columns of C.
func fetchNext[F floats.Float](t *tile, p *product[F], rows, columns int) {
	if p.nextA == nil {
		return
	}
	t.aheadA, t.aheadB = unsafe.Pointer(unsafe.SliceData(p.nextA)), unsafe.Pointer(unsafe.SliceData(p.nextB))
	t.aheadC = unsafe.Pointer(unsafe.SliceData(p.nextC))
	blocks := (p.m + rows - 1) / rows * ((p.n + columns - 1) / columns)
	t.lines = (max(p.m, p.n)*p.k*int(unsafe.Sizeof(F(0)))/64 + blocks - 1) / blocks
}

// callWork is the work (m*n*k) that one call of a kernel may do, because it cannot be preempted: about 200 µs.
const callWork = 1 << 23

// panelsPerCall is how many panels of the given width one call computes.
func panelsPerCall[F floats.Float](p *product[F], columns, width int) int {
	panels := columns / width
	if p.m*p.k*columns > callWork {
		panels = min(panels, 1+callWork/(p.m*p.k*width))
	}
	return panels
}

// masksAVX2[8-n:] is a mask of n float32, masksAVX2[8-2*n:] one of n float64.
var masksAVX2 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// maskOf is the mask of the first n elements of a vector of 256 bits.
func maskOf[F floats.Float](n int) unsafe.Pointer {
	return unsafe.Pointer(&masksAVX2[8-n*int(unsafe.Sizeof(F(0))/4)])
}

// masksAVX512[n] has the n lowest bits set: the mask of the first n of 16 elements.
var masksAVX512 = func() (masks [16]uint16) {
	for n := range masks {
		masks[n] = 1<<n - 1
	}
	return masks
}()

func bits[F floats.Float](x F) uint64 {
	if floats.Single[F]() {
		return uint64(*(*uint32)(unsafe.Pointer(&x)))
	}
	return *(*uint64)(unsafe.Pointer(&x))
}

// The kernels for F. They are called directly, not by function values: escape analysis then leaves the tile on the
// stack.

func gemmX2[F floats.Float](t *tile) {
	if floats.Single[F]() {
		gemm32x2AVX2((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x2AVX2((*uintptr)(unsafe.Pointer(t)))
	}
}

func gemmX2Masked[F floats.Float](t *tile) {
	if floats.Single[F]() {
		gemm32x2MaskedAVX2((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x2MaskedAVX2((*uintptr)(unsafe.Pointer(t)))
	}
}

func gemmX1[F floats.Float](t *tile) {
	if floats.Single[F]() {
		gemm32x1AVX2((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x1AVX2((*uintptr)(unsafe.Pointer(t)))
	}
}

func gemmX1Masked[F floats.Float](t *tile) {
	if floats.Single[F]() {
		gemm32x1MaskedAVX2((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x1MaskedAVX2((*uintptr)(unsafe.Pointer(t)))
	}
}
