package matmul

import (
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
)

// Ways to share a large product out. In none does the number of threads decide about a sum: rows and columns of C may
// be cut anywhere, the inner dimension only where the shape says so.

const (
	ownColumns = 256     // the most columns of a piece that packs its part of B for itself
	ownRows    = 512     // the most rows of a product that is cut by columns alone
	ownA       = 1 << 18 // elements of A that every core may read: 1 MiB in float32, which stays in the second or third cache
)

// job is the state of one product while several goroutines work on it. Jobs are recycled, and their bodies are stored
// func values, so that a product allocates nothing.
type job[F floats.Float] struct {
	product[F]
	rows, columns int // of a piece of C
	packed        []F // panels of B for each block of the inner dimension, or sums of chunks
	first         int // column of C at which packed begins
	width         int // columns of C that packed covers, a multiple of the panel width
	from, depth   int // inner dimension that packed covers: [from, from+depth); depth of a chunk

	count, strideA, strideB, strideC, per int // of a batch; per products make a piece

	directPiece, packPiece, sharedPiece, ownPiece, chunkPiece, addPiece, batchPiece, vectorPiece, rowsPiece func(i int)
	sharedSpan                                                                                              func(lo, hi int)
}

// run computes the product on all threads.
func (j *job[F]) run(k kind) {
	switch k {
	case direct:
		j.split()
		simd.For(j.pieces(), j.directPiece)
	case chunked:
		j.chunked()
	case own:
		if j.splitColumns(); j.pieces() < simd.Threads() { // too few columns for many threads; the sums are the same
			j.shared()
			return
		}
		simd.For(j.pieces(), j.ownPiece)
	case shared:
		j.shared()
	}
}

// runDirect computes a piece of C from operands where they lie.
func (j *job[F]) runDirect(i int) {
	row, rows, column, columns := j.piece(i)
	q := j.part(row, rows, column, columns)
	multiply(&q)
}

// runOwn computes a piece of C that is the only one to read its columns of B.
func (j *job[F]) runOwn(i int) {
	row, rows, column, columns := j.piece(i)
	q := j.part(row, rows, column, columns)
	s := takeScratch[F]()
	q.multiplyBlocked(s)
	s.release()
}

// split chooses the size of the pieces of C: enough pieces to keep all threads busy to the end, and cut by rows first,
// because each piece with the same rows packs these rows of A.
func (j *job[F]) split() {
	n := j.across()
	want := min(4*simd.Threads(), j.m*n*j.k/pieceWork)
	j.rows, j.columns = min(j.m, blockM), n
	if simd.Threads() == 1 || want < 2 {
		return
	}
	j.rows = min(j.rows, max(6, (j.m/want+5)/6*6))
	if byRows := (j.m + j.rows - 1) / j.rows; byRows < want {
		panel := panelWidth[F]()
		by := (want + byRows - 1) / byRows
		j.columns = max(panel, (n/by+panel-1)/panel*panel)
	}
}

// splitColumns cuts C by columns: two pieces for each of several threads, or more, because one packs at most ownColumns.
func (j *job[F]) splitColumns() {
	j.rows, j.columns = j.m, ownColumns
	if threads, panels := simd.Threads(), 2*panelWidth[F](); threads > 1 {
		j.columns = min(ownColumns, max(panels, (simd.Pieces(j.n, 2*threads)+panels-1)/panels*panels))
	}
}

// pieces is the number of pieces of C.
func (j *job[F]) pieces() int {
	return (j.m + j.rows - 1) / j.rows * ((j.across() + j.columns - 1) / j.columns)
}

// across is the number of columns of C that are being computed: those of which B is packed, or all.
func (j *job[F]) across() int {
	if j.width > 0 {
		return min(j.n-j.first, sharedColumns)
	}
	return j.n
}

// piece is where the i-th piece of C begins and how large it is.
func (j *job[F]) piece(i int) (row, rows, column, columns int) {
	n := j.across()
	across := (n + j.columns - 1) / j.columns
	row, column = i/across*j.rows, i%across*j.columns
	return row, min(j.rows, j.m-row), column, min(j.columns, n-column)
}
