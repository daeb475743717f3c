package delta

import (
	"fmt"
	"math"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
)

// BenchmarkPeer times what torch_peers2.py times, under the same names. The one form here stands beside all of PyTorch's.
func BenchmarkPeer(b *testing.B) {
	short := [][5]int{{8, 256, 4, 32, 32}, {4, 512, 8, 32, 32}} // B, T, H, K, V
	long := append(short, [5]int{1, 2048, 8, 64, 64})
	for _, c := range []struct {
		op    string
		sizes [][5]int
		steps int
		gated bool
	}{
		{"delta_rule_recurrent", short, 1, false},
		{"delta_rule_chunked", long, 1, false},
		{"delta_rule_chunked_blocks", long, 1, false},
		{"delta_rule_chunked_by_hand", long, 1, false},
		{"gated_delta_rule_chunked", long, 1, true},
		{"delta_product_chunked", short[:1], 2, true},
	} {
		for _, s := range c.sizes {
			name := fmt.Sprintf("%s/b%d_t%d_h%d_k%d_v%d", c.op, s[0], s[1], s[2], s[3], s[4])
			if c.steps > 1 {
				name += fmt.Sprintf("_n%d", c.steps)
			}
			benchmarkRule(b, name, s, c.steps, c.gated)
		}
	}
}

func benchmarkRule(b *testing.B, name string, s [5]int, steps int, gated bool) {
	c := problem{name: name, b: s[0], t: s[1], sizes: Sizes{KeyHeads: s[2], ValueHeads: s[2], DKey: s[3], DValue: s[4], Steps: steps}, gated: gated}
	r := c.naive()
	for i, x := range kerneltest.Normal[float64]("gates", len(r.X.G)) {
		r.X.G[i] = -math.Log1p(math.Exp(-x)) / 16
	}
	k, x, out := New[float32](c.b, c.t, c.sizes), narrow[float32](r.X), newResult[float32](r)
	o, grad, do := out["o"], out.grad(r), kerneltest.Normal[float32]("do", len(out["o"]))
	measure := func(kind string, call func()) {
		b.Run(name+"/"+kind, func(b *testing.B) {
			call()
			for b.Loop() {
				call()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ms/op")
		})
	}
	measure("forward", func() { k.Forward(o, x, nil) })
	k.WantGradients()
	measure("forward_backward", func() {
		k.Forward(o, x, nil)
		k.Backward(grad, x, do, nil, nil)
	})
}

// BenchmarkToken times one token of a stream.
func BenchmarkToken(b *testing.B) {
	for _, width := range []int{32, 64, 128} {
		b.Run(fmt.Sprintf("b1_h8_k%d_v%d", width, width), func(b *testing.B) {
			c := problem{name: "token", b: 1, t: 1, sizes: Sizes{KeyHeads: 8, ValueHeads: 8, DKey: width, DValue: width}, gated: true, decay: 0.1}
			r := c.naive()
			k, x, o, carry := New[float32](c.b, c.t, c.sizes), narrow[float32](r.X), make([]float32, 8*width), NewCarry[float32](c.b, c.sizes)
			for b.Loop() {
				k.Forward(o, x, carry)
			}
		})
	}
}
