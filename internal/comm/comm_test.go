package comm

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// together runs a function on every process of a group of n goroutines, and returns their errors by rank.
func together(n int, f func(g *Group) error) []error {
	return onAll(Local(n), f)
}

func onAll(groups []*Group, f func(g *Group) error) []error {
	errs := make([]error, len(groups))
	var all sync.WaitGroup
	for r, g := range groups {
		all.Go(func() { errs[r] = f(g) })
	}
	all.Wait()
	return errs
}

// exchanges calls every collective with values that follow from the ranks, and checks what it gives.
func exchanges(g *Group) error {
	n, r := g.Size(), g.Rank()
	all := make([]int32, 3*n)
	if err := AllGather(g, all, []int32{int32(r), int32(10 * r), -1}); err != nil {
		return err
	}
	for i, v := range all {
		if want := [3]int32{int32(i / 3), int32(10 * (i / 3)), -1}[i%3]; v != want {
			return fmt.Errorf("AllGather: element %d is %d, want %d", i, v, want)
		}
	}
	counts := make([]int, n) // process r gives r elements, rank 0 none
	sum := 0
	for i := range counts {
		counts[i] = i
		sum += i
	}
	varied := make([]float32, sum)
	for i, at := 0, r*(r-1)/2; i < r; i++ {
		varied[at+i] = float32(r)
	}
	if err := AllGatherV(g, varied, counts); err != nil {
		return err
	}
	for at, i := 0, 0; i < n; i++ {
		for range i {
			if varied[at] != float32(i) {
				return fmt.Errorf("AllGatherV: element %d is %g, want %d", at, varied[at], i)
			}
			at++
		}
	}
	from, fromCounts, toCounts := []float64{}, make([]int, n), make([]int, n)
	for i := range n { // i+1 elements for process i
		fromCounts[i], toCounts[i] = i+1, r+1
		for range i + 1 {
			from = append(from, float64(100*r+i))
		}
	}
	to := make([]float64, n*(r+1))
	if err := AllToAllV(g, to, toCounts, from, fromCounts); err != nil {
		return err
	}
	for i, v := range to {
		if want := float64(100*(i/(r+1)) + r); v != want {
			return fmt.Errorf("AllToAllV: element %d is %g, want %g", i, v, want)
		}
	}
	for root := range n {
		data := make([]int64, 5)
		if r == root {
			data[4] = int64(root) + 7
		}
		if err := Broadcast(g, root, data); err != nil {
			return err
		}
		if data[4] != int64(root)+7 {
			return fmt.Errorf("Broadcast from %d gives %d", root, data[4])
		}
	}
	texts, err := g.GatherBytes([]byte(strings.Repeat("x", 1000*r)))
	if err != nil {
		return err
	}
	for i, text := range texts {
		if len(text) != 1000*i {
			return fmt.Errorf("GatherBytes: %d bytes from process %d", len(text), i)
		}
	}
	return g.Barrier()
}

func TestExchanges(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for r, err := range together(n, func(g *Group) error {
			if err := exchanges(g); err != nil {
				return err
			}
			half, err := g.Split(g.Rank()%2, 1)
			if err != nil {
				return err
			}
			if want := (g.Size() + 1 - g.Rank()%2) / 2; half.Size() != want || half.Rank() != g.Rank()/2 {
				return fmt.Errorf("part of %d, rank %d", half.Size(), half.Rank())
			}
			second, err := g.Split(0, 2)
			if err != nil {
				return err
			}
			done := make(chan error) // while the first group is in use on another goroutine
			go func() { done <- exchanges(second) }()
			if err := errors.Join(exchanges(half), <-done); err != nil {
				return err
			}
			return g.Leave()
		}) {
			if err != nil {
				t.Errorf("%d processes, rank %d: %v", n, r, err)
			}
		}
	}
}

// Wrong sizes are errors before anything is sent.
func TestWrongSizes(t *testing.T) {
	g := Single()
	for name, err := range map[string]error{
		"AllGather":           AllGather(g, make([]int32, 2), []int32{1}),
		"AllGatherV":          AllGatherV(g, make([]int32, 2), []int{1}),
		"AllGatherV negative": AllGatherV(g, make([]int32, 0), []int{-1}),
		"AllToAllV":           AllToAllV(g, make([]int32, 1), []int{1}, make([]int32, 2), []int{1}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A process cannot send itself more than it has room for, and the counts of what it sends must be those of its slice.
func TestWrongCounts(t *testing.T) {
	g := Single()
	if err := AllToAllV(g, make([]int32, 1), []int{1}, make([]int32, 2), []int{2}); err == nil || !strings.Contains(err.Error(), "more than it receives") {
		t.Errorf("error %v", err)
	}
	to := make([]int32, 2)
	if err := AllToAllV(g, to, []int{2}, []int32{7, 8}, []int{2}); err != nil || to[0] != 7 || to[1] != 8 {
		t.Errorf("%v, error %v", to, err)
	}
}

// Groups have the channels from 1 to 14; others belong to the job.
func TestChannels(t *testing.T) {
	for channel, good := range map[int]bool{-1: false, 0: false, 1: true, 14: true, 15: false} {
		if g, err := Single().Split(0, channel); (err == nil) != good || good && g.Size() != 1 || !good && err.Error() != fmt.Sprintf("comm: channel %d: want 1 to 14", channel) {
			t.Errorf("channel %d: error %v", channel, err)
		}
	}
}

// A process of one group is named by its rank in the job, and by where it runs once that is known.
func TestNames(t *testing.T) {
	for r, err := range together(4, func(g *Group) error {
		if got := g.Name(3); got != "rank 3" {
			return fmt.Errorf("before: %q", got)
		}
		if err := g.Barrier(); err != nil {
			return err
		}
		if err := g.introduce(fmt.Sprintf("host%d", g.Rank()), fmt.Sprint("place", g.Rank()/3)); err != nil {
			return err
		}
		odd, err := g.Split(g.Rank()%2, 1)
		if err != nil {
			return err
		}
		if want := fmt.Sprintf("rank %d (host%d)", 2+g.Rank()%2, 2+g.Rank()%2); odd.Name(1) != want {
			return fmt.Errorf("%q, want %q", odd.Name(1), want)
		}
		if n, want := g.Sharing(), map[bool]int{true: 1, false: 3}[g.Rank() == 3]; n != want {
			return fmt.Errorf("%d processes share the cores, want %d", n, want)
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", r, err)
		}
	}
}

// Rank 0 shows the error of a job, whoever failed, and no other process while rank 0 lives.
func TestReports(t *testing.T) {
	for _, failing := range []int{0, 1, 2} {
		var mu sync.Mutex
		reports := map[int]bool{}
		together(3, func(g *Group) error {
			if g.Failure() == nil && g.Rank() > 0 && g.Reports() {
				t.Error("a process reports before anything has failed")
			}
			if err := g.Barrier(); err != nil {
				return err
			}
			if g.Rank() == failing {
				g.Fail(errors.New("no space left"))
			} else {
				<-g.job.failed
			}
			if g.Failure() == nil || g.Leave() == nil {
				t.Errorf("rank %d knows of no failure", g.Rank())
			}
			if g.Rank() == failing {
				if failing > 0 {
					<-g.job.told // by rank 0
				}
				mu.Lock()
				reports[g.Rank()] = g.Reports()
				mu.Unlock()
			}
			return nil
		})
		if reports[failing] != (failing == 0) {
			t.Errorf("rank %d has failed: it reports: %v", failing, reports[failing])
		}
	}
}

// A process that fails ends the waits of all others with its name and its error.
func TestFail(t *testing.T) {
	for _, failing := range []int{0, 2} {
		errs := together(4, func(g *Group) error {
			if err := g.introduce(fmt.Sprintf("host%d", g.Rank()), "place"); err != nil {
				return err
			}
			if g.Rank() == failing {
				if n := g.Sharing(); n != 4 {
					t.Errorf("%d processes share the cores, want 4", n)
				}
				g.Fail(errors.New("no space\x1b left"))
				return nil
			}
			return exchanges(g)
		})
		want := fmt.Sprintf(`rank %d (host%d): no space\x1b left`, failing, failing)
		for r, err := range errs {
			var peer *PeerError
			if r == failing {
				continue
			}
			if !errors.As(err, &peer) || peer.Rank != failing || err.Error() != want {
				t.Errorf("rank %d: %v, want %s", r, err, want)
			}
		}
	}
}

// A notice may name a rank that there is not, as of a damaged message.
func TestFailureOfNoRank(t *testing.T) {
	for _, rank := range []int{-1, 2, 1 << 30} {
		groups := Local(2)
		groups[1].job.fail(rank, "why")
		if err := groups[1].Failure(); err == nil || err.Error() != fmt.Sprintf("rank %d: why", rank) {
			t.Errorf("error %v", err)
		}
		for _, g := range groups {
			g.Stop()
		}
	}
}

// A process alone has nobody to tell that it ends.
func TestAlone(t *testing.T) {
	g := Single()
	if err := g.Barrier(); err != nil {
		t.Error(err)
	}
	g.Fail(errors.New("no space left"))
	g.Abort(1)
	if err := g.Leave(); err != nil || g.Failure() != nil || !g.Reports() || g.Sharing() != 1 {
		t.Errorf("error %v, failure %v", err, g.Failure())
	}
}

// A process whose messages are lost ends the job after the timeout.
func TestSilence(t *testing.T) {
	for _, silent := range []int{0, 1} {
		groups := locals(3, 300*time.Millisecond)
		for r, err := range onAll(groups, func(g *Group) error {
			if err := exchanges(g); err != nil {
				return fmt.Errorf("before: %w", err)
			}
			if g.Rank() == silent {
				hub := g.job.transport.(*local)
				hub.hub.mu.Lock()
				hub.silent = true
				hub.hub.mu.Unlock()
				return nil
			}
			err := g.Barrier()
			if g.Rank() == 2 && silent == 1 {
				<-g.job.told // by rank 0
			}
			if want := g.Rank() == 0 || g.Rank() == 1 && silent == 0; g.Reports() != want {
				t.Errorf("rank %d is silent: rank %d reports: %v", silent, g.Rank(), !want)
			}
			return err
		}) {
			var peer *PeerError
			if r == silent {
				continue
			}
			if !errors.As(err, &peer) || peer.Rank != silent || !strings.Contains(err.Error(), "has not answered for") {
				t.Errorf("rank %d: %v, want that rank %d has not answered", r, err, silent)
			}
		}
	}
}

// A process that computes for longer than the timeout answers nonetheless.
func TestBusyIsNotSilent(t *testing.T) {
	for r, err := range onAll(locals(2, 300*time.Millisecond), func(g *Group) error {
		if g.Rank() == 1 {
			time.Sleep(time.Second)
		}
		return g.Barrier()
	}) {
		if err != nil {
			t.Errorf("rank %d: %v", r, err)
		}
	}
}

func TestNotice(t *testing.T) {
	buffer := make([]byte, noticeSize)
	for _, n := range []notice{{}, {failing, 511, "why"}, {failing, 1, strings.Repeat("long", 1000)}} {
		n.encode(buffer)
		want := n
		want.reason = n.reason[:min(len(n.reason), noticeSize-7)]
		if got := decodeNotice(buffer); got != want {
			t.Errorf("%.40v comes back as %.40v", want, got)
		}
	}
	for i := range buffer { // what another program may send
		buffer[i] = 0xff
	}
	if got := decodeNotice(buffer); len(got.reason) != noticeSize-7 {
		t.Errorf("a reason of %d bytes", len(got.reason))
	}
}

func TestLaunched(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        int
	}{{"", "", 1}, {"OMPI_COMM_WORLD_SIZE", "4", 4}, {"PMI_SIZE", "2", 2}, {"SLURM_STEP_NUM_TASKS", "8", 8}, {"PMI_SIZE", "x", 1}, {"PMI_SIZE", "0", 1}} {
		if got := launched(func(name string) string { return map[string]string{c.name: c.value}[name] }); got != c.want {
			t.Errorf("%s=%s: %d processes, want %d", c.name, c.value, got, c.want)
		}
	}
}

func TestMessagesAllocateNothing(t *testing.T) {
	groups := Local(2)
	data := [2][]byte{make([]byte, 100), make([]byte, 100)}
	messages := [2]Message{{Peer: 1, Data: data[0]}, {Peer: 0, Receive: true, Data: data[1]}}
	if n := testing.AllocsPerRun(100, func() {
		for r := range messages {
			messages[r].Start(groups[r])
		}
		for r := range messages {
			if err := messages[r].Wait(groups[r]); err != nil {
				t.Fatal(err)
			}
		}
	}); n >= 1 {
		t.Errorf("%v allocations a message", n)
	}
}
