package workspace

import (
	"sync"

	"goomtrain/internal/simd"
)

// A Pool keeps the scratch memory of the workers of one kernel, pieces of type S: as many as are in use
// at once, however many tasks there are. Create makes a piece.
type Pool[S any] struct {
	Create func() *S

	mu   sync.Mutex
	free []*S
	made int
}

// For calls body(0), ..., body(n-1) in parallel as simd.For does, after it has made a piece for every
// worker there may be: Take in a body allocates nothing.
func (p *Pool[S]) For(n int, body func(i int)) {
	p.prepare(n)
	simd.For(n, body)
}

// ForRange is For by simd.ForRange: each call of body has up to grain tasks, for all of which one piece will do. Workers
// that take a piece for every short task wait for each other.
func (p *Pool[S]) ForRange(n, grain int, body func(lo, hi int)) {
	p.prepare(simd.Pieces(n, grain))
	simd.ForRange(n, grain, body)
}

// prepare makes a piece for each of the workers of n tasks.
func (p *Pool[S]) prepare(n int) {
	p.mu.Lock()
	for p.made < min(simd.Threads(), n) {
		p.free = append(p.free, p.Create())
		p.made++
	}
	p.mu.Unlock()
}

// Take returns a piece that nobody else uses; its contents are those of its last use.
func (p *Pool[S]) Take() *S {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		return s
	}
	p.made++
	return p.Create()
}

// Give takes a piece back.
func (p *Pool[S]) Give(s *S) {
	p.mu.Lock()
	p.free = append(p.free, s)
	p.mu.Unlock()
}
