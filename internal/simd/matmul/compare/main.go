// Command compare times package matmul against OpenBLAS in one process, alternately, and prints GFLOP/s of both
// (best of the rounds), their ratio, and the ratio of matmul's to the machine's peak, measured in the same rounds. It needs a C compiler and Debian's libopenblas-dev, hence its own module:
//
//	cd internal/simd/matmul/compare && go run . [-rounds 50] [-threads 1] [-only 256]
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"syscall"
	"time"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/matmul"
	"goomtrain/internal/simd/peak"
)

// shape is count products of m x k by k x n.
type shape struct {
	count, m, n, k int
	transA, transB bool
}

func (s shape) lda() int {
	if s.transA {
		return s.m
	}
	return s.k
}

func (s shape) ldb() int {
	if s.transB {
		return s.k
	}
	return s.n
}

func (s shape) String() string {
	letter := map[bool]string{false: "N", true: "T"}
	return fmt.Sprintf("%d x %dx%dx%d %s%s", s.count, s.m, s.n, s.k, letter[s.transA], letter[s.transB])
}

func (s shape) flops() float64 {
	return 2 * float64(s.count) * float64(s.m) * float64(s.n) * float64(s.k)
}

func shapes() (all []shape) {
	for _, n := range []int{32, 64, 128, 256, 512, 1024} {
		for trans := range 4 {
			all = append(all, shape{1, n, n, n, trans&1 != 0, trans&2 != 0})
		}
	}
	for _, n := range []int{8, 16, 32, 64} {
		for trans := range 4 {
			all = append(all, shape{1024, n, n, n, trans&1 != 0, trans&2 != 0})
		}
	}
	return append(all,
		shape{1024, 64, 32, 64, false, false},
		shape{1, 2048, 64, 64, false, true}, shape{1, 2048, 512, 128, false, true}, shape{1, 8192, 256, 256, false, true},
		shape{1, 16384, 64, 64, false, true}, shape{1, 16384, 256, 1024, false, true}, shape{1, 16384, 1024, 256, false, false},
		shape{1, 512, 128, 2048, true, false}, shape{1, 256, 256, 8192, true, false}, shape{1, 64, 64, 16384, true, false},
		shape{1, 128, 50304, 128, false, true}, shape{1, 128, 128, 50304, false, false},
		shape{1, 1, 512, 512, false, true}, shape{1, 1, 50304, 128, false, true})
}

func ours(s shape, a, b, c []float32) {
	if s.count == 1 {
		matmul.Gemm(s.transA, s.transB, s.m, s.n, s.k, 1, a, s.lda(), b, s.ldb(), 0, c, s.n)
		return
	}
	matmul.Batched(s.count, s.transA, s.transB, s.m, s.n, s.k, 1, a, s.lda(), s.m*s.k, b, s.ldb(), s.k*s.n, 0, c, s.n, s.m*s.n)
}

// filled returns numbers between -1 and 1 without a pattern that would favor either side.
func filled(n int) []float32 {
	x := make([]float32, n)
	state := uint32(1)
	for i := range x {
		state = state*1664525 + 1013904223
		x[i] = float32(int32(state)) / (1 << 31)
	}
	return x
}

// rate is the best of GFLOP/s seen so far and of one more group of calls.
func rate(best, flops float64, repeat int, f func()) float64 {
	f() // wakes threads that have gone to sleep
	start := time.Now()
	for range repeat {
		f()
	}
	return max(best, flops*float64(repeat)/float64(time.Since(start).Nanoseconds()))
}

func measure(s shape, rounds, threads int) {
	a, b := filled(s.count*s.m*s.k), filled(s.count*s.k*s.n)
	c, d := make([]float32, s.count*s.m*s.n), make([]float32, s.count*s.m*s.n)
	us, them := func() { ours(s, a, b, c) }, func() { openblas(s, a, b, d) }
	us()
	them()
	for i := range c {
		if math.Abs(float64(c[i]-d[i])) > 1e-5*float64(s.k) {
			fmt.Fprintf(os.Stderr, "compare: %v: element %d is %v, OpenBLAS has %v\n", s, i, c[i], d[i])
			os.Exit(1)
		}
	}
	repeat := int(max(1, 50e6/s.flops())) // about a millisecond
	var g, o, p float64
	for range rounds {
		p = max(p, peak.GFLOPS())
		g = rate(g, s.flops(), repeat, us)
		p = max(p, peak.GFLOPS())
		o = rate(o, s.flops(), repeat, them)
	}
	fmt.Printf("%-28s %d thread(s)  ours %6.1f  OpenBLAS %6.1f  ratio %5.2f  of peak %4.2f\n", s, threads, g, o, g/o, g/(p*float64(threads)))
}

// park makes OpenBLAS's threads sleep soon after a product: by default they spin for tens of milliseconds
// and hold the core that the other side needs (its own rate is the same either way). The library reads
// the variable when it is loaded, so the process starts itself again.
func park() {
	const name = "OPENBLAS_THREAD_TIMEOUT"
	if os.Getenv(name) != "" {
		return
	}
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, os.Args, append(os.Environ(), name+"=8"))
	}
	fmt.Fprintf(os.Stderr, "compare: cannot start again with %s=8: %v\n", name, err)
	os.Exit(1)
}

func main() {
	park()
	rounds := flag.Int("rounds", 40, "times to alternate")
	threads := flag.Int("threads", 0, "threads of both; 0: one and two")
	only := flag.String("only", "", "print only shapes whose name contains this")
	flag.Parse()
	for _, n := range []int{1, 2} {
		if *threads != 0 {
			n = *threads
		}
		simd.SetThreads(n)
		openblasThreads(n)
		for _, s := range shapes() {
			if strings.Contains(s.String(), *only) {
				measure(s, *rounds, n)
			}
		}
		if *threads != 0 {
			return
		}
	}
}
