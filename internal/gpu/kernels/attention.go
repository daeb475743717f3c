package kernels

import "goomtrain/internal/gpu"

// Rows is where one operand of an attention lies, as multihead.Rows: number j of head h at position t of batch element b is
// at place (b*T+t)*Stride + h*Step + j behind Data.
type Rows struct {
	Data   gpu.Ptr
	Stride int // from a position to the next
	Step   int // from a head to the next
}

// Packed returns an operand that has a tensor [B, T, heads*width] for itself.
func Packed(data gpu.Ptr, heads, width int) Rows { return Rows{data, heads * width, width} }

// SplitQKV cuts data [B, T, 2*H*K + H*V] into its three operands, as multihead.SplitQKV.
func SplitQKV(data gpu.Ptr, heads, keys, values int) (q, k, v Rows) {
	stride := heads * (2*keys + values)
	return Rows{data, stride, keys}, Rows{data.Add(heads * keys), stride, keys}, Rows{data.Add(2 * heads * keys), stride, values}
}

// AttentionSize is the size of an attention, as multihead.Size.
type AttentionSize struct {
	Batch, Queries, Keys, Heads, DKey, DValue int
	Causal                                    bool
}

// tasks returns B*H, the number of heads of all sequences.
func (s AttentionSize) tasks() int { return s.Batch * s.Heads }

// arguments are those of a launch of an attention. Each launch fills the same memory.
type arguments []uint64

// sizes begins with B, H, the lengths, the widths and whether it is causal.
func (a *arguments) sizes(s AttentionSize) {
	causal := 0
	if s.Causal {
		causal = 1
	}
	*a = (*a)[:0]
	a.ints(s.Heads, s.Batch, s.Queries, s.Keys, s.DKey, s.DValue, causal)
}

func (a *arguments) ints(n ...int) {
	for _, i := range n {
		*a = append(*a, gpu.Int(i))
	}
}

func (a *arguments) floats(f ...float32) {
	for _, x := range f {
		*a = append(*a, gpu.Float(x))
	}
}

func (a *arguments) rows(operands ...Rows) {
	for _, r := range operands {
		*a = append(*a, ptr(r.Data), uint64(r.Stride), uint64(r.Step))
	}
}

func (a *arguments) ptrs(p ...gpu.Ptr) {
	for _, p := range p {
		*a = append(*a, ptr(p))
	}
}
