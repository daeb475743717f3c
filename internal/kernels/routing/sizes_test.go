package routing

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
)

// TestMask: a number that is not 0 hides an input, in masks of every form.
func TestMask(t *testing.T) {
	data := []int32{0, 1, -2, 0, 0, 4}
	for name, c := range map[string]struct {
		mask       Mask
		hides      [4]bool // of sample 1: inputs 0 and 1 from outputs 0 and 1
		open, seen int     // of input 0, of both
	}{
		"nothing":   {Mask{}, [4]bool{}, 2, 2},
		"inputs":    {Mask{Data: data, Batch: 2, Input: 1}, [4]bool{true, true, false, false}, 0, 1},
		"pairs":     {Mask{Data: data, Batch: 2, Input: 2, Output: 1}, [4]bool{true, false, false, true}, 1, 2},
		"for all":   {Mask{Data: data, Input: 2, Output: 1}, [4]bool{false, true, true, false}, 1, 2},
		"no inputs": {Mask{Data: []int32{0, 0, 3, -1}, Batch: 2, Input: 1}, [4]bool{true, true, true, true}, 0, 0},
	} {
		for at, want := range c.hides {
			row := []float64{1, 1}
			hide(row, at/2, 0, veil{c.mask, 1, 0})
			if got := c.mask.hides(1, at/2, at%2); got != want || (row[at%2] == 0) != want {
				t.Errorf("%s: input %d hidden from output %d: %v, in a row %v", name, at/2, at%2, got, row)
			}
		}
		if open, seen := c.mask.open(1, 0, 2), c.mask.seen(1, 2, 2); open != c.open || seen != c.seen {
			t.Errorf("%s: %d outputs see input 0, %d inputs are seen, want %d, %d", name, open, seen, c.open, c.seen)
		}
	}
}

func TestVectorSizes(t *testing.T) {
	for i := range 6 {
		size := VectorSize{Batch: 1, Inputs: 1, Outputs: 1, DIn: 1, DOut: 1, Iterations: 1}
		*[]*int{&size.Batch, &size.Inputs, &size.Outputs, &size.DIn, &size.DOut, &size.Iterations}[i] = 0
		kerneltest.Panics(t, fmt.Sprintf("%+v", size), func() { NewVector[float32](size) })
	}
}
