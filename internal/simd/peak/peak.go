// Package peak measures the machine's peak of float32 arithmetic, the yardstick of the benchmarks of
// products: what a loop of fused multiply-adds on registers reaches, without any memory.
package peak

import "time"

// GFLOPS runs the loop for about 50 µs and returns billions of operations a second, two to a fused
// multiply-add, on one core with the widest vectors that it has; 0 where there is no assembly for it. Call it between the timings that it
// is compared with, and take the best of many: clocks and neighbours vary.
func GFLOPS() float64 {
	if !available {
		return 0
	}
	const n = 20000
	loop, numbers := fma, 8
	if wide {
		loop, numbers = fmaWide, 16
	}
	start := time.Now()
	loop(n)
	return float64(n*12*numbers*2) / float64(time.Since(start).Nanoseconds())
}
