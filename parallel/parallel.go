package parallel

import "goomtrain/internal/simd"

// SetThreads sets how many goroutines, the caller's among them, a loop uses; n < 1 stands for all cores, as it
// is at first. It may be called at any time and holds for loops that begin later.
func SetThreads(n int) { simd.SetThreads(n) }

// For calls body(0), ..., body(n-1), each exactly once, in parallel where that helps, and returns when all have
// returned. Calls from inside a body run on the caller alone. If a body panics, the remaining calls are dropped
// and For panics with the first value, as a *Panic where bodies ran in parallel.
//
// For allocates nothing if body is a stored func value: make the closure once, where the op or the optimizer is
// made, and not in every call.
func For(n int, body func(i int)) { simd.For(n, body) }

// ForRange calls body on the pieces [0, grain), [grain, 2*grain), ... of [0, n), the last one cut at n, in
// parallel where that helps. The pieces depend on n and grain alone, not on the number of threads. Otherwise it
// is For.
func ForRange(n, grain int, body func(lo, hi int)) { simd.ForRange(n, grain, body) }

// A Panic is what a loop panics with if one of its bodies did: the value, and the stack of the goroutine that
// the body ran on, which the caller's own stack does not show.
type Panic = simd.Panic
