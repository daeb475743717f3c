package matmul

import "goomtrain/internal/simd"

const (
	// A sum of at least chunkedInner products over a C of at most chunkedC elements is cut into chunks: most of its
	// time goes into moving the operands, and a chunk's operands are packed and read by one core alone. So is a sum over
	// a C of at most compactC elements that is neither tall nor wide. Others are faster in another way.
	chunkedInner = 4 * blockK
	chunkedC     = 1 << 17
	compactC     = 1 << 19

	// addWork is the number of elements of C that one piece of the addition of chunks takes.
	addWork = 1 << 13
)

// chunked computes a product with a long sum for each element of a small C, such as the gradient of weights: chunks of
// the inner dimension are summed apart, the first one in C, and then added in order.
func (j *job[F]) chunked() {
	chunks := j.chunks()
	j.depth = ((j.k+chunks-1)/chunks + blockK - 1) / blockK * blockK
	chunks = (j.k + j.depth - 1) / j.depth
	j.packed = grow(j.packed, (chunks-1)*j.m*j.n)
	panel, across := panelWidth[F](), (2*simd.Threads()+chunks-1)/chunks
	j.rows, j.columns = j.m, max(4*panel, (j.n/across+panel-1)/panel*panel)
	simd.For(chunks*j.pieces(), j.chunkPiece)
	j.rows = max(1, addWork/j.n)
	simd.For((j.m+j.rows-1)/j.rows, j.addPiece)
}

// worthChunks reports whether the inner dimension is cut, by the shape alone.
func (p *product[F]) worthChunks() bool {
	c := p.m * p.n
	return p.k >= chunkedInner && (c <= chunkedC || c <= compactC && max(p.m, p.n) < 8*min(p.m, p.n))
}

// chunks is the number of chunks of the inner dimension, by the shape alone.
func (j *job[F]) chunks() int {
	if j.k < 32*blockK {
		return 4
	}
	return 8
}

// runChunk computes some columns of the sum of one chunk.
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

// runAdd adds the sums of all chunks but the first to some rows of C.
func (j *job[F]) runAdd(i int) {
	for row := i * j.rows; row < min(j.m, (i+1)*j.rows); row++ {
		c := j.c[row*j.rsc:][:j.n]
		for at := row * j.n; at < len(j.packed); at += j.m * j.n {
			simd.Add(c, c, j.packed[at:][:j.n])
		}
	}
}
