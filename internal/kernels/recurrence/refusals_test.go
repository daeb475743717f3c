package recurrence

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
)

// TestRefusesSizes: each number of a size must be at least 1.
func TestRefusesSizes(t *testing.T) {
	for i := range 5 {
		for _, wrong := range []int{0, -1} {
			n := [5]int{2, 3, 2, 2, 4}
			n[i] = wrong
			size := Size{n[0], n[1], n[2], n[3], n[4]}
			want := fmt.Sprintf("recurrence: size %+v, want numbers of at least 1", size)
			kerneltest.Refuses(t, want, func() { NewFull[float32](size) })
			kerneltest.Refuses(t, want, func() { NewTable[float32](size, 3) })
			kerneltest.Refuses(t, want, func() { NewLinear[float32](size, 3) })
			kerneltest.Refuses(t, want, func() { NewHouseholder[float32](size, 1) })
		}
	}
}

// TestTableRefusesTokens: anywhere in the batch, before it writes.
func TestTableRefusesTokens(t *testing.T) {
	const symbols = 3
	size := Size{Batch: 2, Time: 2, Heads: 1, Rows: 1, Width: 2}
	k := NewTable[float32](size, symbols)
	for _, wrong := range []int32{-1, symbols, symbols + 1, 1 << 30} {
		for i := range 4 {
			tokens, z := []int32{0, 1, 2, 0}, make([]float32, 4*2)
			tokens[i] = wrong
			want := fmt.Sprintf("recurrence: token %d at position %d, want one from 0 to %d", wrong, i, symbols-1)
			kerneltest.Refuses(t, want, func() {
				k.Forward(z, make([]float32, len(z)), tokens, make([]float32, symbols*2*2), []float32{1, 1}, nil, nil)
			})
			kerneltest.Identical(t, want, z, make([]float32, len(z)))
		}
	}
}
