package kernels

import (
	"fmt"
	"math"
	"math/bits"

	"goomtrain/internal/gpu"
)

var taylor = gpu.Module{Name: "taylor"}

// MaxTaylorWidth is the largest width of keys and values of Taylor attention.
const MaxTaylorWidth = 512

// Taylor is the twin of taylor.Kernel, without a carry.
type Taylor struct {
	s *gpu.Scope
	AttentionSize
	arguments
	terms        int
	span         int           // keys that are scored together; 0: none
	lanes        int           // of a row, as a power of two
	block        int           // rows of a block
	inverse, dot gpu.Ptr       // [B, H, Tq] 1/z and -dy . y / z
	states       *taylorStates // nil if all keys are scored

	forward, backwardKeys, backwardQueries gpu.Function
}

// NewTaylor returns the kernel of that number of terms, from 1 to 8, in the form that takes less time. Keys and values have at
// most MaxTaylorWidth numbers.
func NewTaylor(s *gpu.Scope, size AttentionSize, terms int) *Taylor {
	return newTaylor(s, size, terms, taylorChunk(size, terms))
}

// newTaylor returns the kernel that scores keys inside chunks of so many positions, or all of them if chunk is 0.
func newTaylor(s *gpu.Scope, size AttentionSize, terms, chunk int) *Taylor {
	k := &Taylor{s: s, AttentionSize: size, terms: terms, span: size.Keys}
	widest, each := max(size.DKey, size.DValue), 16
	switch {
	case widest > MaxTaylorWidth:
		s.Fail(fmt.Errorf("gpu: Taylor attention has keys of %d and values of %d numbers: a GPU has them up to %d", size.DKey, size.DValue, MaxTaylorWidth))
		return k
	case widest <= 8:
		each = 8
	}
	if chunk > 0 {
		k.states = newTaylorStates(s, size, terms, chunk)
		if k.span = chunk; !size.Causal {
			k.span = 0 // all keys are in the state
		}
	}
	k.lanes = bits.Len(uint((widest+each-1)/each - 1))
	k.block = 256 >> k.lanes
	rows := size.tasks() * size.Queries
	k.inverse, k.dot = s.Alloc(rows), s.Alloc(rows)
	f := func(name string) gpu.Function { return s.Function(&taylor, fmt.Sprintf("taylor_%s_%d", name, each)) }
	k.forward, k.backwardKeys, k.backwardQueries = f("forward"), f("backward_keys"), f("backward_queries")
	return k
}

// Forward writes y [B, Tq, H*V].
func (k *Taylor) Forward(y gpu.Ptr, q, keys, values Rows) {
	var earlier gpu.Ptr
	if k.states != nil {
		earlier = k.states.forward(q, keys, values)
	}
	k.begin()
	k.rows(q, keys, values)
	k.ptrs(y, k.inverse, earlier)
	k.launch(k.forward, k.Queries)
}

// Backward writes dq, dk and dv of the last Forward, whose operands it is given again.
func (k *Taylor) Backward(dq, dk, dv, q, keys, values Rows, y, dy gpu.Ptr) {
	out, grad := Packed(y, k.Heads, k.DValue), Packed(dy, k.Heads, k.DValue)
	k.begin()
	k.rows(q, keys, values, out, grad)
	k.ptrs(k.inverse, k.dot)
	k.rows(dq)
	k.launch(k.backwardQueries, k.Queries)
	k.begin()
	k.rows(q, keys, values, grad)
	k.ptrs(k.inverse, k.dot)
	k.rows(dk, dv)
	k.launch(k.backwardKeys, k.Keys)
	if k.states != nil {
		k.states.backward(dq, dk, dv, q, keys, values, grad, k.inverse, k.dot)
	}
}

// begin begins the arguments of a kernel of taylor.cu.
func (k *Taylor) begin() {
	k.sizes(k.AttentionSize)
	k.ints(k.terms, k.span, k.lanes)
	k.floats(taylorScale(k.DKey))
}

// launch starts it, with blocks for that many rows of each head.
func (k *Taylor) launch(f gpu.Function, rows int) {
	k.s.Launch(f, gpu.Line((rows+k.block-1)/k.block*k.tasks()), gpu.Line(128), k.arguments...)
}

// taylorScale is the factor of queries and of keys.
func taylorScale(width int) float32 { return float32(math.Pow(float64(width), -0.25)) }

// taylorChunk returns the length of the chunks of the form by features, or 0 for that by scores. It counts the instructions of a
// position of one head, forward and backward, and asks for a third less by features, since that form has more kernels with less
// to do in parallel.
func taylorChunk(size AttentionSize, terms int) int {
	if size.DKey > taylorFeatureWidth {
		return 0
	}
	features := 1.0 // C(K+P-1, P-1)
	for p := 1; p < terms; p++ {
		features = features * float64(size.DKey+p) / float64(p)
	}
	chunk := 256
	for float64(64*chunk) < features*float64(size.DValue+1) { // that many numbers of a state
		if chunk *= 2; chunk >= size.Keys {
			return 0
		}
	}
	width := (max(size.DKey, size.DValue) + 7) / 8 * 8
	lanes := (width + 15) / 16
	pair := 11*float64(width) + float64(lanes*(5*terms+27)) // of a query and a key
	seen, inside, outside := float64(size.Keys), 0.0, 1.0
	if size.Causal {
		seen, inside = seen/2, float64(chunk)/2
		outside = 1 - float64(chunk)/float64(size.Keys)
	}
	feature := 7*float64((size.DValue+7)/8*8) + float64(6*terms+20)
	if seen*pair <= 1.5*(inside*pair+outside*features*feature) {
		return 0
	}
	return chunk
}
