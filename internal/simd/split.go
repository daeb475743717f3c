package simd

// Three ways to share a large product out. None lets the number of threads decide about a sum: rows and
// columns of C may be cut anywhere, the inner dimension only where the shape says.

const (
	sharedLimit   = 1 << 21 // elements of B packed at a time for all, at least blockK*sharedColumns
	sharedColumns = 2048    // columns of B packed at a time for all
	packColumns   = 128     // columns that one piece of the packing packs
	ownColumns    = 256     // columns of a piece that packs for itself

	// A sum of this length or longer over a C of at most so many elements is cut into chunks: their
	// operands are what has to be moved, and each is then packed and read by one core alone.
	chunkedInner = 4 * blockK
	chunkedC     = 1 << 17
)

// job is the state of one product while several goroutines work on it. Jobs are recycled, and their
// bodies are stored func values, so that a product allocates nothing.
type job[F Float] struct {
	product[F]
	rows, columns int // of a piece of C
	packed        []F // panels of B for each block of the inner dimension, or sums of chunks
	first         int // column of C at which packed begins
	width         int // columns of C that packed covers, a multiple of the panel width
	from, depth   int // inner dimension that packed covers: [from, from+depth); depth of a chunk

	count, strideA, strideB, strideC, per int // of a batch; per products make a piece

	directPiece, packPiece, sharedPiece, ownPiece, chunkPiece, addPiece, batchPiece, vectorPiece func(i int)
}

// run computes the product on all threads.
func (j *job[F]) run() {
	switch {
	case j.k >= chunkedInner && j.m*j.n <= chunkedC:
		j.chunked()
	case j.m <= blockM && j.n >= 4*ownColumns:
		j.rows, j.columns = j.m, ownColumns
		For(j.pieces(), j.ownPiece)
	default:
		j.shared()
	}
}

// runOwn computes a piece of C for which nobody else reads these columns of B.
func (j *job[F]) runOwn(i int) {
	row, rows, column, columns := j.piece(i)
	q := j.part(row, rows, column, columns)
	s := takeScratch[F]()
	q.multiplyBlocked(s)
	s.release()
}

// chunked computes a product with a long sum for each element of a small C, such as the gradient of
// weights: chunks of the inner dimension are summed apart, the first one in C, and then added in order.
func (j *job[F]) chunked() {
	chunks := j.chunks()
	j.depth = ((j.k+chunks-1)/chunks + blockK - 1) / blockK * blockK
	chunks = (j.k + j.depth - 1) / j.depth
	j.packed = grow(j.packed, (chunks-1)*j.m*j.n)
	panel, across := panelWidth[F](), (2*Threads()+chunks-1)/chunks
	j.rows, j.columns = j.m, max(4*panel, (j.n/across+panel-1)/panel*panel)
	For(chunks*j.pieces(), j.chunkPiece)
	j.rows = max(1, addWork/j.n)
	For((j.m+j.rows-1)/j.rows, j.addPiece)
}

// chunks is the number of chunks of the inner dimension, by the shape alone.
func (j *job[F]) chunks() int {
	if j.k < 32*blockK {
		return 4
	}
	return 8
}

// runChunk computes a piece of the sum of one chunk.
func (j *job[F]) runChunk(i int) {
	pieces := j.pieces()
	chunk := i / pieces
	_, _, column, columns := j.piece(i % pieces)
	q := j.part(0, j.m, column, columns)
	from := chunk * j.depth
	q.inner(from, min(j.depth, j.k-from))
	if chunk > 0 {
		q.c, q.rsc, q.d = j.packed[(chunk-1)*j.m*j.n+column:], j.n, nil
	}
	s := takeScratch[F]()
	q.multiplyBlocked(s)
	s.release()
}

// addWork is the number of elements of C that one piece of adding takes.
const addWork = 1 << 13

// runAdd adds the sums of all chunks but the first to some rows of C.
func (j *job[F]) runAdd(i int) {
	for row := i * j.rows; row < min(j.m, (i+1)*j.rows); row++ {
		c := j.c[row*j.rsc:][:j.n]
		for at := row * j.n; at < len(j.packed); at += j.m * j.n {
			Add(c, c, j.packed[at:][:j.n])
		}
	}
}

// shared computes the product by packing B, or as much of its inner dimension as fits, for all to read,
// so that a piece of C stays in the cache for its whole sum.
func (j *job[F]) shared() {
	panel := panelWidth[F]()
	for j.first = 0; j.first < j.n; j.first += sharedColumns {
		columns := min(sharedColumns, j.n-j.first)
		j.width = (columns + panel - 1) / panel * panel
		depth := max(blockK, sharedLimit/j.width/blockK*blockK)
		for j.from = 0; j.from < j.k; j.from += depth {
			j.depth = min(depth, j.k-j.from)
			j.packed = grow(j.packed, j.width*j.depth)
			j.split()
			For((j.width+packColumns-1)/packColumns*((j.depth+blockK-1)/blockK), j.packPiece)
			For(j.pieces(), j.sharedPiece)
		}
	}
}

// split chooses the pieces of C: enough of them to keep all threads busy to the end, rows first, because
// pieces that share rows pack these rows of A again.
func (j *job[F]) split() {
	n := j.across()
	want := min(4*Threads(), j.m*n*j.k/pieceWork)
	j.rows, j.columns = min(j.m, blockM), n
	if Threads() == 1 || want < 2 {
		return
	}
	j.rows = min(j.rows, max(6, (j.m/want+5)/6*6))
	if byRows := (j.m + j.rows - 1) / j.rows; byRows < want {
		panel := panelWidth[F]()
		by := (want + byRows - 1) / byRows
		j.columns = max(panel, (n/by+panel-1)/panel*panel)
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

func (j *job[F]) runDirect(i int) {
	row, rows, column, columns := j.piece(i)
	q := j.part(row, rows, column, columns)
	multiply(&q)
}

// runPack packs columns of one block of the inner dimension.
func (j *job[F]) runPack(i int) {
	across := (j.width + packColumns - 1) / packColumns
	p, column := i/across*blockK, i%across*packColumns
	depth := min(blockK, j.depth-p)
	columns := min(packColumns, j.across()-column)
	packB(j.packed[p*j.width+column*depth:], j.b[(j.from+p)*j.rsb+(j.first+column)*j.csb:], j.rsb, j.csb, depth, columns)
}

// runShared computes one piece of C over the packed part of the inner dimension.
func (j *job[F]) runShared(i int) {
	row, rows, column, columns := j.piece(i)
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
	}
	if s != nil {
		s.release()
	}
}
