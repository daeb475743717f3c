package kernels

import (
	"fmt"

	"goomtrain/internal/gpu"
)

var taylorFeatures = gpu.Module{Name: "taylor_features"}

// taylorFeatureWidth is the largest width of keys that has features.
const taylorFeatureWidth = 32

// taylorStates computes what queries get from the keys of earlier chunks, and keys from the queries of later ones, by sums of
// features. If it is not causal, it is what they get from all of them.
type taylorStates struct {
	s    *gpu.Scope
	size AttentionSize
	arguments
	terms, features, chunk int
	blocks                 int                                                    // of the sums of a chunk
	tables                 struct{ coefficients, monomials, tiles, runs gpu.Ptr } // of planTaylor
	memory                 *gpu.Shared                                            // states [B, H, slots, m, V+1], then sums [B, H, Tq, V+1]

	sums, scan, read, readQueries, readKeys gpu.Function
}

// newTaylorStates returns the states of chunks of so many positions, a multiple of 256.
func newTaylorStates(s *gpu.Scope, size AttentionSize, terms, chunk int) *taylorStates {
	p := planTaylor(size.DKey, terms)
	k := &taylorStates{s: s, size: size, terms: terms, features: len(p.coefficients), chunk: chunk}
	each := 16
	if size.DValue <= 8 {
		each = 8
	}
	k.blocks = (k.features + 255) / 256 * ((size.DValue + each - 1) / each)
	k.tables.coefficients, k.tables.monomials = upload(s, p.coefficients), upload(s, p.monomials)
	k.tables.tiles, k.tables.runs = upload(s, p.tiles), upload(s, p.runs)
	k.memory = s.Share(k.states() + size.tasks()*size.Queries*(size.DValue+1))
	f := func(name string) gpu.Function {
		return s.Function(&taylorFeatures, fmt.Sprintf("taylor_%s_%d", name, each))
	}
	k.sums, k.read, k.readQueries, k.readKeys = f("sums"), f("read"), f("read_queries"), f("read_keys")
	k.scan = s.Function(&taylorFeatures, "taylor_scan")
	return k
}

// upload copies a table to new memory.
func upload[T float32 | int32 | uint64](s *gpu.Scope, table []T) gpu.Ptr {
	words := gpu.Words(table)
	p := s.Alloc(len(words))
	s.Write(p, words)
	return p
}

// slots returns how many states a head has for so many positions.
func (k *taylorStates) slots(time int) int {
	chunks := (time + k.chunk - 1) / k.chunk
	if k.size.Causal {
		return chunks - 1 // nothing is after the last
	}
	return chunks
}

// skip returns where the first chunk begins that has others before it.
func (k *taylorStates) skip() int {
	if k.size.Causal {
		return k.chunk
	}
	return 0
}

// numbers returns how many numbers a state has.
func (k *taylorStates) numbers() int { return k.features * (k.size.DValue + 1) }

// states returns how many numbers all states have.
func (k *taylorStates) states() int {
	return k.size.tasks() * k.slots(max(k.size.Queries, k.size.Keys)) * k.numbers()
}

// forward returns the address of the sums of [w v, w], [B, H, Tq, V+1]. It does not write those of the first chunk of a causal
// attention.
func (k *taylorStates) forward(q, keys, values Rows) gpu.Ptr {
	k.sum(k.size.Keys, 0, keys, values, 0, 0, false)
	out := k.memory.Ptr().Add(k.states())
	k.begin(k.size.Queries, k.slots(k.size.Keys))
	k.launchRead(k.read, k.skip(), k.size.Queries, q, func() { k.ptrs(out) })
	return out
}

// backward adds to dq, dk and dv. inverse and dot are those of Taylor.
func (k *taylorStates) backward(dq, dk, dv, q, keys, values, dy Rows, inverse, dot gpu.Ptr) {
	k.sum(k.size.Keys, 0, keys, values, 0, 0, false)
	k.begin(k.size.Queries, k.slots(k.size.Keys))
	k.launchRead(k.readQueries, k.skip(), k.size.Queries, q, func() {
		k.rows(dy)
		k.ptrs(inverse, dot)
		k.rows(dq)
	})
	slots, end := k.slots(k.size.Queries), k.size.Keys
	if k.size.Causal {
		end = slots * k.chunk
	}
	k.sum(k.size.Queries, k.skip(), q, dy, inverse, dot, k.size.Causal)
	k.begin(k.size.Keys, slots)
	k.launchRead(k.readKeys, 0, end, keys, func() { k.rows(values, dk, dv) })
}

// sum makes the states of x and v, which begin at position offset: each has the chunks up to its own, or with reverse from its
// own on.
func (k *taylorStates) sum(time, offset int, x, v Rows, factors, last gpu.Ptr, reverse bool) {
	slots, states := k.slots(time), k.memory.Ptr()
	k.begin(time, slots)
	k.ints(offset)
	k.rows(x, v)
	k.ptrs(factors, last, k.tables.monomials, states)
	k.s.Launch(k.sums, gpu.Line(k.blocks*slots*k.size.tasks()), gpu.Line(128), k.arguments...)
	all, backwards := k.size.tasks()*k.numbers(), 0
	if reverse {
		backwards = 1
	}
	k.s.Launch(k.scan, flat(all), gpu.Line(threads), uint64(all), uint64(k.numbers()), gpu.Int(k.size.DValue+1), gpu.Int(slots), gpu.Int(backwards),
		ptr(k.tables.coefficients), ptr(states))
}

// begin begins the arguments of a kernel on x of so many positions.
func (k *taylorStates) begin(time, slots int) {
	k.arguments = k.arguments[:0]
	k.ints(k.size.Heads, k.size.Batch, time, k.size.DKey, k.size.DValue, k.terms, k.features, k.chunk, slots)
	k.floats(taylorScale(k.size.DKey))
}

// launchRead starts a kernel that reads states, after begin, for positions from offset on and before end.
func (k *taylorStates) launchRead(f gpu.Function, offset, end int, x Rows, further func()) {
	one := 1
	if k.size.Causal {
		one = 0
	}
	k.ints(offset, end, one)
	k.rows(x)
	k.ptrs(k.tables.tiles, k.tables.runs, k.memory.Ptr())
	further()
	k.s.Launch(f, gpu.Line((end-offset+127)/128*k.size.tasks()), gpu.Line(128), k.arguments...)
}
