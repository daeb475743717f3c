package logattention

import (
	"fmt"
	"testing"
)

// benchTrial is an attention of random numbers.
func benchTrial(b, h, t, k, v int) *trial[float32] {
	c := problem{name: "peer", b: b, h: h, tq: t, k: k, v: v}
	a, dy, dEnd := c.naive()
	return newTrial[float32](c, a, dy, dEnd)
}

func (r *trial[F]) bench(b *testing.B, name string, gradients bool) {
	if gradients {
		r.kernel.WantGradients()
	}
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			r.kernel.Forward(r.y, r.sign, r.x, nil)
			if gradients {
				r.kernel.Backward(r.d, r.x, r.dy, nil, nil)
			}
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/op")
		s := r.kernel.size
		b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N*s.Batch*s.Heads*s.Queries), "ns/token-head")
	})
}

// BenchmarkLogAttention: the time per token does not depend on the length. BenchmarkPeer, on the whole op,
// is in package layers.
func BenchmarkLogAttention(b *testing.B) {
	for _, t := range []int{512, 4096, 65536} {
		r := benchTrial(1, 4, t, 32, 32)
		r.bench(b, fmt.Sprintf("t%d/forward", t), false)
		r.bench(b, fmt.Sprintf("t%d/forward_backward", t), true)
	}
}
