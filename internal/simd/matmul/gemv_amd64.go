//go:build amd64 && !noasm

package matmul

import (
	"unsafe"

	"goomtrain/internal/simd/cpu"
	"goomtrain/internal/simd/floats"
)

// vectorRows sets c[lo:lo+n] = alpha*B*x + beta*d, an inner product for each stored row of B.
func (p *product[F]) vectorRows(lo, n int) {
	if !cpu.AVX2 || !floats.Single[F]() {
		p.vectorRowsPortable(lo, n)
		return
	}
	var t tile
	t.a, t.b, t.c = unsafe.Pointer(&p.a[0]), unsafe.Pointer(&p.b[lo*p.csb]), unsafe.Pointer(&p.c[lo])
	t.m, t.k, t.rsb, t.mask = n, p.k, 4*p.csb, maskOf[F](p.k%8)
	t.alpha, t.beta, t.rsd = bits(p.alpha), bits(p.beta), -1
	if p.d != nil {
		t.d, t.rsd = unsafe.Pointer(&p.d[lo]), 0
	}
	gemvRowsAVX2((*uintptr)(unsafe.Pointer(&t)))
}

// vectorColumns adds x*B, columns from lo on, to y.
func (p *product[F]) vectorColumns(y []F, lo int) {
	if !cpu.AVX2 || !floats.Single[F]() {
		p.vectorColumnsPortable(y, lo)
		return
	}
	var t tile
	t.a, t.b, t.c = unsafe.Pointer(&p.a[0]), unsafe.Pointer(&p.b[lo]), unsafe.Pointer(&y[0])
	t.m, t.k, t.rsb, t.mask = len(y), p.k, 4*p.rsb, maskOf[F](len(y)%8)
	gemvColumnsAVX2((*uintptr)(unsafe.Pointer(&t)))
}
