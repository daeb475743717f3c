package simd

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// The project's parallel-for. The caller works together with helpers, goroutines that never end. A goroutine takes
// some 90 µs to start on another core after a channel send, so a helper that runs out of work looks for more for
// about 100 µs before it parks. The caller does not wait for helpers to wake: it does the work of those that are
// late. Work is claimed by a compare-and-swap on one word, the ticket.

const (
	spinTime  = 100 * time.Microsecond // how long a helper looks for work before it parks
	spinPolls = 64                     // looks at the ticket between two looks at the clock
)

// crew is the helpers and the one job they work on. The mutex is held by the goroutine whose job it is. A call that
// finds it held runs on its own goroutine alone: nested calls, when the cores are busy, and concurrent ones.
type crew struct {
	mu      sync.Mutex
	helpers []*helper

	// The job. The owner writes it before it publishes the ticket and leaves it unchanged while any index of the
	// job is unclaimed or running, so a goroutine that has claimed an index may read it.
	n     int
	each  func(i int)
	span  func(lo, hi int) // used if each is nil: index i stands for [i*grain, (i+1)*grain)
	grain int
	total int

	// ticket is epoch<<32 | unclaimed, where unclaimed is the number of unclaimed indices. The epoch makes a late
	// helper's compare-and-swap fail when its job is over and another one has begun.
	ticket  atomic.Uint64
	_       [56]byte     // the ticket is polled: it has a cache line of its own
	pending atomic.Int64 // indices not yet finished
	asleep  atomic.Bool  // the owner waits on done
	done    chan struct{}
	failure atomic.Pointer[failure]
}

// failure is the first panic of a job's body.
type failure struct {
	value any
	stack []byte // of the goroutine that it happened on
}

// A Panic is the value that a parallel call panics with if one of its bodies panicked: the body's value, and the stack
// of the goroutine that the body ran on, which the caller's own stack does not show.
type Panic struct {
	Value any
	Stack []byte
}

// Error returns the value as text.
func (p *Panic) Error() string { return fmt.Sprint(p.Value) }

// Unwrap returns the value if it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

type helper struct {
	parked atomic.Bool
	wake   chan struct{} // of capacity 1: a sender never blocks
}

var (
	workers = crew{done: make(chan struct{}, 1)}
	threads atomic.Int64 // of Threads
)

func init() { SetThreads(0) }

// Threads returns the number of goroutines that a parallel call uses, the caller included.
func Threads() int { return int(threads.Load()) }

// SetThreads sets how many goroutines a parallel call uses; n < 1 stands for all cores (GOMAXPROCS at the time of this
// call). Results do not depend on it. It may be called at any time and applies to calls that begin later.
func SetThreads(n int) {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	threads.Store(int64(n))
}

// For calls body(0), ..., body(n-1), each exactly once, in parallel where that helps, and returns when all have
// returned. Calls from inside a body run on the caller alone. If a body panics, the remaining calls are dropped and For
// panics with the first value, as a *Panic where bodies ran in parallel. It allocates nothing if body is a stored func
// value.
func For(n int, body func(i int)) {
	if n > 1 && Threads() > 1 && n < 1<<31 && workers.mu.TryLock() {
		workers.each = body
		workers.run(n)
		return
	}
	for i := range n {
		body(i)
	}
}

// ForRange calls body on the pieces [0, grain), [grain, 2*grain), ... of [0, n), the last one cut at n, in parallel
// where that helps. The pieces depend on n and grain alone, not on the number of threads. Panics and nested calls are
// as in For.
func ForRange(n, grain int, body func(lo, hi int)) {
	grain = max(1, grain)
	pieces := Pieces(n, grain)
	if pieces > 1 && Threads() > 1 && pieces < 1<<31 && workers.mu.TryLock() {
		workers.span, workers.grain, workers.total = body, grain, n
		workers.run(pieces)
		return
	}
	for lo := 0; lo < n; lo += grain {
		body(lo, min(n, lo+grain))
	}
}

// run executes the job of n indices whose body has been set; the caller holds the mutex.
func (c *crew) run(n int) {
	helpers := min(Threads(), n) - 1
	for len(c.helpers) < helpers {
		h := &helper{wake: make(chan struct{}, 1)}
		c.helpers = append(c.helpers, h)
		go c.help(h, len(c.helpers))
	}
	c.n = n
	c.failure.Store(nil)
	c.pending.Store(int64(n))
	// The owner takes the first indices before helpers can claim any. In a repeated job with one index for each
	// goroutine, the owner then finds its memory in the cache of its core.
	first := c.share(uint64(n))
	epoch := c.ticket.Load()>>32 + 1
	c.ticket.Store(epoch<<32 | uint64(n) - first)
	for _, h := range c.helpers[:helpers] {
		if h.parked.Load() && h.parked.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
	returned := false
	defer func() { c.finish(returned) }() // also when the caller's own body ends its goroutine
	c.runSpan(0, int(first))
	c.work()
	returned = true
}

// share is how many of the indices left are claimed at once: several while many are left, so that short bodies do not
// contend for the ticket.
func (c *crew) share(left uint64) uint64 { return max(1, left/uint64(8*max(1, threads.Load()))) }

// finish waits for the indices that helpers still run, releases the crew and panics if a body did.
func (c *crew) finish(returned bool) {
	for i := 0; c.pending.Load() != 0; i++ {
		if i < 20000 {
			continue
		}
		c.asleep.Store(true)
		if c.pending.Load() != 0 || !c.asleep.CompareAndSwap(true, false) {
			<-c.done
		}
	}
	f := c.failure.Load()
	c.each, c.span = nil, nil // do not keep alive what the bodies refer to
	c.mu.Unlock()
	if f != nil && returned {
		panic(&Panic{f.value, f.stack})
	}
}

// work claims and runs indices until none is left.
func (c *crew) work() {
	for {
		t := c.ticket.Load()
		left := t & (1<<32 - 1)
		if left == 0 {
			return
		}
		// If the job changes before the claim, the epoch has changed too and the claim fails.
		take := c.share(left)
		if c.ticket.CompareAndSwap(t, t-take) {
			lo := c.n - int(left)
			c.runSpan(lo, lo+int(take))
		}
	}
}

// runSpan runs the claimed indices [lo, hi) and counts them as finished, also if a body panics.
func (c *crew) runSpan(lo, hi int) {
	returned := false
	defer func() {
		if !returned {
			c.fail(recover())
		}
		c.count(hi - lo)
	}()
	if each := c.each; each != nil {
		for i := lo; i < hi; i++ {
			each(i)
		}
	} else {
		for i := lo; i < hi; i++ {
			c.span(i*c.grain, min(c.total, (i+1)*c.grain))
		}
	}
	returned = true
}

// fail records a panic (nil if the body ended its goroutine) and drops the unclaimed indices. It is called while the
// body's frames are still on the stack.
func (c *crew) fail(value any) {
	stack := debug.Stack()
	if value == nil {
		value = "simd: a parallel body called runtime.Goexit"
	}
	c.failure.CompareAndSwap(nil, &failure{value, stack})
	for {
		t := c.ticket.Load()
		left := t & (1<<32 - 1)
		if left == 0 {
			return
		}
		if c.ticket.CompareAndSwap(t, t-left) {
			c.count(int(left))
			return
		}
	}
}

// count takes n indices off the pending ones and wakes the owner if it was the last.
func (c *crew) count(n int) {
	if c.pending.Add(int64(-n)) == 0 && c.asleep.CompareAndSwap(true, false) {
		c.done <- struct{}{}
	}
}

// help runs the id-th helper, counted from 1. A thread limit below id+1 keeps it parked.
func (c *crew) help(h *helper, id int) {
	defer func() { go c.help(h, id) }() // runs only if a body ends this goroutine: another one replaces it
	last := time.Now()
	for polls := 1; ; polls++ {
		// No PAUSE instruction: on virtual machines a loop of them exits to the hypervisor.
		if c.ticket.Load()&(1<<32-1) != 0 && id < Threads() {
			c.work()
			last, polls = time.Now(), 0
			continue
		}
		if polls%spinPolls != 0 || time.Since(last) < spinTime {
			continue
		}
		h.parked.Store(true)
		if c.ticket.Load()&(1<<32-1) != 0 && id < Threads() && h.parked.CompareAndSwap(true, false) {
			continue
		}
		<-h.wake
		last, polls = time.Now(), 0
	}
}
