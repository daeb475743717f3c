// Package rng is a counter-based random number generator: the n-th number of a stream is a function of the seed, the
// stream's name and n alone.
//
// Give every use of random numbers its own stream, named after what it is for:
//
//	weights := rng.New(seed, "weights")
//	order := rng.New(seed, "order of the batches")
//
// Streams of other names or seeds are independent, so a program that starts to draw more numbers for one purpose keeps
// the numbers of all others. A stream's State is small and marshals to JSON; Restore continues from it exactly. Where
// numbers belong to places, such as the elements of a mask, a Key gives each by its index, in any order and from any
// goroutine.
//
// The numbers are the same on every system and in every version of this package. The generator is SplitMix64's finalizer
// (Steele, Lea, Flood 2014), applied twice over a Weyl sequence that depends on the key. It is fast and good enough for
// sampling, shuffling and initial values. It is not a cryptographic generator: do not use it for secrets.
package rng
