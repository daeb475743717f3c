package kernels

import (
	"goomtrain/internal/gpu"
)

var (
	logAttention         = gpu.Module{Name: "logattention"}
	logAttentionBackward = gpu.Module{Name: "logattention_backward"}
)

// LogAttention is the twin of logattention.Kernel for causal self-attention on packed operands, without signs and without a
// carry.
type LogAttention struct {
	s                                *gpu.Scope
	tasks, time, heads, keys, values int // B*H, T, H, K, V
	chunks                           int

	scratch                          *gpu.Shared // what only Forward needs, without WantGradients
	kept                             gpu.Ptr     // the same and more for Backward, or 0
	states, refs, top, p, weak, sums int         // places in it, in words
	words                            int
	back                             *gpu.Shared // D and the adjoints of the states

	maxima, absorb, scan, references, read, readWeak           gpu.Function
	adjoint, scanBack, reverseKeys, reverseValues, reverseWeak gpu.Function
}

// logChunk and logTile are CHUNK and TILE of logattention.h.
const (
	logChunk = 64
	logTile  = 32
)

// NewLogAttention returns the kernel for qkv [B, T, H*(2K+V)], which has the query, key and value of each head in turn, and
// y [B, T, H*V].
func NewLogAttention(s *gpu.Scope, batch, time, heads, keys, values int) *LogAttention {
	k := &LogAttention{s: s, tasks: batch * heads, time: time, heads: heads, keys: keys, values: values, chunks: pieces(time, logChunk)}
	matrix, rows := k.keys*(k.values+1), k.tasks*k.time
	place := func(words int) int {
		at := k.words
		k.words += pieces(words, 64) * 64
		return at
	}
	k.states = place(2 * k.tasks * (k.chunks + 1) * matrix)
	k.refs = place(k.tasks * k.chunks * (2*keys + values))
	k.top = place(rows)
	k.p = place(k.tasks * k.chunks * matrix)
	k.weak = place(rows * pieces(values, logTile))
	k.sums = k.words
	k.scratch = s.Share(k.words)
	f := func(name string) gpu.Function { return s.Function(&logAttention, "logattention_"+name) }
	k.maxima, k.absorb, k.scan, k.references, k.read, k.readWeak = f("maxima"), f("absorb"), f("scan"), f("references"), f("read"), f("read_weak")
	return k
}

// WantGradients makes every later Forward keep what Backward needs.
func (k *LogAttention) WantGradients() {
	k.kept = k.s.Alloc(k.words + 2*k.tasks*k.time*(k.values+1))
	k.back = k.s.Share(2 * k.tasks * k.chunks * k.keys * (k.values + 1))
	f := func(name string) gpu.Function { return k.s.Function(&logAttentionBackward, "logattention_"+name) }
	k.adjoint, k.scanBack = f("adjoint"), f("scan_back")
	k.reverseKeys, k.reverseValues, k.reverseWeak = f("reverse_keys"), f("reverse_values"), f("reverse_weak")
}

// launch starts a kernel with a block for each chunk, or for so many tiles of each.
func (k *LogAttention) launch(f gpu.Function, tiles int, args ...gpu.Ptr) {
	all := [16]uint64{gpu.Int(k.time), gpu.Int(k.heads), gpu.Int(k.keys), gpu.Int(k.values)}
	for i, p := range args {
		all[4+i] = ptr(p)
	}
	k.s.Launch(f, gpu.Dim{X: k.tasks * k.chunks, Y: tiles, Z: 1}, gpu.Line(threads), all[:4+len(args)]...)
}

// Forward writes y.
func (k *LogAttention) Forward(y, qkv gpu.Ptr) {
	memory, sums := k.kept, gpu.Ptr(0)
	if memory == 0 {
		memory = k.scratch.Ptr()
	} else {
		sums = memory.Add(k.sums)
	}
	states, refs, top, p, weak := memory.Add(k.states), memory.Add(k.refs), memory.Add(k.top), memory.Add(k.p), memory.Add(k.weak)
	matrix, tilesK, tilesV := k.keys*(k.values+1), pieces(k.keys, logTile), pieces(k.values, logTile)
	k.launch(k.maxima, 1, qkv, refs)
	k.launch(k.absorb, tilesK*tilesV, qkv, refs, states)
	k.s.Launch(k.scan, flat(k.tasks*matrix), gpu.Line(threads), gpu.Int(k.tasks), gpu.Int(k.chunks), gpu.Int(matrix), ptr(states))
	k.launch(k.references, 1, qkv, states, refs, top, p)
	k.launch(k.read, tilesV, qkv, refs, top, p, y, weak, sums)
	k.launch(k.readWeak, 1, qkv, states, weak, y, sums)
}

// Backward writes the gradient of qkv, which is that of the last Forward.
func (k *LogAttention) Backward(dqkv, qkv, dy gpu.Ptr) {
	matrix, tilesK, tilesV := k.keys*(k.values+1), pieces(k.keys, logTile), pieces(k.values, logTile)
	states, refs, top, p, weak := k.kept.Add(k.states), k.kept.Add(k.refs), k.kept.Add(k.top), k.kept.Add(k.p), k.kept.Add(k.weak)
	sums, adjoint := k.kept.Add(k.sums), k.back.Ptr()
	d := adjoint.Add(k.tasks * k.chunks * matrix)
	k.launch(k.adjoint, tilesK*tilesV, qkv, states, refs, top, p, weak, sums, dy, adjoint)
	k.s.Launch(k.scanBack, flat(k.tasks*matrix), gpu.Line(threads), gpu.Int(k.tasks), gpu.Int(k.chunks), gpu.Int(k.keys), gpu.Int(k.values),
		ptr(states), ptr(refs), ptr(adjoint), ptr(d))
	k.launch(k.reverseKeys, tilesK, qkv, refs, top, p, d, weak, sums, dy, dqkv)
	k.launch(k.reverseValues, tilesV, qkv, refs, top, d, weak, sums, dy, dqkv)
	k.launch(k.reverseWeak, 1, qkv, states, adjoint, weak, sums, dy, dqkv)
}

// pieces returns how many pieces of that size n is cut into.
func pieces(n, size int) int { return (n + size - 1) / size }
