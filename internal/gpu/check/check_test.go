package check

import (
	"strings"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
)

// backwards is an emulated device that runs the blocks of a launch in the opposite order, and changes a number that is read if
// spoil is set.
func backwards() *emulated.Device {
	d := emulated.New()
	d.Order = func(blocks int) []int {
		order := make([]int, blocks)
		for i := range order {
			order[i] = blocks - 1 - i
		}
		return order
	}
	return d
}

// TestCases: the order of the blocks has no influence on a bit.
func TestCases(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	for _, c := range Cases() {
		if c.Slow {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			c.Tolerance = 0
			if err := c.Compare(backwards(), emulated.New()); err != nil {
				t.Error(err)
			}
		})
	}
}

// spoiled is a device that changes the last bit of the first number of every read.
type spoiled struct{ *emulated.Device }

func (d spoiled) Read(words []uint32, from gpu.Ptr) error {
	err := d.Device.Read(words, from)
	words[0] ^= 1
	return err
}

// TestDifferences: one wrong bit is found where bits are compared, and is within the tolerance elsewhere.
func TestDifferences(t *testing.T) {
	for _, c := range Cases() {
		if c.Name != "sums" && c.Name != "products in TF32" {
			continue
		}
		err := c.Compare(spoiled{emulated.New()}, emulated.New())
		if exact := c.Tolerance == 0; (err != nil) != exact || exact && !strings.Contains(err.Error(), "result 0: number 0 of 3001 is") {
			t.Errorf("%s: error %v", c.Name, err)
		}
	}
	var c Case
	c.Tolerance = 1e-3
	if c.compare([]float32{1, 1.1}, []float32{1, 1}) == nil {
		t.Error("a difference beyond the tolerance is no error")
	}
}
