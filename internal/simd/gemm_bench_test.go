package simd

import (
	"fmt"
	"testing"
	"time"

	"goomtrain/internal/simd/peak"
)

// A machine's clock and neighbours vary by tens of per cent, so a benchmark of products times the product
// and the machine's peak alternately and reports the best of each, and their ratio. b.N is the number of
// such rounds: use -benchtime 50x or so. The program in the folder compare does the same against OpenBLAS.
//
// Measured on a Sapphire Rapids virtual machine with two cores shared with other work (peak 70-86 GFLOP/s a
// core with 256-bit vectors), against OpenBLAS 0.3.21's kernels for the same vectors:
//
//	                       one core: of peak, x OpenBLAS   two cores: of peak, x OpenBLAS
//	n = 256                0.93, 1.02-1.06                 0.64-0.85, 0.97-1.29
//	n = 512                0.82-0.89, 0.95-1.06            0.70-0.79, 0.99-1.11
//	n = 1024               0.81-0.84, 0.91-0.92            0.69-0.75, 0.95-1.07
//	1024 x 16^3            0.34-0.74, 1.7-2.2              0.32-0.48, 3.1-4.7
//	1024 x 32^3            0.60-0.77, 1.65-2.1             0.5-0.8, 2.1-3.5
//	1024 x 64^3            0.77-0.87, 1.6-1.7              0.66-0.76, 2.7-3.0
//	2048 x 512 x 128 NT    0.88, 1.05                      0.76, 1.32
//	8192 x 256 x 256 NT    0.90, 1.06                      0.79, 1.17
//	16384 x 64 x 64 NT     0.78, 1.15                      0.68, 1.34
//	16384 x 1024 x 256 NN  0.91, 1.02                      0.92, 1.10
//	512 x 128 x 2048 TN    0.82, 0.99                      0.61, 1.16
//	64 x 64 x 16384 TN     0.71, 1.00                      0.47, 1.14
//	128 x 50304 x 128 NT   0.73, 1.00                      0.60, 1.07
//	1 x 512 x 512 NT       39 GFLOP/s, 11                  48 GFLOP/s, 13

// ratioToPeak reports GFLOP/s of f, which does flops operations on so many threads, and the ratio to the
// peak of as many cores.
func ratioToPeak(b *testing.B, flops float64, threads int, f func()) {
	SetThreads(threads)
	defer SetThreads(0)
	f()
	repeat := int(max(1, 1e6/flops)) // short products in groups of about 10 µs
	best, top := 0.0, 0.0
	for b.Loop() {
		top = max(top, peak.GFLOPS())
		start := time.Now()
		for range repeat {
			f()
		}
		best = max(best, float64(repeat)*flops/float64(time.Since(start).Nanoseconds()))
	}
	b.ReportMetric(best, "GFLOP/s")
	if top > 0 {
		b.ReportMetric(best/(top*float64(threads)), "of-peak")
	}
}

func ones(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

var layouts = []struct {
	name           string
	transA, transB bool
}{{"NN", false, false}, {"NT", false, true}, {"TN", true, false}, {"TT", true, true}}

func benchmarkShape(b *testing.B, m, n, k int, transA, transB bool, threads int) {
	x, y, c := ones(m*k), ones(k*n), ones(m*n)
	_, lda := stored(transA, m, k)
	_, ldb := stored(transB, k, n)
	ratioToPeak(b, 2*float64(m)*float64(n)*float64(k), threads, func() {
		Gemm(transA, transB, m, n, k, 1, x, lda, y, ldb, 0, c, n)
	})
}

func BenchmarkGemm(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, n := range []int{32, 64, 128, 256, 512, 1024} {
			for _, l := range layouts {
				b.Run(fmt.Sprintf("%dcore/%s/%d", threads, l.name, n), func(b *testing.B) {
					benchmarkShape(b, n, n, n, l.transA, l.transB, threads)
				})
			}
		}
	}
}

// The shapes of training: activations [B*T, in] times weights [out, in] (NT), gradients of activations
// (NN) and of weights (TN), and heads of a large vocabulary.
func BenchmarkGemmTraining(b *testing.B) {
	shapes := []struct {
		m, n, k        int
		transA, transB bool
	}{
		{2048, 64, 64, false, true}, {2048, 128, 128, false, true}, {2048, 512, 128, false, true}, {2048, 128, 512, false, true},
		{2048, 256, 128, false, false}, {8192, 256, 256, false, true}, {16384, 64, 64, false, true}, {16384, 256, 1024, false, true}, {16384, 1024, 256, false, false},
		{128, 128, 2048, true, false}, {512, 128, 2048, true, false}, {256, 256, 8192, true, false}, {64, 64, 16384, true, false},
		{128, 50304, 128, false, true}, {128, 128, 50304, false, false},
	}
	for _, threads := range []int{1, 2} {
		for _, s := range shapes {
			name := fmt.Sprintf("%dcore/%dx%dx%d/", threads, s.m, s.n, s.k)
			for _, l := range layouts {
				if l.transA == s.transA && l.transB == s.transB {
					b.Run(name+l.name, func(b *testing.B) { benchmarkShape(b, s.m, s.n, s.k, s.transA, s.transB, threads) })
				}
			}
		}
	}
}

func BenchmarkGemmBatched(b *testing.B) {
	const count = 1024
	for _, threads := range []int{1, 2} {
		for _, s := range [][3]int{{8, 8, 8}, {16, 16, 16}, {32, 32, 32}, {64, 64, 64}, {64, 32, 64}} {
			for _, l := range layouts {
				b.Run(fmt.Sprintf("%dcore/%s/%dx%dx%d", threads, l.name, s[0], s[1], s[2]), func(b *testing.B) {
					m, n, k := s[0], s[1], s[2]
					x, y, c := ones(count*m*k), ones(count*k*n), ones(count*m*n)
					_, lda := stored(l.transA, m, k)
					_, ldb := stored(l.transB, k, n)
					ratioToPeak(b, 2*count*float64(m*n*k), threads, func() {
						GemmBatched(count, l.transA, l.transB, m, n, k, 1, x, lda, m*k, y, ldb, k*n, 0, c, n, m*n)
					})
				})
			}
		}
	}
}

// One step of a recurrence, and one token through a layer: overheads and bandwidth, not arithmetic.
func BenchmarkGemmSerial(b *testing.B) {
	for _, s := range [][3]int{{1, 16, 16}, {8, 16, 16}, {32, 16, 16}, {16, 32, 32}, {8, 128, 128}} {
		for _, transB := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dx%dx%d/transB=%v", s[0], s[1], s[2], transB), func(b *testing.B) {
				m, n, k := s[0], s[1], s[2]
				x, y, c := ones(m*k), ones(k*n), ones(m*n)
				_, ldb := stored(transB, k, n)
				ratioToPeak(b, 2*float64(m*n*k), 1, func() { GemmSerial(false, transB, m, n, k, 1, x, k, y, ldb, 0, c, n) })
			})
		}
	}
}

func BenchmarkGemmVector(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, s := range [][3]int{{1, 128, 128}, {1, 512, 512}, {1, 2048, 2048}, {1, 50304, 128}, {4, 512, 512}} {
			for _, transB := range []bool{false, true} {
				b.Run(fmt.Sprintf("%dcore/%dx%dx%d/transB=%v", threads, s[0], s[1], s[2], transB), func(b *testing.B) {
					benchmarkShape(b, s[0], s[1], s[2], false, transB, threads)
				})
			}
		}
	}
}
