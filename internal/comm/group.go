package comm

import (
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// Element is a type whose slices can be moved between processes.
type Element interface {
	~float32 | ~float64 | ~int32 | ~int64 | ~uint8
}

// A Group is a set of processes, as one of them sees it. All members call the same functions in the same order. A Group is
// for one goroutine at a time; Split makes another of the same processes, for another goroutine.
type Group struct {
	job     *job
	rank    int
	members []int // ranks in the job
	tag     int
	in, out []Message // by rank
	counts  []int
	flag    []uint8
}

func newGroup(j *job, members []int, tag int) *Group {
	g := &Group{job: j, members: members, tag: tag, counts: make([]int, len(members)), flag: make([]uint8, len(members)),
		in: make([]Message, len(members)), out: make([]Message, len(members))}
	for r, member := range members {
		if member == j.rank {
			g.rank = r
		}
		g.in[r], g.out[r] = Message{Peer: r, Receive: true}, Message{Peer: r}
	}
	return g
}

// whole returns the group of all processes of a job.
func whole(j *job) *Group {
	members := make([]int, j.size)
	for r := range members {
		members[r] = r
	}
	return newGroup(j, members, control+1)
}

// Single returns the group of this process alone.
func Single() *Group { return whole(newJob(nil, 0, 1, DefaultTimeout)) }

// Rank returns the number of this process in the group, from 0.
func (g *Group) Rank() int { return g.rank }

// Size returns the number of processes.
func (g *Group) Size() int { return len(g.members) }

// SetTimeout sets the time after which a silent process ends the job, from LeastTimeout to LargestTimeout.
func (g *Group) SetTimeout(d time.Duration) { g.job.timeout.Store(int64(d)) }

// Name describes a process of the group for errors: its rank in the job, host and number.
func (g *Group) Name(rank int) string {
	g.job.mu.Lock()
	defer g.job.mu.Unlock()
	if name := g.job.names[g.members[rank]]; name != "" {
		return fmt.Sprintf("rank %d (%s)", g.members[rank], name)
	}
	return fmt.Sprintf("rank %d", g.members[rank])
}

// Sharing returns the number of processes of the job that run on the same cores as this one, itself included.
func (g *Group) Sharing() int {
	g.job.mu.Lock()
	defer g.job.mu.Unlock()
	n := 0
	for _, place := range g.job.places {
		if place == g.job.places[g.job.rank] {
			n++
		}
	}
	return n
}

// introduce tells all processes the name of this one and where it runs.
func (g *Group) introduce(name, place string) error {
	names, err := g.GatherBytes([]byte(name))
	if err != nil {
		return err
	}
	places, err := g.GatherBytes([]byte(place))
	if err != nil {
		return err
	}
	g.job.mu.Lock()
	for r := range names {
		g.job.names[r], g.job.places[r] = string(names[r]), string(places[r])
	}
	g.job.mu.Unlock()
	return g.Barrier() // before a failure of any process can be reported
}

// Split divides the group by color: processes that give the same color form a group, in the order of their ranks here. All
// members must call it. Messages of groups with different channels, from 1 to 14, do not mix; a process must not be in two
// groups with the same channel and a common peer. One color for all gives a group for another goroutine.
func (g *Group) Split(color, channel int) (*Group, error) {
	if channel < 1 || channel > channels-2 {
		return nil, fmt.Errorf("comm: channel %d: want 1 to %d", channel, channels-2)
	}
	colors := make([]int64, g.Size())
	if err := AllGather(g, colors, []int64{int64(color)}); err != nil {
		return nil, err
	}
	var members []int
	for r, c := range colors {
		if c == int64(color) {
			members = append(members, g.members[r])
		}
	}
	return newGroup(g.job, members, control+1+channel), nil
}

// Bytes returns the memory of a slice.
func Bytes[T Element](x []T) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}

// exchange sends to every other process and receives from it what the functions say. Empty messages are not sent.
func (g *Group) exchange(to, from func(rank int) []byte) error {
	n := g.Size()
	for i := 1; i < n; i++ { // each process begins with its successor, so that not all send to one first
		in, out := &g.in[(g.rank+n-i)%n], &g.out[(g.rank+i)%n]
		if in.Data = from(in.Peer); len(in.Data) > 0 {
			in.Start(g)
		}
		if out.Data = to(out.Peer); len(out.Data) > 0 {
			out.Start(g)
		}
	}
	for i := 1; i < n; i++ {
		for _, m := range [2]*Message{&g.in[(g.rank+n-i)%n], &g.out[(g.rank+i)%n]} {
			if len(m.Data) == 0 {
				continue
			}
			if err := m.Wait(g); err != nil {
				return err
			}
			m.Data = nil
		}
	}
	return nil
}

// AllGather collects a part from every process: all [Size, len(mine)] has them in the order of ranks.
func AllGather[T Element](g *Group, all, mine []T) error {
	if len(all) != g.Size()*len(mine) {
		return fmt.Errorf("comm: gather %d elements from each of %d processes into %d", len(mine), g.Size(), len(all))
	}
	copy(all[g.rank*len(mine):], mine)
	for r := range g.counts {
		g.counts[r] = len(mine)
	}
	return AllGatherV(g, all, g.counts)
}

// AllGatherV gathers parts of different lengths: all has counts[r] elements of each process r, in the order of ranks. The
// part of this process is in its place already.
func AllGatherV[T Element](g *Group, all []T, counts []int) error {
	return AllToAllV(g, all, counts, nil, nil)
}

// AllToAllV sends a part of from to every process and receives a part of to from every process: toCounts[r] elements from
// process r and fromCounts[r] for it, in the order of ranks. The part of this process is copied. Without fromCounts every
// process is sent the part of to that belongs to this process.
func AllToAllV[T Element](g *Group, to []T, toCounts []int, from []T, fromCounts []int) error {
	if err := g.checkCounts(len(to), toCounts); err != nil {
		return err
	}
	part := func(x []T, counts []int, rank int) []T {
		lo := 0
		for _, n := range counts[:rank] {
			lo += n
		}
		return x[lo : lo+counts[rank]]
	}
	outgoing := func(rank int) []byte { return Bytes(part(to, toCounts, g.rank)) }
	if fromCounts != nil {
		if err := g.checkCounts(len(from), fromCounts); err != nil {
			return err
		}
		if copy(part(to, toCounts, g.rank), part(from, fromCounts, g.rank)) != fromCounts[g.rank] {
			return errors.New("comm: a process sends itself more than it receives")
		}
		outgoing = func(rank int) []byte { return Bytes(part(from, fromCounts, rank)) }
	}
	return g.exchange(outgoing, func(rank int) []byte { return Bytes(part(to, toCounts, rank)) })
}

// checkCounts returns an error unless the counts are of all processes and add up to the length of their slice.
func (g *Group) checkCounts(length int, counts []int) error {
	sum := 0
	for _, n := range counts {
		if n < 0 {
			return fmt.Errorf("comm: %d elements of a process", n)
		}
		sum += n
	}
	if len(counts) != g.Size() || sum != length {
		return fmt.Errorf("comm: parts of %d elements in all of %d processes, but %d elements and %d processes", sum, len(counts), length, g.Size())
	}
	return nil
}

// Broadcast copies the data of the process root to all others.
func Broadcast[T Element](g *Group, root int, data []T) error {
	nothing := func(int) []byte { return nil }
	if g.rank == root {
		return g.exchange(func(int) []byte { return Bytes(data) }, nothing)
	}
	return g.exchange(nothing, func(rank int) []byte {
		if rank == root {
			return Bytes(data)
		}
		return nil
	})
}

// largestText bounds what GatherBytes receives from one process.
const largestText = 1 << 28

// GatherBytes collects a text of any length from every process, in the order of ranks.
func (g *Group) GatherBytes(mine []byte) ([][]byte, error) {
	lengths := make([]int64, g.Size())
	if err := AllGather(g, lengths, []int64{int64(len(mine))}); err != nil {
		return nil, err
	}
	counts, sum := make([]int, g.Size()), 0
	for r, n := range lengths {
		if n < 0 || n > largestText {
			return nil, fmt.Errorf("comm: a text of %d bytes from %s", n, g.Name(r))
		}
		counts[r] = int(n)
		sum += counts[r]
	}
	all, texts := make([]byte, sum), make([][]byte, g.Size())
	lo := 0
	for r, n := range counts {
		texts[r] = all[lo : lo+n : lo+n]
		lo += n
	}
	copy(texts[g.rank], mine)
	return texts, AllGatherV(g, all, counts)
}

// Barrier waits until every process has called it.
func (g *Group) Barrier() error {
	return AllGather(g, g.flag, []uint8{1})
}

// Fail reports to all processes that this one has failed. It waits until rank 0 knows, for a second at most.
func (g *Group) Fail(err error) {
	j := g.job
	if j.size == 1 {
		return
	}
	j.fail(j.rank, err.Error())
	if j.rank == 0 {
		return
	}
	first := j.failure().(*PeerError)
	j.tell(0, notice{failing, first.Rank, first.Reason}, time.Second)
	select {
	case <-j.told:
	case <-time.After(time.Second):
	}
}

// Failure returns the failure of the job as a PeerError, or nil.
func (g *Group) Failure() error {
	select {
	case <-g.job.failed:
		return g.job.failure()
	default:
		return nil
	}
}

// Reports reports whether this process is the one that shows an error of the job: rank 0, or, if rank 0 does not say that it
// knows of the failure, another.
func (g *Group) Reports() bool {
	if g.job.rank == 0 {
		return true
	}
	select {
	case <-g.job.told:
		return false
	default:
	}
	var failed *PeerError
	errors.As(g.Failure(), &failed)
	return failed != nil && (failed.Rank > 0 || g.job.rank == 1) // all others know that rank 0 has failed
}

// Stop ends the heartbeats of this process, and waits for that: a second at most, if another process does not answer. A test
// calls it for goroutines that do not Leave, as those of a job that has failed.
func (g *Group) Stop() {
	g.job.stop.Do(func() { close(g.job.closing) })
	g.job.speaking.Wait()
}

// Leave ends the use of the job in this process, when all processes have called it. The error is that of the job.
func (g *Group) Leave() error {
	j := g.job
	if j.size == 1 {
		return nil
	}
	if err := g.Failure(); err != nil {
		return err
	}
	if err := g.Barrier(); err != nil {
		return err
	}
	g.Stop()
	j.listening.Wait()
	j.transport.close()
	return nil
}

// Abort ends all processes of a job that has failed, this one too, with an exit code. It gives the others time to hear of
// the failure, and rank 0 time to show it.
func (g *Group) Abort(code int) {
	if g.job.size == 1 {
		return
	}
	wait := time.Second / 2
	if g.job.rank > 0 {
		wait = 3 * time.Second
	}
	time.Sleep(wait)
	g.job.transport.abort(code)
}
