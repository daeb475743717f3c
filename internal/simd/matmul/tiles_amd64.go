//go:build amd64 && !noasm

package matmul

import (
	"unsafe"

	"goomtrain/internal/simd"
)

// How products of bfloat16 are blocked. A packed operand is a sequence of panels of 16 lanes; a panel is a sequence of tiles
// along the inner dimension, of 1 KiB each.
const (
	tileSize = tileLanes * tileInner

	blockLanes    = 2 * tileLanes // rows and columns of C that the kernel computes at a time
	blockElements = blockLanes * blockLanes

	// A product is cut along its inner dimension into parts of at most largestInner: the panels of a block stay in the
	// second cache. The sums wait in memory meanwhile.
	largestInner = 2048

	// ownLanes and ownElements are what one goroutine packs of an operand for itself, at most, but at least a block.
	ownLanes    = 256
	ownElements = 1 << 18

	// packLanes by packInner elements are what one piece of the packing for all packs.
	packLanes = 64
	packInner = 512
)

// tileJob is the state of one product while several goroutines work on it. The operand with more lanes, outer, is cut into
// pieces, and the goroutine that computes a piece of C packs its piece of outer. The other one is packed once for all.
type tileJob struct {
	product[float32]
	outer, shared operand
	common        bool // outer has too few lanes for that: it is packed for all too
	from, depth   int  // the current part of the inner dimension
	panel         int  // elements of a panel
	lanes, across int  // of a piece of C: lanes of outer and of shared

	packedOuter, packedShared []uint16
	sums                      []float32 // of all blocks of C, if the inner dimension is cut

	packPiece, multiplyPiece func(i int)
}

// ownTiles is one goroutine's memory.
type ownTiles struct {
	packed []uint16
	block  []float32 // sums of one block
}

var (
	tileJobs freeList[tileJob]
	ownTile  freeList[ownTiles]
)

// aligned is grow for memory that begins at a cache line, as a row of a tile should.
func aligned[T uint16 | float32](x []T, n int) []T {
	if cap(x) >= n {
		return x[:n]
	}
	size := unsafe.Sizeof(T(0))
	y := make([]T, n+n/4+int(64/size))
	skip := -uintptr(unsafe.Pointer(&y[0])) % 64 / size
	return y[skip:][:n]
}

// runTiles computes the product, which must not be trivial, in bfloat16.
func runTiles(p *product[float32]) {
	if !HasTiles() {
		tilesPortable(p)
		return
	}
	j := tileJobs.take()
	if j == nil {
		j = new(tileJob)
		j.packPiece, j.multiplyPiece = j.runPack, j.runMultiply
	}
	j.product = *p
	j.run()
	j.product, j.outer, j.shared = product[float32]{}, operand{}, operand{} // which would otherwise stay in memory
	tileJobs.put(j)
}

// run computes the product on all threads.
func (j *tileJob) run() {
	j.outer, j.shared = operands(&j.product)
	if j.shared.lanes > j.outer.lanes {
		j.outer, j.shared = j.shared, j.outer
	}
	parts := simd.Pieces(j.k, largestInner)
	depth := roundUp(simd.Pieces(j.k, parts), tileInner)
	j.split(depth)
	if depth < j.k {
		j.sums = aligned(j.sums, j.pieces()*j.blocks()*blockElements)
	}
	for j.from = 0; j.from < j.k; j.from += depth {
		j.depth = min(depth, j.k-j.from)
		j.panel = simd.Pieces(j.depth, tileInner) * tileSize
		j.packedShared = aligned(j.packedShared, j.shared.panels()*j.panel)
		n := j.packPieces(&j.shared)
		if j.common {
			j.packedOuter = aligned(j.packedOuter, j.outer.panels()*j.panel)
			n += j.packPieces(&j.outer)
		}
		simd.For(n, j.packPiece)
		simd.For(j.pieces(), j.multiplyPiece)
	}
}

// panels is the number of panels of the packed operand.
func (o *operand) panels() int { return simd.Pieces(o.lanes, tileLanes) }

// split chooses the size of the pieces of C: enough pieces to keep all threads busy to the end.
func (j *tileJob) split(depth int) {
	j.lanes = max(blockLanes, min(ownLanes, ownElements/depth)/blockLanes*blockLanes)
	j.across, j.common = roundUp(j.shared.lanes, blockLanes), false
	threads := simd.Threads()
	if threads == 1 {
		return
	}
	want := 8 * threads
	j.lanes = min(j.lanes, roundUp(simd.Pieces(j.outer.lanes, want), blockLanes))
	if n := simd.Pieces(j.outer.lanes, j.lanes); n < 2*threads {
		j.common = true
		j.across = roundUp(simd.Pieces(j.shared.lanes*n, want), blockLanes)
	}
}

// pieces is the number of pieces of C, and blocks that of the blocks of one piece.
func (j *tileJob) pieces() int {
	return simd.Pieces(j.outer.lanes, j.lanes) * simd.Pieces(j.shared.lanes, j.across)
}

func (j *tileJob) blocks() int { return j.lanes / blockLanes * (j.across / blockLanes) }

// packPieces is the number of pieces in which an operand is packed for all.
func (j *tileJob) packPieces(o *operand) int {
	return simd.Pieces(o.lanes, packLanes) * simd.Pieces(j.depth, packInner)
}

// runPack packs a piece of an operand for all.
func (j *tileJob) runPack(i int) {
	o, dst := &j.shared, j.packedShared
	if n := j.packPieces(o); i >= n {
		i, o, dst = i-n, &j.outer, j.packedOuter
	}
	across := simd.Pieces(j.depth, packInner)
	lane, p := i/across*packLanes, i%across*packInner
	o.pack(dst[lane/tileLanes*j.panel+p/tileInner*tileSize:], j.panel, lane, min(packLanes, o.lanes-lane), j.from+p, min(packInner, j.depth-p))
}

// runMultiply computes a piece of C, or its sums over a part of the inner dimension.
func (j *tileJob) runMultiply(i int) {
	across := simd.Pieces(j.shared.lanes, j.across)
	lane, other := i/across*j.lanes, i%across*j.across
	lanes, others := min(j.lanes, j.outer.lanes-lane), min(j.across, j.shared.lanes-other)
	own := ownTile.take()
	if own == nil {
		own = &ownTiles{block: aligned[float32](nil, blockElements)}
	}
	var outer []uint16
	if j.common {
		outer = j.packedOuter[lane/tileLanes*j.panel:]
	} else {
		own.packed = aligned(own.packed, simd.Pieces(lanes, tileLanes)*j.panel)
		outer = own.packed
		j.outer.pack(outer, j.panel, lane, lanes, j.from, j.depth)
	}
	shared := j.packedShared[other/tileLanes*j.panel:]
	t := tiles{panel: j.panel, sums: own.block, first: j.from == 0, last: j.from+j.depth == j.k}
	if t.cut() {
		t.sums = j.sums[i*j.blocks()*blockElements:]
	}
	if j.outer.pairs {
		t.a, t.b, t.product = shared, outer, j.part(other, others, lane, lanes)
	} else {
		t.a, t.b, t.product = outer, shared, j.part(lane, lanes, other, others)
	}
	t.multiply()
	if t.bias != nil && t.last {
		t.addBiasRows() // while the piece is in the cache
	}
	ownTile.put(own)
}

// tiles is a product of packed operands, or a part of it along the inner dimension.
type tiles struct {
	product[float32] // its A and B are not read
	a, b             []uint16
	panel            int
	sums             []float32 // a block; of a part, all blocks of C in the order of the kernel
	first, last      bool      // parts of the inner dimension
}

// cut reports whether it is a part.
func (t *tiles) cut() bool { return !t.first || !t.last }
