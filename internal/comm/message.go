package comm

import (
	"sync/atomic"
	"time"
)

// A Message is the transfer of one slice between two members of a group. It can be started again after Wait has returned
// nil, so that a step of training needs no new messages.
type Message struct {
	Peer    int    // rank in the group of the other process
	Receive bool   // from the peer; false: to the peer
	Label   int    // from 0; a message is received as the one with the same label
	Data    []byte // of the same length on both sides; in use from Start to Wait

	begin, end time.Time // of the last transfer

	world int // rank of the peer in the job
	tag   int
	done  chan struct{} // receives one value when the transfer is complete
}

// Start begins the transfer. Messages with one label from one process to another arrive in the order in which they are
// started on the two sides.
func (m *Message) Start(g *Group) {
	if m.done == nil {
		m.done = make(chan struct{}, 1)
	}
	m.begin = time.Now()
	m.world, m.tag = g.members[m.Peer], g.tag+channels*m.Label
	g.job.transport.start(m)
}

// complete ends the transfer.
func (m *Message) complete() {
	m.end = time.Now()
	m.done <- struct{}{}
}

// Times returns when the last transfer was started and when it was complete.
func (m *Message) Times() (begin, end time.Time) { return m.begin, m.end }

// waiting counts the goroutines of this process that do nothing until a message is complete.
var waiting atomic.Int32

// Wait waits until Data has been sent or received.
func (m *Message) Wait(g *Group) error {
	select {
	case <-m.done:
		return nil
	default:
	}
	waiting.Add(1)
	defer waiting.Add(-1)
	select {
	case <-m.done:
		return nil
	case <-g.job.failed:
		return g.job.failure()
	}
}

// A transport moves messages. Its methods may be called by several goroutines.
type transport interface {
	// start begins the transfer of a message, and calls m.complete in the end.
	start(m *Message)
	// abort ends all processes of the job, this one included, with an exit code.
	abort(code int)
	// close ends the use of the transport in this process. All processes call it, with no message in transfer but those
	// of the tag control.
	close()
}

const (
	control  = 1  // tag of the messages of a job about itself; groups have larger ones
	channels = 16 // tags of groups are below control + channels, so that those of different labels differ
)
