package kernels

import (
	"fmt"
	"testing"
)

// logBench is an attention of random numbers.
func logBench(b, h, t, k, v int) *logRun[float32] {
	c := logCase{name: "peer", b: b, h: h, tq: t, k: k, v: v}
	a, dy, dEnd := c.naive()
	return newLogRun[float32](c, a, dy, dEnd)
}

func (r *logRun[F]) bench(b *testing.B, name string, gradients bool) {
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

// BenchmarkPeer runs the configuration that PyTorch runs under the same name.
func BenchmarkPeer(b *testing.B) {
	r := logBench(4, 8, 512, 32, 32)
	const name = "log_attention/b4_h8_t512_k32_v32"
	r.bench(b, name+"/forward", false)
	r.bench(b, name+"/forward_backward", true)
}

// BenchmarkLogAttentionLength: the time per token does not depend on the length.
func BenchmarkLogAttentionLength(b *testing.B) {
	for _, t := range []int{512, 4096, 65536} {
		logBench(1, 4, t, 32, 32).bench(b, fmt.Sprintf("t%d/forward_backward", t), true)
	}
}
