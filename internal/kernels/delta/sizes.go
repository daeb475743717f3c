package delta

import (
	"fmt"
	"math"
)

// Sizes are the sizes of a token of the delta rule. Value head j reads key head j div (ValueHeads/KeyHeads).
type Sizes struct {
	KeyHeads   int     // KH, of queries and keys
	ValueHeads int     // VH, of values, beta and decays: a multiple of KH
	DKey       int     // K
	DValue     int     // V
	Steps      int     // n, delta steps of a token; 0 stands for 1
	Scale      float64 // s, of the output; 0 stands for 1/sqrt(K)
}

// Check returns the sizes with the values that zeros stand for. It panics unless the sizes make sense.
func (s Sizes) Check() Sizes {
	if s.KeyHeads < 1 || s.ValueHeads < 1 || s.DKey < 1 || s.DValue < 1 || s.Steps < 0 || s.ValueHeads%s.KeyHeads != 0 {
		panic(fmt.Sprintf("delta: sizes %+v, want positive numbers, and value heads that are a multiple of the key heads", s))
	}
	if s.Steps == 0 {
		s.Steps = 1
	}
	if s.Scale == 0 {
		s.Scale = 1 / math.Sqrt(float64(s.DKey))
	}
	return s
}

// group is the number of value heads that read one key head.
func (s Sizes) group() int { return s.ValueHeads / s.KeyHeads }
