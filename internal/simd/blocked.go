package simd

import (
	"sync"
	"unsafe"
)

// Large products follow Goto and van de Geijn (2008): B is packed into panels, A into rows that lie close
// together, and the loops around the micro-kernel keep a panel of B in the first cache and the block of A
// in the second. All k of B is packed at once where it fits, so that a piece of C stays in the cache for
// its whole sum. Only rows and columns of C are shared out, never the inner dimension.

const (
	blockK      = 256     // inner dimension of a block: a panel of B is 16 KiB
	blockM      = 168     // rows of a packed block of A, a multiple of 6: at most 172 KiB
	blockN      = 2048    // columns of B packed at a time
	packedLimit = 1 << 21 // elements of B packed at a time, at least blockK*blockN
	packedNear  = 1 << 18 // the same if C is small and may be passed over more often: it fits the second cache
	smallC      = 1 << 17 // elements of a small C
	packColumns = 128     // columns that one piece of the packing packs

	// smallB is the number of elements of a transposed B that one thread packs without further ado.
	smallB = 1 << 14

	// farBatch is the number of elements from which the operands of a batch are not expected in a near cache.
	farBatch = 1 << 18

	// splitWork is the work (m*n*k) from which a product is worth splitting: about 3 µs.
	splitWork = 1 << 17
	// pieceWork is the least work of a piece of a split product.
	pieceWork = 1 << 17
)

// run computes the product, in parallel if it is large and that is allowed. The path depends on the shape
// alone, so the bits do not depend on the number of threads.
func (p *product[F]) run(parallel bool) {
	if p.trivial() {
		return
	}
	if (p.m == 1 || p.n == 1) && p.vector(parallel) {
		return
	}
	if p.csb == 1 && p.direct() {
		if !parallel || p.m*p.n*p.k < splitWork || Threads() == 1 {
			multiply(p)
			return
		}
		j := takeJob[F]()
		j.product = *p
		j.split()
		For(j.pieces(), j.directPiece)
		j.release()
		return
	}
	if p.k*p.n <= smallB && (!parallel || p.m*p.n*p.k < splitWork) {
		s := takeScratch[F]()
		p.multiplyPacked(s)
		s.release()
		return
	}
	j := takeJob[F]()
	j.product = *p
	j.blocked(parallel && p.m*p.n*p.k >= splitWork)
	j.release()
}

// direct reports whether the micro-kernels may read the operands where they lie: if they are so small
// that they stay in the caches without packing, or are read only once or twice.
func (p *product[F]) direct() bool {
	return p.k <= 2*blockK && (p.k*p.rsb <= 8192 || p.m <= 12) && (p.m <= 64 || p.m*p.k <= 32768)
}

// multiplyPacked computes a product with a small B by packing it in s.
func (p *product[F]) multiplyPacked(s *scratch[F]) {
	s.data = grow(s.data, p.k*(p.n+panelWidth[F]()))
	packB(s.data, p.b, p.rsb, p.csb, p.k, p.n)
	p.b, p.rsb, p.csb, p.bstep = s.data, panelWidth[F](), 1, panelWidth[F]()*p.k
	multiply(p)
}

// job is the state of one product while several goroutines work on it. Jobs are recycled, and their
// bodies are stored func values, so that a product allocates nothing.
type job[F Float] struct {
	product[F]
	rows, columns int // of a piece of C
	packed        []F // panels of B, for each block of the inner dimension
	first         int // column of C at which packed begins
	width         int // columns of C that packed covers, a multiple of the panel width
	from, depth   int // inner dimension that packed covers: [from, from+depth)

	count, strideA, strideB, strideC, per int // of a batch; per products make a piece

	directPiece, packPiece, blockedPiece, batchPiece, vectorPiece func(i int)
}

// blocked computes the product by packing.
func (j *job[F]) blocked(parallel bool) {
	panel := panelWidth[F]()
	for j.first = 0; j.first < j.n; j.first += blockN {
		columns := min(blockN, j.n-j.first)
		j.width = (columns + panel - 1) / panel * panel
		limit := packedLimit
		if j.m*columns <= smallC {
			limit = packedNear
		}
		depth := max(blockK, limit/j.width/blockK*blockK)
		for j.from = 0; j.from < j.k; j.from += depth {
			j.depth = min(depth, j.k-j.from)
			j.packed = grow(j.packed, j.width*j.depth)
			j.split()
			packs := (j.width + packColumns - 1) / packColumns * ((j.depth + blockK - 1) / blockK)
			if parallel {
				For(packs, j.packPiece)
				For(j.pieces(), j.blockedPiece)
				continue
			}
			for i := range packs {
				j.packPiece(i)
			}
			for i := range j.pieces() {
				j.blockedPiece(i)
			}
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
		return min(j.n-j.first, blockN)
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

// runBlocked computes one piece of C over the packed part of the inner dimension.
func (j *job[F]) runBlocked(i int) {
	row, rows, column, columns := j.piece(i)
	q := product[F]{m: rows, n: columns, alpha: j.alpha, csb: 1, rsb: panelWidth[F](), c: j.c[row*j.rsc+j.first+column:], rsc: j.rsc}
	if j.from == 0 && j.d != nil {
		q.beta, q.d, q.rsd = j.beta, j.d[row*j.rsd+j.first+column:], j.rsd
	} else if j.from > 0 {
		q.beta, q.d, q.rsd = 1, q.c, q.rsc
	}
	var s *scratch[F]
	for p := 0; p < j.depth; p += blockK {
		q.k = min(blockK, j.depth-p)
		q.bstep = panelWidth[F]() * q.k
		q.b = j.packed[p*j.width+column*q.k:]
		q.a, q.rsa, q.csa = j.a[row*j.rsa+(j.from+p)*j.csa:], j.rsa, j.csa
		if j.worthPacking(rows, columns) {
			if s == nil {
				s = takeScratch[F]()
			}
			q.packA(s)
		}
		multiply(&q)
		q.beta, q.d, q.rsd = 1, q.c, q.rsc
	}
	if s != nil {
		s.release()
	}
}

// worthPacking reports whether a block of A is read often enough, and from far enough, to be copied.
func (j *job[F]) worthPacking(rows, columns int) bool {
	return j.m*j.k > 16384 && rows > 12 && columns > 2*panelWidth[F]()
}

// packA replaces A by a copy whose rows (or columns) are not a power of two apart and share pages.
func (p *product[F]) packA(s *scratch[F]) {
	if p.csa == 1 {
		ld := p.k + 16
		s.data = grow(s.data, p.m*ld)
		copyBlock(s.data, ld, p.a, p.rsa, p.k, p.m)
		p.a, p.rsa = s.data, ld
		return
	}
	ld := (p.m+15)&^15 + 16
	s.data = grow(s.data, p.k*ld)
	copyBlock(s.data, ld, p.a, p.csa, p.m, p.k)
	p.a, p.csa = s.data, ld
}

// copyBlockPortable copies rows of width elements between row strides ldd and lds.
func copyBlockPortable[F Float](dst []F, ldd int, src []F, lds, width, rows int) {
	for i := range rows {
		copy(dst[i*ldd:i*ldd+width], src[i*lds:])
	}
}

// packBPortable writes k rows and n columns of B as panels of k rows, the last one's missing columns left
// as they are: the kernels compute with them and throw the result away.
func packBPortable[F Float](dst, b []F, rsb, csb, k, n int) {
	width := panelWidth[F]()
	for j := range n {
		panel := dst[j/width*width*k+j%width:]
		if csb != 1 { // along the stored rows of B, which are its columns
			column := b[j*csb:]
			for p := range k {
				panel[p*width] = column[p*rsb]
			}
			continue
		}
		if j%width == 0 {
			columns := min(width, n-j)
			for p := range k {
				copy(panel[p*width:p*width+columns], b[p*rsb+j:])
			}
		}
	}
}

// runBatch computes count products whose operands lie the given distances apart.
func (p *product[F]) runBatch(count, strideA, strideB, strideC int) {
	if p.m == 0 || p.n == 0 {
		return
	}
	j := takeJob[F]()
	j.product, j.count, j.strideA, j.strideB, j.strideC = *p, count, strideA, strideB, strideC
	work := max(1, p.m*p.n*p.k)
	j.per = max(1, min(16*pieceWork/work, (count+15)/16))
	pieces := (count + j.per - 1) / j.per
	if count*work < splitWork {
		for i := range pieces {
			j.batchPiece(i)
		}
	} else {
		For(pieces, j.batchPiece)
	}
	j.release()
}

// runBatchPiece computes some products of a batch, one after the other.
func (j *job[F]) runBatchPiece(i int) {
	far := j.count*(j.strideA+j.strideB) > farBatch
	// Products that pack a small B share the memory for it: threads would queue for the free list.
	var s *scratch[F]
	if j.csb != 1 && j.m > 1 && j.n > 1 && j.k > 0 && j.alpha != 0 && j.k*j.n <= smallB {
		s = takeScratch[F]()
	}
	for i, end := i*j.per, min(j.count, (i+1)*j.per); i < end; i++ {
		q := j.product
		q.a, q.b, q.c = tail(j.a, i*j.strideA), tail(j.b, i*j.strideB), j.c[i*j.strideC:]
		if q.d != nil {
			q.d = q.c
		}
		if far && i+1 < j.count {
			q.nextA, q.nextB, q.nextC = tail(j.a, (i+1)*j.strideA), tail(j.b, (i+1)*j.strideB), j.c[(i+1)*j.strideC:]
		}
		if s != nil {
			q.multiplyPacked(s)
		} else {
			q.run(false)
		}
	}
	if s != nil {
		s.release()
	}
}

// scratch is memory for a packed block of A.
type scratch[F Float] struct{ data []F }

// grow returns a slice of n elements, x's own memory if it suffices.
func grow[F Float](x []F, n int) []F {
	if cap(x) < n {
		return make([]F, n+n/4)[:n]
	}
	return x[:n]
}

// freeList keeps what is expensive to make. Unlike a sync.Pool it is not emptied by the garbage
// collector, so a steady state allocates nothing.
type freeList[T any] struct {
	mu   sync.Mutex
	free []*T
}

func (l *freeList[T]) take() *T {
	l.mu.Lock()
	var x *T
	if n := len(l.free) - 1; n >= 0 {
		x, l.free = l.free[n], l.free[:n]
	}
	l.mu.Unlock()
	return x
}

func (l *freeList[T]) put(x *T) {
	l.mu.Lock()
	l.free = append(l.free, x)
	l.mu.Unlock()
}

var (
	jobs32      freeList[job[float32]]
	jobs64      freeList[job[float64]]
	scratches32 freeList[scratch[float32]]
	scratches64 freeList[scratch[float64]]
)

func jobs[F Float]() *freeList[job[F]] {
	if single[F]() {
		return (*freeList[job[F]])(unsafe.Pointer(&jobs32))
	}
	return (*freeList[job[F]])(unsafe.Pointer(&jobs64))
}

func scratches[F Float]() *freeList[scratch[F]] {
	if single[F]() {
		return (*freeList[scratch[F]])(unsafe.Pointer(&scratches32))
	}
	return (*freeList[scratch[F]])(unsafe.Pointer(&scratches64))
}

func takeJob[F Float]() *job[F] {
	j := jobs[F]().take()
	if j == nil {
		j = new(job[F])
		j.directPiece, j.packPiece, j.blockedPiece = j.runDirect, j.runPack, j.runBlocked
		j.batchPiece, j.vectorPiece = j.runBatchPiece, j.runVector
	}
	j.width, j.first = 0, 0
	return j
}

// release gives the job back without holding on to the operands.
func (j *job[F]) release() {
	j.product = product[F]{}
	jobs[F]().put(j)
}

func takeScratch[F Float]() *scratch[F] {
	if s := scratches[F]().take(); s != nil {
		return s
	}
	return new(scratch[F])
}

func (s *scratch[F]) release() { scratches[F]().put(s) }
