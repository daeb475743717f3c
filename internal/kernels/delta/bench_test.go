package delta

import (
	"fmt"
	"math"
	"testing"
	"time"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
)

// BenchmarkPeer times what the PyTorch peers time, under the same names. The one form here stands beside all of PyTorch's.
// Ratios to PyTorch 2.14 (two AVX2 cores, EPYC; its faster form and thread count), forward and backward: delta rule 12, 13
// and 7.4 times at the three sizes, gated 13, 15 and 7.6, two steps a token 17.
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

// BenchmarkChunk compares the kernel, on one thread and one head of 512 tokens with decays, with nothing but the matrix
// products of the form by chunks of C tokens, the inverse being given: without its masks, exponentials, substitution,
// transpositions and sums, and with operands in the cache. x-forward and x-backward are the time of the products divided by that
// of the kernel, the best of many in alternation.
func BenchmarkChunk(b *testing.B) {
	defer simd.SetThreads(simd.Threads())
	simd.SetThreads(1)
	for _, width := range []int{32, 64, 128} {
		for _, tokens := range []int{16, 32, 64} {
			b.Run(fmt.Sprintf("k%d_v%d_c%d", width, width, tokens), func(b *testing.B) {
				c := problem{name: "chunk", b: 1, t: 512, sizes: Sizes{KeyHeads: 1, ValueHeads: 1, DKey: width, DValue: width}, gated: true, decay: 0.1}
				r := c.naive()
				k, x, out := New[float32](c.b, c.t, c.sizes), narrow[float32](r.X), newResult[float32](r)
				k.WantGradients()
				o, grad, do := out["o"], out.grad(r), kerneltest.Normal[float32]("do", len(out["o"]))
				rows, square, state, y := make([]float32, tokens*width), make([]float32, tokens*tokens), make([]float32, width*width), make([]float32, max(tokens, width)*max(tokens, width))
				// products of [C, K] or [C, V] with the state, with a [C, C] matrix, among themselves to [C, C], and to a state
				chunks := func(withState, withSquare, toSquare, toState int) {
					for range c.t / tokens {
						for range withState {
							matmul.Serial(false, false, tokens, width, width, 1, rows, width, state, width, 0, y, width)
						}
						for range withSquare {
							matmul.Serial(false, false, tokens, width, tokens, 1, square, tokens, rows, width, 0, y, width)
						}
						for range toSquare {
							matmul.Serial(false, true, tokens, tokens, width, 1, rows, width, rows, width, 0, y, tokens)
						}
						for range toState {
							matmul.Serial(true, false, width, width, tokens, 1, rows, width, rows, width, 0, y, width)
						}
					}
				}
				calls := []func(){
					func() { chunks(2, 3, 2, 1) }, func() { k.Forward(o, x, nil) },
					func() { chunks(4, 6, 3, 2) }, func() { k.Backward(grad, x, do, nil, nil) },
				}
				best := make([]time.Duration, len(calls))
				for i := range best {
					best[i] = math.MaxInt64
				}
				for b.Loop() {
					for i, call := range calls {
						start := time.Now()
						call()
						best[i] = min(best[i], time.Since(start))
					}
				}
				b.ReportMetric(float64(best[0])/float64(best[1]), "x-forward")
				b.ReportMetric(float64(best[2])/float64(best[3]), "x-backward")
				b.ReportMetric(float64(best[1])/float64(c.t), "ns/token-forward")
			})
		}
	}
}
