package checkpoints

import (
	"math"
	"slices"
	"sync/atomic"

	"goomtrain/parallel"
	"goomtrain/params"
)

// pieceLength is the number of elements that are copied at a time: little enough that a goroutine that waits for a
// piece of another does not wait long.
const pieceLength = 1 << 15

// A snapshot is a copy of arrays that is made piece by piece: by a goroutine in the background, and by the owner of the
// arrays where it cannot wait. Its memory is reused by the next copy.
type snapshot struct {
	model, optimizer []params.Array // complete when done is closed

	pieces []piece
	taken  atomic.Int64 // pieces that somebody copies or has copied
	copied atomic.Int64
	bad    atomic.Bool // a weight is not finite
	done   chan struct{}
	body   func(int) // of a parallel loop
}

// A piece is a part of an array and its copy.
type piece struct {
	to, from any // to is nil where there is no copy
	lo, hi   int
	weights  bool
}

// reserve allocates the memory for arrays of these lengths and writes to all of it, which takes longer than the copy.
func (c *snapshot) reserve(model, optimizer []params.Array) {
	c.model, c.optimizer = fitted(c.model, model), fitted(c.optimizer, optimizer)
	for _, arrays := range [][]params.Array{c.model, c.optimizer} {
		for _, a := range arrays {
			switch data := a.Data.(type) {
			case []float32:
				clear(data)
			case []float64:
				clear(data)
			case []int64:
				clear(data)
			case []int32:
				clear(data)
			case []uint8:
				clear(data)
			}
		}
	}
}

// begin plans a copy. No copy may be in progress. Without keep the weights are not copied, but whether they are finite is
// found out all the same.
func (c *snapshot) begin(model, optimizer []params.Array, keep bool) {
	if keep {
		c.model = fitted(c.model, model)
	}
	c.optimizer = fitted(c.optimizer, optimizer)
	c.pieces = appendPieces(c.pieces[:0], c.model, model, true)
	c.pieces = appendPieces(c.pieces, c.optimizer, optimizer, false)
	c.taken.Store(0)
	c.copied.Store(0)
	c.bad.Store(false)
	c.done = make(chan struct{})
	if len(c.pieces) == 0 {
		close(c.done)
	}
	if c.body == nil {
		c.body = func(int) { c.copyNext() }
	}
}

func appendPieces(pieces []piece, to, from []params.Array, weights bool) []piece {
	for i, a := range from {
		_, n, _ := arrayType(a.Data) // checked by Submit
		one := piece{from: a.Data, weights: weights}
		if i < len(to) {
			one.to = to[i].Data
		}
		for one.lo = 0; one.lo < n; one.lo = one.hi {
			one.hi = min(one.lo+pieceLength, n)
			pieces = append(pieces, one)
		}
	}
	return pieces
}

// finish returns when everything is copied. It copies what nobody has begun, on all cores.
func (c *snapshot) finish() {
	if left := len(c.pieces) - int(c.taken.Load()); left > 0 {
		parallel.For(left, c.body)
	}
	<-c.done
}

// trickle copies on the caller's goroutine alone and returns when everything is copied.
func (c *snapshot) trickle() {
	for c.copyNext() {
	}
	<-c.done
}

// copyNext copies the next piece. It returns false if there is none.
func (c *snapshot) copyNext() bool {
	i := c.taken.Add(1) - 1
	if i >= int64(len(c.pieces)) {
		return false
	}
	if !c.pieces[i].copy() {
		c.bad.Store(true)
	}
	if c.copied.Add(1) == int64(len(c.pieces)) {
		close(c.done)
	}
	return true
}

// copy copies the piece. It returns false if it is of weights and has one that is not finite.
func (p *piece) copy() (finite bool) {
	switch from := p.from.(type) {
	case []float32:
		x := copyRange(p, from)
		return !p.weights || allFinite32(x)
	case []float64:
		x := copyRange(p, from)
		return !p.weights || allFinite64(x)
	case []int64:
		copyRange(p, from)
	case []int32:
		copyRange(p, from)
	case []uint8:
		copyRange(p, from)
	}
	return true
}

// copyRange returns the copy of the range of the piece, or the range itself where there is no copy.
func copyRange[T any](p *piece, from []T) []T {
	to, ok := p.to.([]T)
	if !ok {
		return from[p.lo:p.hi]
	}
	copy(to[p.lo:p.hi], from[p.lo:p.hi])
	return to[p.lo:p.hi]
}

// allFinite32 reports whether no number is NaN or infinite: adding 1 to an exponent whose bits are all set carries into
// the sign.
func allFinite32(x []float32) bool {
	carry := uint32(0)
	for _, v := range x {
		carry |= math.Float32bits(v)&(0xff<<23) + 1<<23
	}
	return carry>>31 == 0
}

// allFinite64 is allFinite32 for float64.
func allFinite64(x []float64) bool {
	carry := uint64(0)
	for _, v := range x {
		carry |= math.Float64bits(v)&(0x7ff<<52) + 1<<52
	}
	return carry>>63 == 0
}

// fitted returns dst with the names and shapes of src and memory for its data. It reuses that of dst where type and
// length are the same.
func fitted(dst, src []params.Array) []params.Array {
	for len(dst) < len(src) {
		dst = append(dst, params.Array{})
	}
	dst = dst[:len(src)]
	for i, a := range src {
		dst[i].Name, dst[i].Offset = a.Name, a.Offset
		dst[i].Shape = append(dst[i].Shape[:0], a.Shape...)
		dst[i].Whole = slices.Clone(a.Whole) // nil or not, as that of a
		dtype, n, _ := arrayType(a.Data)     // checked by Submit
		if own, length, _ := arrayType(dst[i].Data); own != dtype || length != n {
			dst[i].Data = newData(dtype, n)
		}
	}
	return dst
}
