package simd

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"goomtrain/internal/simd/simdtest"
)

// Measured on the machine of matmul/bench_test.go, whose speed varies by a factor of two, in G elements a second of
// slices of 4096: Exp 1.9, Log 1.3, Log1p 1.3, Sigmoid 0.9, LogSigmoid 0.7, Tanh 1.0, ExpSum 1.6, Sum 26,
// Max 16, MaxAbs 16, Dot 18. Out of cache, relative to the time of copying as many bytes: GLU 1.0 to 1.1 in rows of 64,
// 1.1 of 256, 1.2 of 1024, backward 0.9; LayerNorm 1.45, 1.0, 1.2, backward 1.0 to 1.5, 1.0, 1.1; AdamW 0.5; Sum and Max
// 1.0 to 1.1. Sum and Max read 13 GB/s in a run in which copying moves 14: both are bound by the number of cache misses
// that one core can have outstanding.

// perElement reports G elements a second of f on n elements, the best of b.N rounds.
func perElement(b *testing.B, n int, f func()) {
	f()
	repeat := max(1, 20000/max(1, n))
	best := math.Inf(1)
	for b.Loop() {
		start := time.Now()
		for range repeat {
			f()
		}
		best = min(best, float64(time.Since(start).Nanoseconds())/float64(repeat))
	}
	b.ReportMetric(float64(n)/best, "Gelem/s")
	b.ReportMetric(best, "ns/call")
}

func BenchmarkFunctions(b *testing.B) {
	for _, f := range append(slices.Clone(expLog), sigmoids...) {
		for _, n := range []int{16, 64, 256, 4096} {
			b.Run(fmt.Sprintf("%s/%d", f.name, n), func(b *testing.B) {
				x, y := make([]float32, n), make([]float32, n)
				for i := range x {
					x[i] = 0.01 + float32(i%97)/10
				}
				perElement(b, n, func() { f.f(y, x) })
			})
		}
	}
	for _, n := range []int{16, 64, 256, 4096} {
		x, y := simdtest.Ones(n), make([]float32, n)
		b.Run(fmt.Sprintf("ExpSum/%d", n), func(b *testing.B) { perElement(b, n, func() { ExpSum(y, x, 1) }) })
		b.Run(fmt.Sprintf("CrossEntropy/%d", n), func(b *testing.B) { perElement(b, n, func() { CrossEntropy(x, 0) }) })
		b.Run(fmt.Sprintf("CrossEntropyBackward/%d", n), func(b *testing.B) { perElement(b, n, func() { CrossEntropyBackward(y, x, 0, 1) }) })
	}
}

func BenchmarkReductions(b *testing.B) {
	for _, n := range []int{16, 64, 256, 4096, 64 << 20} {
		x, y := simdtest.Ones(n), simdtest.Ones(n)
		b.Run(fmt.Sprintf("Sum/%d", n), func(b *testing.B) { perElement(b, n, func() { Sum(x) }) })
		b.Run(fmt.Sprintf("Max/%d", n), func(b *testing.B) { perElement(b, n, func() { Max(x) }) })
		b.Run(fmt.Sprintf("MaxAbs/%d", n), func(b *testing.B) { perElement(b, n, func() { MaxAbs(x) }) })
		b.Run(fmt.Sprintf("Dot/%d", n), func(b *testing.B) { perElement(b, n, func() { Dot(x, y) }) })
		b.Run(fmt.Sprintf("ScaleAddMaxAbs/%d", n), func(b *testing.B) { perElement(b, n, func() { ScaleAddMaxAbs(y, 0.5, x, 0.5, x) }) })
	}
}

// against reports the time of f relative to that of copying as many bytes as f touches, half of them read and half
// written. It times both alternately and takes the best of the rounds.
func against(b *testing.B, bytes int, f func()) {
	src, dst := simdtest.Ones(bytes/8), simdtest.Ones(bytes/8)
	f()
	fast, plain := math.Inf(1), math.Inf(1)
	for b.Loop() {
		start := time.Now()
		f()
		fast = min(fast, float64(time.Since(start).Nanoseconds()))
		start = time.Now()
		copy(dst, src)
		plain = min(plain, float64(time.Since(start).Nanoseconds()))
	}
	b.ReportMetric(fast/plain, "x-copy")
	b.ReportMetric(float64(bytes)/fast, "GB/s")
}

// The fused rows on far more memory than the caches hold.
func BenchmarkRowsOutOfCache(b *testing.B) {
	for _, d := range []int{64, 256, 1024} {
		rows := 32 << 20 / d // 128 MiB an array
		x, y, dy := simdtest.Ones(rows*d), simdtest.Ones(rows*d), simdtest.Ones(rows*d)
		w, v, dw, dv := simdtest.Ones(d), simdtest.Ones(d), simdtest.Ones(d), simdtest.Ones(d)
		mean, rstd := make([]float32, rows), make([]float32, rows)
		b.Run(fmt.Sprintf("LayerNorm/%d", d), func(b *testing.B) {
			against(b, 2*4*rows*d, func() { LayerNormRows(y, x, w, v, mean, rstd, 1e-5) })
		})
		b.Run(fmt.Sprintf("LayerNormBackward/%d", d), func(b *testing.B) {
			against(b, 3*4*rows*d, func() {
				for i := range rows {
					LayerNormBackward(y[i*d:(i+1)*d], dy[i*d:(i+1)*d], x[i*d:(i+1)*d], w, 1, 1, dw, dv)
				}
			})
		})
		half := rows / 2 * d
		b.Run(fmt.Sprintf("GLU/%d", d), func(b *testing.B) { against(b, 3*4*half, func() { GLURows(y[:half], x[:2*half], d) }) })
		b.Run(fmt.Sprintf("GLUBackward/%d", d), func(b *testing.B) {
			against(b, 5*4*half, func() { GLUBackwardRows(y[:2*half], dy[:half], x[:2*half], d) })
		})
	}
	n := 16 << 20
	value, grad, m, v := simdtest.Ones(n), simdtest.Ones(n), simdtest.Ones(n), simdtest.Ones(n)
	step := AdamWStep[float32]{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: 0.1, Correction1: 0.1, Correction2: 0.01, GradScale: 1}
	b.Run("AdamW", func(b *testing.B) { against(b, 7*4*n, func() { AdamW(value, grad, m, v, step) }) })
	b.Run("Sum", func(b *testing.B) { against(b, 4*n, func() { Sum(value) }) })
	b.Run("Max", func(b *testing.B) { against(b, 4*n, func() { Max(value) }) })
	b.Run("Scale", func(b *testing.B) { against(b, 2*4*n, func() { Scale(value, 1, grad) }) })
}

// BenchmarkParts times the parts of linear-attention layers on more memory than the caches hold: norms of rows of heads, SiLU
// and the short convolution.
func BenchmarkParts(b *testing.B) {
	const n = 4 << 20
	x, y, dy := simdtest.Ones(n), simdtest.Ones(n), simdtest.Ones(n)
	for _, d := range []int{8, 16, 32, 64, 256} {
		w, dw, rstd := simdtest.Ones(d), simdtest.Ones(d), make([]float32, n/d)
		b.Run(fmt.Sprintf("RMSNorm/%d", d), func(b *testing.B) { against(b, 2*4*n, func() { RMSNormRows(y, x, w, rstd, 1, 1) }) })
		b.Run(fmt.Sprintf("L2Norm/%d", d), func(b *testing.B) { against(b, 2*4*n, func() { RMSNormRows(y, x, nil, rstd, 1, 1) }) })
		b.Run(fmt.Sprintf("RMSNormBackward/%d", d), func(b *testing.B) {
			against(b, 3*4*n, func() { RMSNormBackwardRows(y, dy, x, w, rstd, 1, dw) })
		})
		b.Run(fmt.Sprintf("L2NormBackward/%d", d), func(b *testing.B) {
			against(b, 3*4*n, func() { RMSNormBackwardRows(y, dy, x, nil, rstd, 1, nil) })
		})
	}
	b.Run("SiLU", func(b *testing.B) { against(b, 2*4*n, func() { SiLU(y, x) }) })
	b.Run("SiLUGate", func(b *testing.B) { against(b, 3*4*n, func() { SiLUGate(y, x, dy) }) })
	b.Run("SiLUGateBackward", func(b *testing.B) {
		against(b, 5*4*n/2, func() { SiLUGateBackward(y[:n/2], y[n/2:], dy[:n/2], x[:n/2], dy[n/2:]) })
	})
	const taps, width = 4, 128
	w, bias, rows := simdtest.Ones(taps*width), simdtest.Ones(width), n/width-taps
	s := ConvShape{Rows: rows, Taps: taps, StrideDst: width, StrideDY: width, StrideSrc: width, StrideW: width}
	b.Run("Conv", func(b *testing.B) { against(b, 2*4*n, func() { Conv(y, x, w, bias, s) }) })
	b.Run("ConvSiLU", func(b *testing.B) { against(b, 2*4*n, func() { ConvSiLU(y, x, w, bias, s) }) })
	b.Run("ConvSiLUBackward", func(b *testing.B) { against(b, 3*4*n, func() { ConvSiLUBackward(y, dy, x, w, bias, s) }) })
	b.Run("ConvWeights", func(b *testing.B) { against(b, 2*4*n, func() { ConvWeights(w, dy, x, width, s) }) })
	b.Run("AddProducts", func(b *testing.B) { against(b, 2*4*n, func() { AddProducts(w[:width], x, dy, rows, width, width) }) })
}

// BenchmarkDotRows reads the states of a token's heads, [V+1, M] each.
func BenchmarkDotRows(b *testing.B) {
	for _, s := range [][3]int{{1, 9, 165}, {8, 9, 165}, {1, 17, 969}, {8, 17, 969}, {1, 33, 6545}} {
		heads, rows, n := s[0], s[1], s[2]
		stride := (n + 7) / 8 * 8
		a, x, dst := simdtest.Ones(heads*rows*stride), simdtest.Ones(n), simdtest.Ones(rows)
		b.Run(fmt.Sprintf("%d_heads_%dx%d", heads, rows, n), func(b *testing.B) {
			perElement(b, heads*rows*n, func() {
				for h := range heads {
					DotRows(dst, x, a[h*rows*stride:], stride)
				}
			})
		})
	}
}
