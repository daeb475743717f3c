package matmul

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/peak"
	"goomtrain/internal/simd/simdtest"
)

// The speed of a machine varies by tens of percent with its clock and its neighbors, so a benchmark of products times
// the product and the machine's peak alternately and reports the best of each, and their ratio. b.N is the number of
// such rounds: use -benchtime 50x or so. The program in the folder compare does the same against OpenBLAS.
//
// Measured on a Sapphire Rapids virtual machine with two cores shared with other work (peak 140-160 GFLOP/s a
// core with 512-bit vectors, 70-86 with 256), against OpenBLAS 0.3.21 with its kernels for 256 bits (Haswell)
// and for 512 (SkylakeX):
//
//	                       one core                            two cores
//	                       GFLOP/s  of peak  x 256b  x 512b    GFLOP/s  of peak  x 256b  x 512b
//	n = 256                126      0.85     1.6     1.1       203      0.72     1.6     1.1
//	n = 512                118      0.84     1.75    1.02      225      0.77     1.6     1.04
//	n = 1024               116      0.83     1.6     0.98      228      0.74     1.5     0.96
//	1024 x 16^3            65       0.41     2.2     0.8-2.4   130      0.42     4.9     1.8-4.4
//	1024 x 32^3            82       0.52     2.0     0.8-2.3   161      0.51     4.0     1.5-3.5
//	1024 x 64^3            84       0.62     2.1     0.9-1.6   174      0.64     3.8     1.7-2.9
//	2048 x 512 x 128 NT    121      0.80     1.7     1.0       233      0.84     1.9     1.2
//	8192 x 256 x 256 NT    119      0.86     1.7     1.1       238      0.88     1.9     1.1
//	16384 x 64 x 64 NT     92       0.65     1.7     1.15      190      0.61     2.1     1.5
//	16384 x 1024 x 256 NN  117      0.86     1.7     1.0       229      0.74     1.7     1.0
//	512 x 128 x 2048 TN    112      0.78     1.7     1.04      224      0.80     2.0     1.4
//	64 x 64 x 16384 TN     91       0.65     1.55    1.2       183      0.62     2.4     1.7
//	128 x 50304 x 128 NT   86       0.62     1.5     1.04      173      0.61     1.5     1.07
//	1 x 512 x 512 NT       44       0.28     11      -         65       0.21     14      -
//
// Batches, products with 64 columns and products over the vocabulary are bound by memory. With 256-bit vectors
// (GODEBUG=cpu.avx512f=off) products reach 0.8-0.93 of that peak on one core.

// ratioToPeak reports GFLOP/s of f, which does flops operations on so many threads, and the ratio to the
// peak of as many cores.
func ratioToPeak(b *testing.B, flops float64, threads int, f func()) {
	simd.SetThreads(threads)
	defer simd.SetThreads(0)
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

var layouts = []struct {
	name           string
	transA, transB bool
}{{"NN", false, false}, {"NT", false, true}, {"TN", true, false}, {"TT", true, true}}

func benchmarkShape(b *testing.B, m, n, k int, transA, transB bool, threads int) {
	x, y, c := simdtest.Ones(m*k), simdtest.Ones(k*n), simdtest.Ones(m*n)
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

// trainingShapes are products of activations [B*T, in] and weights [out, in] (NT), the gradients of activations (NN) and of
// weights (TN), and heads of a large vocabulary.
var trainingShapes = []struct {
	m, n, k int
	layout  string
}{
	{2048, 64, 64, "NT"}, {2048, 128, 128, "NT"}, {2048, 512, 128, "NT"}, {2048, 128, 512, "NT"},
	{2048, 256, 128, "NN"}, {8192, 256, 256, "NT"}, {16384, 64, 64, "NT"}, {16384, 256, 1024, "NT"}, {16384, 1024, 256, "NN"},
	{128, 128, 2048, "TN"}, {512, 128, 2048, "TN"}, {256, 256, 8192, "TN"}, {64, 64, 16384, "TN"},
	{128, 50304, 128, "NT"}, {128, 128, 50304, "NN"},
	{256, 3072, 768, "NT"}, {256, 768, 3072, "NT"}, {256, 3072, 768, "NN"}, {256, 1024, 2048, "TN"}, {1024, 256, 2048, "TN"}, {256, 1536, 1024, "TN"},
}

// BenchmarkGemmTraining times products of training.
//
// The last six, of GPT-2 and of width 256, were slow: B was packed for all cores, which wrote and read megabytes, because C or A
// was a little too large for the other ways. On two cores of a Xeon of the Sapphire Rapids class with AVX-512, -benchtime 30x,
// medians of three rounds by turns, in GFLOP/s:
//
//	                      before  with larger bounds
//	256 x 3072 x 768 NT   191     281
//	256 x 768 x 3072 NT   205     268
//	256 x 3072 x 768 NN   198     276
//	256 x 1024 x 2048 TN  201     269
//	1024 x 256 x 2048 TN  251     274
//	256 x 1536 x 1024 TN  214     258
//
// With them GPT-2 of 124 million weights trains 1.15 times as fast (batch 4 of 64 tokens; median of six pairs of runs of six steps, 0.9
// to 1.45 on a busy machine). To fetch the next block of the inner dimension during the current one gained nothing.
func BenchmarkGemmTraining(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, s := range trainingShapes {
			b.Run(fmt.Sprintf("%dcore/%dx%dx%d/%s", threads, s.m, s.n, s.k, s.layout), func(b *testing.B) {
				benchmarkShape(b, s.m, s.n, s.k, s.layout[0] == 'T', s.layout[1] == 'T', threads)
			})
		}
	}
}

// BenchmarkGemmOften times products in quick succession, as a step makes them: helpers do not sleep between two, as they do
// in the benchmarks above. A and C are the same every time, or ten by turns, which then come from memory.
//
// Measured on a virtual machine with two cores of a Xeon of the Sapphire Rapids class with AVX-512, best of three rounds, in
// GFLOP/s (480 are the peak of both cores). Before: B was packed for all threads in a loop of its own whatever the size, and
// the kernels fetched their tile of C when they began it and left A to the machine:
//
//	                              before  now
//	64 x 256 x 256 NN              70     280
//	64 x 256 x 256 NT             115     255
//	64 x 256 x 512 TN             220     300
//	512 x 64 x 256 NT             255     355
//	512 x 256 x 64 NN             280     350
//	256 x 256 x 128 TN            220     290
//	4096 x 512 x 128 NT by turns  300     330
//	4096 x 384 x 128 NT by turns  305     330
//	4096 x 128 x 128 NT by turns  320     335
//	4096 x 128 x 512 NT by turns  310     330
func BenchmarkGemmOften(b *testing.B) {
	for _, s := range []struct {
		m, n, k, turns int
		layout         string
	}{
		{64, 256, 256, 1, "NN"}, {64, 256, 256, 1, "NT"}, {64, 256, 512, 1, "TN"}, {512, 64, 256, 1, "NT"}, {512, 256, 64, 1, "NN"}, {256, 256, 128, 1, "TN"},
		{4096, 512, 128, 10, "NT"}, {4096, 384, 128, 10, "NT"}, {4096, 128, 128, 10, "NT"}, {4096, 128, 512, 10, "NT"},
	} {
		transA, transB := s.layout[0] == 'T', s.layout[1] == 'T'
		_, lda := stored(transA, s.m, s.k)
		_, ldb := stored(transB, s.k, s.n)
		var x, c [][]float32
		for range s.turns {
			x, c = append(x, simdtest.Ones(s.m*s.k)), append(c, simdtest.Ones(s.m*s.n))
		}
		y := simdtest.Ones(s.k * s.n)
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dcore/%dx%dx%d/%s", threads, s.m, s.n, s.k, s.layout), func(b *testing.B) {
				simd.SetThreads(threads)
				defer simd.SetThreads(0)
				for i := 0; b.Loop(); i = (i + 1) % s.turns {
					Gemm(transA, transB, s.m, s.n, s.k, 1, x[i], lda, y, ldb, 0, c[i], s.n)
				}
				b.ReportMetric(2*float64(s.m*s.n*s.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

// BenchmarkMixed times products in bfloat16 and in float32 by turns and reports the best of each, and their ratio.
//
// Measured on a virtual machine with two cores of a Xeon of the Sapphire Rapids class with AMX, -benchtime 40x (GFLOP/s; the
// tiles alone reach 2600 on a core without any loads, and 1800 from the first cache):
//
//	                       one core            two cores
//	                       GFLOP/s  x float32  GFLOP/s  x float32
//	n = 1024               850      4.8-5.5    1360     4.5-4.7
//	2048 x 64 x 64 NT      610      3.6        710      2.4
//	2048 x 128 x 128 NT    720      4.2        1380     4.0
//	2048 x 512 x 128 NT    800      4.3        1510     4.3
//	2048 x 128 x 512 NT    710      4.0        1400     4.3
//	8192 x 256 x 256 NT    1100     5.8        1890     5.2
//	16384 x 64 x 64 NT     350      2.3        610      2.2
//	16384 x 256 x 1024 NT  720      4.2        1390     4.2
//	16384 x 1024 x 256 NN  560      3.6        1100     3.6
//	128 x 128 x 2048 TN    410      2.8        720      2.4
//	512 x 128 x 2048 TN    480      3.1        860      2.8
//	256 x 256 x 8192 TN    540      3.3        870      2.7
//	64 x 64 x 16384 TN     300      2.3        350      1.4
//	128 x 50304 x 128 NT   390      3.0        990      3.5
//	128 x 128 x 50304 NN   340      2.5        590      2.2
//
// Packing and C are bound by memory: the fewer sums an element takes part in, the less is gained. Products by AVX512-BF16
// without tiles would gain nothing: a loop of VDPBF16PS on registers makes 112 GFLOP/s on a core, one of float32
// multiply-adds 222.
func BenchmarkMixed(b *testing.B) {
	shapes := append(slices.Clone(trainingShapes), trainingShapes[:3]...)
	for i, layout := range []string{"NN", "NT", "TN"} {
		s := &shapes[len(trainingShapes)+i]
		s.m, s.n, s.k, s.layout = 1024, 1024, 1024, layout
	}
	for _, threads := range []int{1, 2} {
		for _, s := range shapes {
			b.Run(fmt.Sprintf("%dcore/%dx%dx%d/%s", threads, s.m, s.n, s.k, s.layout), func(b *testing.B) {
				simd.SetThreads(threads)
				defer simd.SetThreads(0)
				defer SetPrecision(Float32)
				transA, transB := s.layout[0] == 'T', s.layout[1] == 'T'
				x, y, c := simdtest.Ones(s.m*s.k), simdtest.Ones(s.k*s.n), simdtest.Ones(s.m*s.n)
				_, lda := stored(transA, s.m, s.k)
				_, ldb := stored(transB, s.k, s.n)
				var best [2]float64
				for b.Loop() {
					for _, p := range []Precision{Float32, BFloat16} {
						SetPrecision(p)
						start := time.Now()
						Mixed(transA, transB, s.m, s.n, s.k, x, lda, y, ldb, nil, 0, nil, c, s.n)
						best[p] = max(best[p], 2*float64(s.m)*float64(s.n)*float64(s.k)/float64(time.Since(start).Nanoseconds()))
					}
				}
				b.ReportMetric(best[BFloat16], "GFLOP/s")
				b.ReportMetric(best[BFloat16]/best[Float32], "x-float32")
			})
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
					x, y, c := simdtest.Ones(count*m*k), simdtest.Ones(count*k*n), simdtest.Ones(count*m*n)
					_, lda := stored(l.transA, m, k)
					_, ldb := stored(l.transB, k, n)
					ratioToPeak(b, 2*count*float64(m*n*k), threads, func() {
						Batched(count, l.transA, l.transB, m, n, k, 1, x, lda, m*k, y, ldb, k*n, 0, c, n, m*n)
					})
				})
			}
		}
	}
}

// The products of a step of a recurrence and of one token through a layer, which measure overhead and bandwidth.
func BenchmarkSerial(b *testing.B) {
	for _, s := range [][3]int{{1, 16, 16}, {8, 16, 16}, {32, 16, 16}, {16, 32, 32}, {8, 128, 128}} {
		for _, transB := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dx%dx%d/transB=%v", s[0], s[1], s[2], transB), func(b *testing.B) {
				m, n, k := s[0], s[1], s[2]
				x, y, c := simdtest.Ones(m*k), simdtest.Ones(k*n), simdtest.Ones(m*n)
				_, ldb := stored(transB, k, n)
				ratioToPeak(b, 2*float64(m*n*k), 1, func() { Serial(false, transB, m, n, k, 1, x, k, y, ldb, 0, c, n) })
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
