package matmul

import (
	"sync"
	"unsafe"

	"goomtrain/internal/simd/floats"
)

// scratch is one goroutine's memory for packed blocks of A and of B.
type scratch[F floats.Float] struct{ a, b []F }

// grow returns a slice of n elements, in x's own memory if that is large enough.
func grow[F floats.Float](x []F, n int) []F {
	if cap(x) < n {
		return make([]F, n+n/4)[:n]
	}
	return x[:n]
}

// freeList keeps values for reuse. Unlike a sync.Pool it is not emptied by the garbage collector, so a steady state
// allocates nothing.
type freeList[T any] struct {
	mu   sync.Mutex
	free []*T
}

// take returns a value of the list, or nil if it is empty.
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

func jobs[F floats.Float]() *freeList[job[F]] {
	if floats.Single[F]() {
		return (*freeList[job[F]])(unsafe.Pointer(&jobs32))
	}
	return (*freeList[job[F]])(unsafe.Pointer(&jobs64))
}

func scratches[F floats.Float]() *freeList[scratch[F]] {
	if floats.Single[F]() {
		return (*freeList[scratch[F]])(unsafe.Pointer(&scratches32))
	}
	return (*freeList[scratch[F]])(unsafe.Pointer(&scratches64))
}

func takeJob[F floats.Float]() *job[F] {
	j := jobs[F]().take()
	if j == nil {
		j = new(job[F])
		j.directPiece, j.packPiece, j.sharedPiece, j.ownPiece = j.runDirect, j.runPack, j.runShared, j.runOwn
		j.sharedSpan = j.runSharedSpan
		j.chunkPiece, j.addPiece = j.runChunk, j.runAdd
		j.batchPiece, j.vectorPiece, j.rowsPiece = j.runBatchPiece, j.runVector, j.runRowsPiece
	}
	j.width, j.first = 0, 0
	return j
}

// release gives the job back. It drops the operands, which would otherwise stay in memory.
func (j *job[F]) release() {
	j.product = product[F]{}
	jobs[F]().put(j)
}

func takeScratch[F floats.Float]() *scratch[F] {
	if s := scratches[F]().take(); s != nil {
		return s
	}
	return new(scratch[F])
}

func (s *scratch[F]) release() { scratches[F]().put(s) }
