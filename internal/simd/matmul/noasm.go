//go:build !amd64 || noasm

package matmul

import "goomtrain/internal/simd/floats"

// Without assembly the kernels are the portable functions.

func multiply[F floats.Float](p *product[F]) { multiplyPortable(p) }

func packPanels[F floats.Float](dst, b []F, rsb, csb, k, n int) {
	packPanelsPortable(dst, b, rsb, csb, k, n)
}

func copyRows[F floats.Float](dst []F, ldd int, src []F, lds, width, rows int) {
	copyRowsPortable(dst, ldd, src, lds, width, rows)
}

func (p *product[F]) vectorRows(lo, n int) { p.vectorRowsPortable(lo, n) }

func (p *product[F]) vectorColumns(y []F, lo int) { p.vectorColumnsPortable(y, lo) }

func (p *product[F]) vectorTiles(lo, n int) int { return 0 }

// fastColumns reports whether vectorColumns is fast and makes the bits of multiply.
func fastColumns[F floats.Float]() bool { return false }

// HasTiles reports whether products of bfloat16 are fast on this machine.
func HasTiles() bool { return false }

func runTiles(p *product[float32]) { tilesPortable(p) }
