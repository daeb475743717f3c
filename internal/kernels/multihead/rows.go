package multihead

import "goomtrain/internal/simd"

// Rows is where one operand of an attention lies. Number j of head h at position t of batch element b,
// of an operand with T positions, is
//
//	Data[(b*T+t)*Stride + Offset + h*Step + j]
//
// so queries, keys and values may be three tensors or three parts of the rows of one tensor.
type Rows[F simd.Float] struct {
	Data   []F
	Stride int // from a position to the next
	Offset int // of head 0 in a row
	Step   int // from a head to the next
}

// Packed returns an operand that has a tensor [B, T, heads*width] for itself.
func Packed[F simd.Float](data []F, heads, width int) Rows[F] {
	return Rows[F]{Data: data, Stride: heads * width, Step: width}
}

// SplitQKV cuts data [B, T, 2*H*K + H*V] into its three operands: a row has the queries of all heads,
// then their keys, then their values.
func SplitQKV[F simd.Float](data []F, heads, keys, values int) (q, k, v Rows[F]) {
	stride := heads * (2*keys + values)
	return Rows[F]{data, stride, 0, keys}, Rows[F]{data, stride, heads * keys, keys}, Rows[F]{data, stride, 2 * heads * keys, values}
}

// SplitHeads cuts data [B, T, H*(2*K+V)] into its three operands: a row has the query, key and value of
// the first head, then those of the second, and so on.
func SplitHeads[F simd.Float](data []F, heads, keys, values int) (q, k, v Rows[F]) {
	step := 2*keys + values
	stride := heads * step
	return Rows[F]{data, stride, 0, step}, Rows[F]{data, stride, keys, step}, Rows[F]{data, stride, 2 * keys, step}
}

// From returns the operand of T = time positions from position t of batch element b on, head h; its
// rows are Stride apart.
func (r *Rows[F]) From(b, t, time, h int) []F {
	return r.Start(b*time+t, h)
}

// Start returns the operand from row b*T + t on, head h; its rows are Stride apart.
func (r *Rows[F]) Start(row, h int) []F { return r.Data[row*r.Stride+r.Offset+h*r.Step:] }

// Row returns the numbers of head h, of that width, in row b*T + t.
func (r *Rows[F]) Row(row, h, width int) []F {
	at := row*r.Stride + r.Offset + h*r.Step
	return r.Data[at : at+width : at+width]
}
