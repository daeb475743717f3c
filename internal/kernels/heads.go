package kernels

import (
	"fmt"
	"math"
	"sync"

	"goomtrain/internal/simd"
)

// Rows is where one operand of an attention lies. Number j of head h at position t of batch element b,
// of an operand with T positions whose heads have W numbers, is
//
//	Data[(b*T+t)*Stride + Offset + h*W + j]
//
// so that queries, keys and values may be three tensors [B, T, H*W] or three parts of the rows of one.
type Rows[F simd.Float] struct {
	Data           []F
	Stride, Offset int
}

// Packed is an operand that has a tensor for itself: heads*width numbers a row.
func Packed[F simd.Float](data []F, heads, width int) Rows[F] {
	return Rows[F]{Data: data, Stride: heads * width}
}

// SplitQKV cuts rows [q, k, v] of H*K, H*K and H*V numbers into their three operands.
func SplitQKV[F simd.Float](data []F, heads, keys, values int) (q, k, v Rows[F]) {
	stride := heads * (2*keys + values)
	return Rows[F]{data, stride, 0}, Rows[F]{data, stride, heads * keys}, Rows[F]{data, stride, 2 * heads * keys}
}

// at is the operand from position t of batch element b on, head h; its rows are Stride apart.
func (r Rows[F]) at(b, t, time, h, width int) []F {
	return r.Data[(b*time+t)*r.Stride+r.Offset+h*width:]
}

// AttentionSize is the shape of an attention: H heads of width K for queries and keys and V for values,
// over B sequences of Queries positions that look at Keys positions. A causal query looks at no key
// after it, and then the two lengths are equal.
type AttentionSize struct {
	Batch, Queries, Keys int // B, T of queries, T of keys and values
	Heads, DKey, DValue  int // H, K, V
	Causal               bool
}

func (s AttentionSize) check(name string) {
	if s.Batch < 1 || s.Queries < 1 || s.Keys < 1 || s.Heads < 1 || s.DKey < 1 || s.DValue < 1 || s.Causal && s.Queries != s.Keys {
		panic(fmt.Sprintf("kernels: %s of size %+v: want positive sizes, and equal lengths if causal", name, s))
	}
}

// tasks is the number of heads of all sequences, each of which is computed by one worker.
func (s AttentionSize) tasks() int { return s.Batch * s.Heads }

// pool keeps the scratch memory of the workers of one kernel: as many pieces as can be in use at once,
// whatever the number of tasks.
type pool[S any] struct {
	mu     sync.Mutex
	create func() *S
	free   []*S
	made   int
}

// reserve makes the pieces for n concurrent users, so that take allocates nothing.
func (p *pool[S]) reserve(n int) {
	for p.made < n {
		p.free = append(p.free, p.create())
		p.made++
	}
}

func (p *pool[S]) take() *S {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		return s
	}
	p.made++
	return p.create()
}

func (p *pool[S]) give(s *S) {
	p.mu.Lock()
	p.free = append(p.free, s)
	p.mu.Unlock()
}

// poison makes scratch memory NaN when it is made: tests set it, to see what is read before it is
// written.
var poison bool

// scratch makes memory that is written before it is read.
func scratch[F simd.Float](n int) []F {
	x := make([]F, n)
	if poison {
		for i := range x {
			x[i] = F(math.NaN())
		}
	}
	return x
}
