package parallel_test

import (
	"fmt"

	"goomtrain/parallel"
)

// A dot product whose bits do not depend on the number of threads: each piece has a sum of its own, and the
// sums are added in their order.
func ExampleForRange() {
	const n, grain = 10_000, 1024
	x, sums := make([]float64, n), make([]float64, (n+grain-1)/grain)
	for i := range x {
		x[i] = 1 / float64(i+1)
	}
	square := func(lo, hi int) {
		sum := 0.0
		for _, v := range x[lo:hi] {
			sum += v * v
		}
		sums[lo/grain] = sum
	}
	dot := func() (total float64) {
		parallel.ForRange(n, grain, square)
		for _, s := range sums {
			total += s
		}
		return total
	}
	defer parallel.SetThreads(0)
	parallel.SetThreads(1)
	one := dot()
	parallel.SetThreads(3)
	fmt.Printf("%.6f %v\n", one, dot() == one)
	// Output:
	// 1.644834 true
}

// A body's panic reaches the caller.
func ExampleFor() {
	defer func() {
		fmt.Println("recovered:", recover())
	}()
	parallel.For(4, func(i int) {
		if i == 2 {
			panic("index 2 is out of bounds")
		}
	})
	// Output:
	// recovered: index 2 is out of bounds
}
