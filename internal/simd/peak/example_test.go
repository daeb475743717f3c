package peak_test

import (
	"fmt"

	"goomtrain/internal/simd/peak"
)

func ExampleGFLOPS() {
	best := 0.0
	for range 20 {
		best = max(best, peak.GFLOPS())
	}
	fmt.Println(best >= 0)
	// Output: true
}
