package simd

// Grain is the number of elements that a goroutine takes at a time in a loop over elements, such as a sum or an
// exponential: some microseconds of work, which is far more than the cost of claiming it.
const Grain = 1 << 14

// Pieces returns n/grain rounded up: the number of pieces that ForRange makes of n indices.
func Pieces(n, grain int) int { return (n + grain - 1) / grain }
