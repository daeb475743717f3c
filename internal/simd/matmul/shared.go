package matmul

import "goomtrain/internal/simd"

const (
	sharedLimit   = 1 << 21 // elements of B packed at a time for all, at least blockK*sharedColumns
	sharedColumns = 2048    // columns of B packed at a time for all
	packColumns   = 128     // columns that one piece of the packing packs
	spanB         = 1 << 17 // elements of B that stay in the second cache, so that few rows of A at a time are as good as many
	spanRows      = 14      // rows of C that are claimed at once: of one block of the kernels of 512 bits, two of the others
)

// shared computes the product by packing B, or as much of its inner dimension as fits, for all goroutines to read, so
// that a piece of C stays in the cache for its whole sum.
func (j *job[F]) shared() {
	panel := panelWidth[F]()
	for j.first = 0; j.first < j.n; j.first += sharedColumns {
		columns := min(sharedColumns, j.n-j.first)
		j.width = (columns + panel - 1) / panel * panel
		depth := max(blockK, sharedLimit/j.width/blockK*blockK)
		for j.from = 0; j.from < j.k; j.from += depth {
			j.depth = min(depth, j.k-j.from)
			j.packed = grow(j.packed, j.width*j.depth)
			simd.For((j.width+packColumns-1)/packColumns*((j.depth+blockK-1)/blockK), j.packPiece)
			if spans := (j.m + spanRows - 1) / spanRows; spans >= 8*simd.Threads() && j.width*j.depth <= spanB {
				j.columns = j.across()
				simd.ForSpans(spans, j.sharedSpan)
			} else {
				j.split()
				simd.For(j.pieces(), j.sharedPiece)
			}
		}
	}
}

// runPack packs columns of one block of the inner dimension.
func (j *job[F]) runPack(i int) {
	across := (j.width + packColumns - 1) / packColumns
	p, column := i/across*blockK, i%across*packColumns
	depth := min(blockK, j.depth-p)
	columns := min(packColumns, j.across()-column)
	packPanels(j.packed[p*j.width+column*depth:], j.b[(j.from+p)*j.rsb+(j.first+column)*j.csb:], j.rsb, j.csb, depth, columns)
}

// runSharedSpan computes spans of rows of C over the packed part of the inner dimension.
func (j *job[F]) runSharedSpan(lo, hi int) {
	for row, end := lo*spanRows, min(j.m, hi*spanRows); row < end; row += blockM {
		j.computeShared(row, min(blockM, end-row), 0, j.columns)
	}
}

// runShared computes a piece of C over the packed part of the inner dimension.
func (j *job[F]) runShared(i int) { j.computeShared(j.piece(i)) }

func (j *job[F]) computeShared(row, rows, column, columns int) {
	var s *scratch[F]
	for p := 0; p < j.depth; p += blockK {
		q := j.part(row, rows, j.first+column, columns)
		q.inner(j.from+p, min(blockK, j.depth-p))
		q.b, q.rsb, q.csb, q.bstep = j.packed[p*j.width+column*q.k:], panelWidth[F](), 1, panelWidth[F]()*q.k
		if q.worthPacking(j.m * j.k) {
			if s == nil {
				s = takeScratch[F]()
			}
			q.packA(s)
		}
		multiply(&q)
		if q.bias != nil && j.from+p+q.k == j.k {
			q.addBiasRows() // while the piece is in the cache
		}
	}
	if s != nil {
		s.release()
	}
}
