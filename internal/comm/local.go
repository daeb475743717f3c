package comm

import (
	"sync"
	"time"
)

// Local returns the groups of n processes that are goroutines of this program: group r is for the goroutine of rank r.
func Local(n int) []*Group { return locals(n, DefaultTimeout) }

func locals(n int, timeout time.Duration) []*Group {
	h := &hub{waiting: map[route][]*Message{}}
	groups := make([]*Group, n)
	for r := range groups {
		groups[r] = whole(newJob(&local{hub: h, rank: r}, r, n, timeout))
	}
	return groups
}

// A hub matches the messages of goroutines.
type hub struct {
	mu      sync.Mutex
	waiting map[route][]*Message // sent and not received, or the other way around
}

type route struct {
	from, to, tag int
	receive       bool // what waits
}

// local is the transport of one goroutine.
type local struct {
	hub    *hub
	rank   int
	silent bool // messages are lost, as those of a process that does not answer
}

func (l *local) start(m *Message) {
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.silent {
		return
	}
	own := route{l.rank, m.world, m.tag, m.Receive}
	if m.Receive {
		own.from, own.to = m.world, l.rank
	}
	other := own
	other.receive = !m.Receive
	queue := h.waiting[other]
	if len(queue) == 0 {
		h.waiting[own] = append(h.waiting[own], m)
		return
	}
	peer := queue[0]
	h.waiting[other] = append(queue[:0], queue[1:]...)
	from, to := m, peer
	if m.Receive {
		from, to = peer, m
	}
	if copy(to.Data, from.Data) != len(to.Data) || len(from.Data) != len(to.Data) {
		panic("comm: the lengths of a message differ between its two sides")
	}
	m.complete()
	peer.complete()
}

// abort does nothing: the goroutines return the error.
func (l *local) abort(int) {}

func (l *local) close() {}
