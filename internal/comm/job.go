package comm

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"goomtrain/internal/printable"
)

// Times after which a silent process ends the job.
const (
	DefaultTimeout = 60 * time.Second // unless SetTimeout says otherwise
	LeastTimeout   = 2 * time.Second  // several heartbeats
	LargestTimeout = 1e6 * time.Second
)

// A PeerError says that a process of the job has failed or is silent.
type PeerError struct {
	Rank   int
	Name   string // host and number of the process; "" if it is not known
	Reason string
}

func (e *PeerError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("rank %d: %s", e.Rank, e.Reason)
	}
	return fmt.Sprintf("rank %d (%s): %s", e.Rank, e.Name, e.Reason)
}

// A job is all processes that were started together. Rank 0 watches the others, and they watch rank 0; a failure is
// reported to rank 0, which reports it to all.
type job struct {
	transport  transport
	rank, size int
	timeout    atomic.Int64   // nanoseconds
	heard      []atomic.Int64 // by rank: when its last message of the tag control came, in nanoseconds since begin
	begin      time.Time
	closing    chan struct{}
	stop       sync.Once      // closes closing
	speaking   sync.WaitGroup // goroutines that end when closing is closed
	listening  sync.WaitGroup // those that end when their peer has left

	mu     sync.Mutex
	names  []string
	places []string // hosts and cores
	err    *PeerError
	failed chan struct{} // closed when err is set
	told   chan struct{} // closed when rank 0 has reported a failure to this process
}

func newJob(t transport, rank, size int, timeout time.Duration) *job {
	j := &job{transport: t, rank: rank, size: size, heard: make([]atomic.Int64, size), begin: time.Now(), closing: make(chan struct{}),
		names: make([]string, size), places: make([]string, size), failed: make(chan struct{}), told: make(chan struct{})}
	j.timeout.Store(int64(timeout))
	if size > 1 {
		for _, peer := range j.watched() {
			j.listening.Go(func() { j.listen(peer) })
			j.speaking.Go(func() { j.beat(peer) })
		}
		j.speaking.Go(j.watch)
	}
	return j
}

// watched lists the processes that this one watches.
func (j *job) watched() []int {
	if j.rank > 0 {
		return []int{0}
	}
	var all []int
	for r := 1; r < j.size; r++ {
		all = append(all, r)
	}
	return all
}

// A notice is a message of the tag control: a heartbeat, or a failure.
type notice struct {
	kind   noticeKind
	rank   int // that failed
	reason string
}

type noticeKind byte

const (
	heartbeat noticeKind = iota
	failing
	leaving // the process closes the job: no more notices come from it
)

// noticeSize is the size of a notice in bytes. Longer reasons are cut.
const noticeSize = 1024

func (n notice) encode(to []byte) {
	clear(to)
	to[0] = byte(n.kind)
	binary.LittleEndian.PutUint32(to[1:], uint32(n.rank))
	binary.LittleEndian.PutUint16(to[5:], uint16(copy(to[7:], n.reason)))
}

func decodeNotice(from []byte) notice {
	length := min(int(binary.LittleEndian.Uint16(from[5:])), noticeSize-7)
	return notice{noticeKind(from[0]), int(binary.LittleEndian.Uint32(from[1:])), string(from[7 : 7+length])}
}

// tell sends a notice and waits until it is sent, for at most that long; 0: until the job closes.
func (j *job) tell(peer int, n notice, limit time.Duration) {
	m := &Message{Data: make([]byte, noticeSize), world: peer, tag: control, done: make(chan struct{}, 1)}
	n.encode(m.Data)
	j.transport.start(m)
	var late <-chan time.Time
	closing := j.closing
	if limit > 0 {
		late, closing = time.After(limit), nil
	}
	select {
	case <-m.done:
	case <-late:
	case <-closing:
	}
}

// listen receives the notices of one process.
func (j *job) listen(peer int) {
	m := &Message{Receive: true, Data: make([]byte, noticeSize), world: peer, tag: control, done: make(chan struct{}, 1)}
	for {
		j.transport.start(m)
		<-m.done // the last notice of every process is leaving, or the job is aborted
		j.heard[peer].Store(int64(time.Since(j.begin)))
		switch n := decodeNotice(m.Data); n.kind {
		case leaving:
			return
		case failing:
			j.fail(n.rank, n.reason)
			if j.rank > 0 {
				j.mu.Lock()
				select {
				case <-j.told:
				default:
					close(j.told)
				}
				j.mu.Unlock()
			}
		}
	}
}

// beat sends heartbeats to one process. A new one is not sent before the last has left, so that none pile up.
func (j *job) beat(peer int) {
	for j.sleep() {
		j.tell(peer, notice{kind: heartbeat}, 0)
	}
	j.tell(peer, notice{kind: leaving}, time.Second)
}

// sleep waits for the time between two heartbeats. It reports whether the job goes on.
func (j *job) sleep() bool {
	select {
	case <-j.closing:
		return false
	case <-time.After(min(time.Duration(j.timeout.Load())/8, time.Second/2)):
		return true
	}
}

// watch fails the job when a watched process is silent for longer than the timeout.
func (j *job) watch() {
	for last := time.Since(j.begin); j.sleep(); {
		now, limit := time.Since(j.begin), time.Duration(j.timeout.Load())
		if now-last > limit/2 { // this process was stopped itself, so that it knows nothing of the others
			for r := range j.heard {
				j.heard[r].Store(int64(now))
			}
		}
		last = now
		for _, peer := range j.watched() {
			if silent := now - time.Duration(j.heard[peer].Load()); silent > limit {
				j.fail(peer, fmt.Sprintf("has not answered for %s", silent.Round(time.Second/10)))
			}
		}
	}
}

// fail records the first failure of the job. Rank 0 reports it to all others.
func (j *job) fail(rank int, reason string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return
	}
	j.err = &PeerError{Rank: rank, Reason: printable.Line(reason)}
	if rank >= 0 && rank < j.size {
		j.err.Name = j.names[rank]
	}
	close(j.failed)
	if j.rank == 0 {
		for _, peer := range j.watched() {
			go j.tell(peer, notice{failing, rank, reason}, time.Second)
		}
	}
}

func (j *job) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}
