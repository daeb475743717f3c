//go:build amd64 && !noasm

package simd

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate ./gen/gen.sh

// haveAVX2 chooses the assembly, haveAVX512 in it products, exponentials and logarithms of float32 by wider
// vectors, which make the same bits; tests turn them off, users by GODEBUG=cpu.avx512f=off.
var (
	haveAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	haveAVX512 = haveAVX2 && cpu.X86.HasAVX512F && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
)

// tile is what a kernel of products works on; the generator knows the offsets. Strides are in bytes.
// The pointers never move, so none ever points past an allocation's end: the kernels count in offB and
// offC, from which they start.
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
	rows                 int     // of the kernels themselves, as is
	rowD                 uintptr // the current row of D: at last beyond it, so not for the collector to follow
}

// masks holds, from index 8-n on, a mask of n elements; for float64, from 8-2n on.
var masks = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// maskFor is the mask of the first n elements of a vector.
func maskFor[F Float](n int) unsafe.Pointer {
	return unsafe.Pointer(&masks[8-n*int(unsafe.Sizeof(F(0))/4)])
}

// wideMasks[n] has the n lowest bits: the mask of the first n of 16 elements.
var wideMasks = func() (masks [16]uint16) {
	for n := range masks {
		masks[n] = 1<<n - 1
	}
	return masks
}()

func bits[F Float](x F) uint64 {
	if single[F]() {
		return uint64(*(*uint32)(unsafe.Pointer(&x)))
	}
	return *(*uint64)(unsafe.Pointer(&x))
}

// multiply computes a product in panel form.
func multiply[F Float](p *product[F]) {
	if !haveAVX2 {
		multiplyPortable(p)
		return
	}
	size := int(unsafe.Sizeof(F(0)))
	var t tile // field by field, see product.init
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
	if haveAVX512 && single[F]() {
		multiplyWide(p, &t)
		return
	}
	vector := 32 / size
	fetch(&t, p, 6, 2*vector)
	columns := p.n
	for columns >= 2*vector {
		t.panels = panelsPerCall(p, columns, 2*vector)
		columns -= t.panels * 2 * vector
		kernel2[F](&t)
	}
	switch {
	case columns > vector:
		t.panels, t.mask = 1, maskFor[F](columns-vector)
		kernel2Masked[F](&t)
	case columns == vector:
		t.panels = 1
		kernel1[F](&t)
	case columns > 0:
		t.panels, t.mask = 1, maskFor[F](columns)
		kernel1Masked[F](&t)
	}
}

// multiplyWide is the end of multiply for vectors of 512 bits: panels of 16 columns, in pairs as far as
// they go.
func multiplyWide[F Float](p *product[F], t *tile) {
	const vector = 16
	fetch(t, p, 14, 2*vector)
	columns := p.n
	for columns >= 2*vector {
		t.panels = panelsPerCall(p, columns, 2*vector)
		columns -= t.panels * 2 * vector
		gemm32x2Wide((*uintptr)(unsafe.Pointer(t)))
	}
	t.panels, t.mask = 1, unsafe.Pointer(&wideMasks[columns%vector])
	switch {
	case columns > vector:
		gemm32x2WideMasked((*uintptr)(unsafe.Pointer(t)))
	case columns == vector:
		gemm32x1Wide((*uintptr)(unsafe.Pointer(t)))
	case columns > 0:
		gemm32x1WideMasked((*uintptr)(unsafe.Pointer(t)))
	}
}

// fetch makes the kernel fetch the operands of the batch's next product, spread over its blocks of so many
// rows and columns.
func fetch[F Float](t *tile, p *product[F], rows, columns int) {
	if p.nextA == nil {
		return
	}
	t.aheadA, t.aheadB = unsafe.Pointer(unsafe.SliceData(p.nextA)), unsafe.Pointer(unsafe.SliceData(p.nextB))
	t.aheadC = unsafe.Pointer(unsafe.SliceData(p.nextC))
	blocks := (p.m + rows - 1) / rows * ((p.n + columns - 1) / columns)
	t.lines = (max(p.m, p.n)*p.k*int(unsafe.Sizeof(F(0)))/64 + blocks - 1) / blocks
}

// panelsPerCall is how many panels of the given width one call computes: it cannot be preempted.
func panelsPerCall[F Float](p *product[F], columns, width int) int {
	panels := columns / width
	if p.m*p.k*columns > preemptWork {
		panels = min(panels, 1+preemptWork/(p.m*p.k*width))
	}
	return panels
}

// preemptWork is the work that one call of a kernel may do: about 200 µs.
const preemptWork = 1 << 23

func kernel2[F Float](t *tile) {
	if single[F]() {
		gemm32x2((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x2((*uintptr)(unsafe.Pointer(t)))
	}
}

func kernel2Masked[F Float](t *tile) {
	if single[F]() {
		gemm32x2Masked((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x2Masked((*uintptr)(unsafe.Pointer(t)))
	}
}

func kernel1[F Float](t *tile) {
	if single[F]() {
		gemm32x1((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x1((*uintptr)(unsafe.Pointer(t)))
	}
}

func kernel1Masked[F Float](t *tile) {
	if single[F]() {
		gemm32x1Masked((*uintptr)(unsafe.Pointer(t)))
	} else {
		gemm64x1Masked((*uintptr)(unsafe.Pointer(t)))
	}
}

// packB writes k rows and n columns of B as panels, see packBPortable.
func packB[F Float](dst, b []F, rsb, csb, k, n int) {
	width, size := panelWidth[F](), int(unsafe.Sizeof(F(0)))
	if !haveAVX2 || csb != 1 && !single[F]() {
		packBPortable(dst, b, rsb, csb, k, n)
		return
	}
	if csb == 1 {
		if panels := n / width; panels > 0 {
			packRows((*byte)(unsafe.Pointer(&dst[0])), (*byte)(unsafe.Pointer(&b[0])), width*k*size, rsb*size, k, panels)
		}
		if done := n / width * width; done < n {
			packBPortable(dst[done*k:], b[done:], rsb, csb, k, n-done)
		}
		return
	}
	blocks := k / 8
	d, s := as32(dst), as32(b)
	for j := 0; j < n; j += 8 { // half a panel
		at := j/16*16*k + j%16
		if j+8 > n {
			packBPortable(dst[at:], b[j*csb:], rsb, csb, k, n-j)
			return
		}
		if blocks > 0 {
			packTransposed(&d[at], &s[j*csb], csb*4, blocks)
		}
		for p := 8 * blocks; p < k; p++ {
			for i := range 8 {
				d[at+16*p+i] = s[(j+i)*csb+p]
			}
		}
	}
}

// copyBlock copies rows of width elements between row strides ldd and lds.
func copyBlock[F Float](dst []F, ldd int, src []F, lds, width, rows int) {
	size := int(unsafe.Sizeof(F(0)))
	if !haveAVX2 || width*size < 32 {
		copyBlockPortable(dst, ldd, src, lds, width, rows)
		return
	}
	copyRows((*byte)(unsafe.Pointer(&dst[0])), (*byte)(unsafe.Pointer(&src[0])), ldd*size, lds*size, width*size, rows)
}

// vectorRows sets c[lo:lo+n] = alpha*B*x + beta*d, an inner product for each stored row of B.
func (p *product[F]) vectorRows(lo, n int) {
	if !haveAVX2 || !single[F]() {
		p.vectorRowsPortable(lo, n)
		return
	}
	var t tile
	t.a, t.b, t.c = unsafe.Pointer(&p.a[0]), unsafe.Pointer(&p.b[lo*p.csb]), unsafe.Pointer(&p.c[lo])
	t.m, t.k, t.rsb, t.mask = n, p.k, 4*p.csb, maskFor[F](p.k%8)
	t.alpha, t.beta, t.rsd = bits(p.alpha), bits(p.beta), -1
	if p.d != nil {
		t.d, t.rsd = unsafe.Pointer(&p.d[lo]), 0
	}
	gemvRows((*uintptr)(unsafe.Pointer(&t)))
}

// vectorColumns adds x*B, columns from lo on, to y.
func (p *product[F]) vectorColumns(y []F, lo int) {
	if !haveAVX2 || !single[F]() {
		p.vectorColumnsPortable(y, lo)
		return
	}
	var t tile
	t.a, t.b, t.c = unsafe.Pointer(&p.a[0]), unsafe.Pointer(&p.b[lo]), unsafe.Pointer(&y[0])
	t.m, t.k, t.rsb, t.mask = len(y), p.k, 4*p.rsb, maskFor[F](len(y)%8)
	gemvColumns((*uintptr)(unsafe.Pointer(&t)))
}
