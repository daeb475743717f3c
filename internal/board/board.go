package board

import (
	"path/filepath"
	"slices"
	"sync"
	"time"

	"goomtrain/checkpoints"
)

// Config says what a Board shows.
type Config struct {
	Folders     []string // runs, or folders that hold runs
	Host        string   // that the server listens at, as given; Hosts of requests must name it or this machine
	MaxTokens   int      // longest text that a request may generate; 0: no generating
	Generations int      // texts generated at a time
}

// A Board knows the runs of some folders. Its methods may be called by several goroutines at once.
type Board struct {
	config Config
	turns  turns     // of generating
	reads  chan bool // held by what reads weights: one at a time

	mu       sync.Mutex
	now      func() time.Time
	boot     int64 // tells clients that versions have started again
	version  int64
	looked   time.Time // at the folders
	runs     []*run    // by name
	byID     map[string]*run
	notes    []string
	columns  []string // settings that differ, first model and task
	columned int64    // version of columns
	gone     int64    // version in which a run went
}

const (
	maxRows   = 1 << 21                // rows of all runs: about 120 MB
	lookEvery = time.Second            // time between looks at the folders, at least
	readFor   = 400 * time.Millisecond // how long a request may read new metrics
)

// New returns a Board. It reads nothing yet.
func New(config Config) *Board {
	return &Board{config: config, now: time.Now, boot: time.Now().UnixNano(), byID: map[string]*run{},
		turns: turns{most: config.Generations, busy: map[string]bool{}}, reads: make(chan bool, 1)}
}

// run returns the run of an identifier that the page got, or nil.
func (b *Board) run(id string) *run {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byID[id]
}

// update looks for runs and reads what is new, for a limited time. It returns how many runs have more to read. The caller
// holds mu.
func (b *Board) update() (unread int) {
	now := b.now()
	begin := now
	if now.Sub(b.looked) >= lookEvery {
		b.looked = now
		b.look()
	} else if !slices.ContainsFunc(b.runs, func(r *run) bool { return r.more }) {
		return 0
	}
	next := b.version + 1
	room := max(1024, maxRows/max(len(b.runs), 1))
	for _, r := range b.newestFirst() {
		changed := false
		if b.now().Sub(begin) < readFor {
			changed = r.refresh(room)
		} else {
			r.more = true // in the next request
		}
		if r.more {
			unread++
		}
		if s := r.stateOf(checkpoints.HolderOf(r.dir), now); s != r.shown {
			r.shown, changed = s, true
		}
		if changed {
			r.revision, b.version = next, next
		}
	}
	if b.version == next {
		if columns := differing(b.runs); !slices.Equal(columns, b.columns) {
			b.columns, b.columned = columns, next
		}
	}
	return unread
}

// newestFirst orders the runs by their last start, so that those that train are read first.
func (b *Board) newestFirst() []*run {
	runs := slices.Clone(b.runs)
	slices.SortStableFunc(runs, func(a, b *run) int { return b.started.Compare(a.started) })
	return runs
}

// look finds the run folders that there are now.
func (b *Board) look() {
	places, notes := find(b.config.Folders)
	b.notes = notes
	runs, byID := make([]*run, 0, len(places)), make(map[string]*run, len(places))
	for _, p := range places {
		if absolute, err := filepath.Abs(p.dir); err == nil {
			p.dir = absolute
		}
		r := newRun(p.name, p.dir)
		if known := b.byID[r.id]; known != nil {
			r = known
		}
		runs, byID[r.id] = append(runs, r), r
	}
	for id := range b.byID {
		if byID[id] == nil {
			b.version++
			b.gone = b.version
			break
		}
	}
	b.runs, b.byID = runs, byID
}
