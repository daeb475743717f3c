// Package peak measures the machine's peak of float32 arithmetic, which the benchmarks of matrix products are
// compared with: the rate of a loop of fused multiply-adds on registers, without any memory access.
package peak

import "time"

// GFLOPS runs the loop for about 50 µs on the calling goroutine, with the widest vectors that the machine has,
// and returns billions of operations a second on one core; a fused multiply-add counts as two operations. The
// result is 0 where there is no assembly for the machine. The rate varies with the clock and with other work
// on the machine: call it between the timings that are compared with it and take the largest result.
func GFLOPS() float64 {
	loop, lanes := widestLoop()
	if loop == nil {
		return 0
	}
	const n, chains = 20000, 12
	start := time.Now()
	loop(n)
	return float64(n*chains*lanes*2) / float64(time.Since(start).Nanoseconds())
}
