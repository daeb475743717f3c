package multihead

import "fmt"

// Size is the shape of an attention: H heads of width K for queries and keys and V for values, over B
// sequences of Queries positions that look at Keys positions. A causal query looks at no key after it,
// and then the two lengths are equal.
type Size struct {
	Batch, Queries, Keys int // B, T of queries, T of keys and values
	Heads, DKey, DValue  int // H, K, V
	Causal               bool
}

// Check panics, for the kernel of that name, unless the size makes sense.
func (s Size) Check(kernel string) {
	if s.Batch < 1 || s.Queries < 1 || s.Keys < 1 || s.Heads < 1 || s.DKey < 1 || s.DValue < 1 || s.Causal && s.Queries != s.Keys {
		panic(fmt.Sprintf("%s: size %+v, want positive sizes, and as many queries as keys if causal", kernel, s))
	}
}

// Tasks returns B*H, the number of heads of all sequences; one worker computes each.
func (s Size) Tasks() int { return s.Batch * s.Heads }
