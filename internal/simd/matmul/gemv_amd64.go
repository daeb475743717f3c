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

// vectorTiles computes columns [lo, lo+n) of as many rows of a product of rows as it can, from the first on, and returns
// their number.
func (p *product[F]) vectorTiles(lo, n int) int {
	rows := p.m &^ 3
	if !cpu.AVX512 || !floats.Single[F]() || rows == 0 || n%4 != 0 {
		return 0
	}
	var t tile
	t.a, t.b, t.c = unsafe.Pointer(&p.a[0]), unsafe.Pointer(&p.b[lo*p.csb]), unsafe.Pointer(&p.c[lo])
	t.panels, t.m, t.k, t.rsa, t.rsb, t.rsc, t.rsd = rows, n, p.k, 4*p.rsa, 4*p.csb, 4*p.rsc, -1
	if p.d != nil {
		t.d, t.rsd = unsafe.Pointer(&p.d[lo]), 4*p.rsd
	}
	rest := p.k % 16
	if t.mask = unsafe.Pointer(&tileMasks[rest]); rest < 8 {
		t.offB = -32
	}
	gemvTilesAVX512((*uintptr)(unsafe.Pointer(&t)))
	return rows
}

// tileMasks[n] are the masks of gemvTilesAVX512 for n last elements: as in gemvRowsAVX2, fewer than 8 of them are added to
// the upper half of a sum, as 8 with zeros, and of more the first 8 to the lower half.
var tileMasks = func() (masks [16][2]uint16) {
	for n := range masks {
		switch masks[n] = [2]uint16{1<<n - 1, 1<<16 - 1}; {
		case n == 8:
			masks[n][1] = 1<<8 - 1
		case n < 8:
			masks[n] = [2]uint16{(1<<n - 1) << 8, 0xFF00}
		}
	}
	return masks
}()

// fastColumns reports whether vectorColumns is fast and makes the bits of multiply.
func fastColumns[F floats.Float]() bool { return cpu.AVX2 && floats.Single[F]() }
