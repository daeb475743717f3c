package kernels

import (
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/multihead"
)

func narrow(x []float64) []float32 { return kerneltest.Narrow[float32](x) }

// attentionKernel is what the attentions have in common.
type attentionKernel interface {
	Forward(y gpu.Ptr, q, keys, values Rows)
	Backward(dq, dk, dv, q, keys, values Rows, y, dy gpu.Ptr)
}

// attention runs a kernel on three operands, and returns its output and gradients.
func attention(b bench, k attentionKernel, size multihead.Size, q, keys, values, dy []float32) (y, dq, dk, dv []float32) {
	out := room(b, len(dy))
	rows := func(p gpu.Ptr, width int) Rows { return Packed(p, size.Heads, width) }
	operands := [3]Rows{rows(put(b, q), size.DKey), rows(put(b, keys), size.DKey), rows(put(b, values), size.DValue)}
	grads := [3]Rows{rows(room(b, len(q)), size.DKey), rows(room(b, len(keys)), size.DKey), rows(room(b, len(values)), size.DValue)}
	k.Forward(out, operands[0], operands[1], operands[2])
	k.Backward(grads[0], grads[1], grads[2], operands[0], operands[1], operands[2], out, put(b, dy))
	return get[float32](b, out, len(dy)), get[float32](b, grads[0].Data, len(q)), get[float32](b, grads[1].Data, len(keys)), get[float32](b, grads[2].Data, len(values))
}

// testPacked fails unless operands in one tensor give the same bits as three.
func testPacked(t *testing.T, size multihead.Size, create func(s *gpu.Scope) attentionKernel) {
	t.Helper()
	n, h := size.Batch*size.Queries, size.Heads
	width := h * (2*size.DKey + size.DValue)
	packed, dy := normal(1, n*width), normal(2, n*h*size.DValue)
	parts := func(x []float32) (out [3][]float32) {
		for r := range n {
			row := x[r*width : (r+1)*width]
			out[0] = append(out[0], row[:h*size.DKey]...)
			out[1] = append(out[1], row[h*size.DKey:2*h*size.DKey]...)
			out[2] = append(out[2], row[2*h*size.DKey:]...)
		}
		return out
	}
	in := parts(packed)
	three := newBench(t)
	y, dq, dk, dv := attention(three, create(three.Scope), size, in[0], in[1], in[2], dy)
	b := newBench(t)
	k := create(b.Scope)
	out, qkv, grad := room(b, len(dy)), put(b, packed), room(b, len(packed))
	q, keys, values := SplitQKV(qkv, h, size.DKey, size.DValue)
	gq, gk, gv := SplitQKV(grad, h, size.DKey, size.DValue)
	k.Forward(out, q, keys, values)
	k.Backward(gq, gk, gv, q, keys, values, out, put(b, dy))
	got := parts(get[float32](b, grad, len(packed)))
	same(t, "y", get[float32](b, out, len(dy)), y)
	same(t, "dq", got[0], dq)
	same(t, "dk", got[1], dk)
	same(t, "dv", got[2], dv)
}
