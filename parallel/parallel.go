package parallel

import "goomtrain/internal/simd"

// SetThreads sets the number of goroutines of a loop, including that of the caller; n < 1 stands for all cores,
// the default. It may be called at any time and applies to loops that start later.
func SetThreads(n int) { simd.SetThreads(n) }

// For calls body(0), ..., body(n-1), each exactly once, in parallel where that helps, and returns when all have
// returned. Calls of For inside a body run on the caller alone. If a body panics, the remaining calls are
// dropped and For panics with the first value, wrapped in a *Panic if bodies ran in parallel.
//
// For allocates nothing if body is a stored func value: make the closure once, with the op or the optimizer,
// and not in every call.
func For(n int, body func(i int)) { simd.For(n, body) }

// ForRange calls body on the pieces [0, grain), [grain, 2*grain), ... of [0, n), the last one cut at n, in
// parallel where that helps. The pieces depend only on n and grain, not on the number of threads. Otherwise it
// is like For.
func ForRange(n, grain int, body func(lo, hi int)) { simd.ForRange(n, grain, body) }

// A Panic is the value with which a loop panics if one of its bodies did. It has the value and the stack of the
// goroutine that ran the body, which the stack of the caller does not show.
type Panic = simd.Panic
