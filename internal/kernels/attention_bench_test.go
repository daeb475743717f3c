package kernels

import (
	"fmt"
	"testing"
)

// taylorPeers are configurations that PyTorch runs under the same names.
var taylorPeers = []struct {
	name       string
	h, t, d, p int
}{
	{"h8_t512_d8_p4", 8, 512, 8, 4},
	{"h8_t128_d16_p4", 8, 128, 16, 4},
}

// BenchmarkPeer runs Taylor attention as PyTorch does under the same names: taylor_attention in the form
// that the cost model chooses, taylor_attention_quadratic in that form, and one token of a stream.
// PyTorch 1.13 on the same two cores, in alternation, forward and backward: h8_t512_d8_p4 173 ms by features
// and 61 ms by scores beside 3.3 to 4.3 ms here (40 and 14 times); h8_t128_d16_p4 3.2 ms by scores
// beside 0.57 to 0.60 ms (5.4 times); a token 290 and 530 to 770 µs beside 6.4 to 10 and 30 to 38 µs
// (29 to 45, and 14 to 25 times).
func BenchmarkPeer(b *testing.B) {
	for _, c := range taylorPeers {
		size := AttentionSize{Batch: 1, Queries: c.t, Keys: c.t, Heads: c.h, DKey: c.d, DValue: c.d, Causal: true}
		benchmarkAttention(b, "taylor_attention/"+c.name, size, taylorKernel[float32]{NewTaylor[float32](size, c.p, false)})
		benchmarkAttention(b, "taylor_attention_quadratic/"+c.name, size, taylorKernel[float32]{newTaylor[float32](size, c.p, false)})
		benchmarkAttention(b, "taylor_attention_chunked/"+c.name, size, taylorKernel[float32]{newTaylor[float32](size, c.p, true)})
		b.Run(fmt.Sprintf("taylor_attention/%s/streaming", c.name), func(b *testing.B) {
			one := size
			one.Queries, one.Keys = 1, 1
			k, carry := NewTaylor[float32](one, c.p, true), NewTaylorCarry[float32](1, c.h, c.d, c.d, c.p)
			x, y := normal[float32]("x", 3*c.h*c.d), make([]float32, c.h*c.d)
			q, keys, v := SplitQKV(x, c.h, c.d, c.d)
			for range 1000 {
				k.Forward(y, q, keys, v, carry)
			}
			for b.Loop() {
				k.Forward(y, q, keys, v, carry)
			}
		})
	}
}

func benchmarkAttention(b *testing.B, name string, size AttentionSize, k attentionKernel[float32]) {
	x := normal[float32]("x", size.Batch*size.Keys*size.Heads*(2*size.DKey+size.DValue))
	y, dx := make([]float32, size.Batch*size.Queries*size.Heads*size.DValue), make([]float32, len(x))
	dy := normal[float32]("dy", len(y))
	q, keys, v := SplitQKV(x, size.Heads, size.DKey, size.DValue)
	dq, dk, dv := SplitQKV(dx, size.Heads, size.DKey, size.DValue)
	b.Run(name+"/forward", func(b *testing.B) {
		for b.Loop() {
			k.forward(y, q, keys, v)
		}
	})
	b.Run(name+"/forward_backward", func(b *testing.B) {
		for b.Loop() {
			k.forward(y, q, keys, v)
			k.Backward(dq, dk, dv, q, keys, v, y, dy)
		}
	})
}

// BenchmarkTaylorForms measures both forms around the crossing that the cost model sees.
func BenchmarkTaylorForms(b *testing.B) {
	for _, c := range [][2]int{{8, 3}, {8, 4}, {8, 5}, {16, 3}, {16, 4}, {32, 3}} {
		for _, t := range []int{256, 1024, 4096} {
			size := AttentionSize{Batch: 1, Queries: t, Keys: t, Heads: 2, DKey: c[0], DValue: c[0], Causal: true}
			for _, chunked := range []bool{false, true} {
				benchmarkAttention(b, fmt.Sprintf("d%d_p%d_t%d_chunked=%v_model=%v", c[0], c[1], t, chunked, TaylorCost(size, c[1]).Chunked()),
					size, taylorKernel[float32]{newTaylor[float32](size, c[1], chunked)})
			}
		}
	}
}
