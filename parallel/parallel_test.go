package parallel_test

import (
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/parallel"
)

func TestSetThreads(t *testing.T) {
	defer parallel.SetThreads(0)
	for _, n := range []int{1, 3} {
		if parallel.SetThreads(n); simd.Threads() != n {
			t.Errorf("%d threads, want %d", simd.Threads(), n)
		}
	}
}
