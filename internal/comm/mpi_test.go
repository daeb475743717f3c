//go:build mpi

package comm

import (
	"errors"
	"fmt"
	"os"
	"testing"
)

// TestMain ends MPI when this is one of several processes: mpirun -n 4 comm.test -test.run TestWorld.
func TestMain(m *testing.M) {
	code := m.Run()
	g, err := World()
	if err == nil && code != 0 {
		g.Fail(errors.New("a test has failed"))
		g.Abort(code)
	} else if err == nil {
		err = g.Leave()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestWorld(t *testing.T) {
	g, err := World()
	if err != nil {
		t.Fatal(err)
	}
	if g.Size() != Launched() {
		t.Fatalf("%d processes, but %d were launched", g.Size(), Launched())
	}
	if err := exchanges(g); err != nil {
		t.Fatal(err)
	}
	second, err := g.Split(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		for range 200 {
			if err := exchanges(second); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range 200 {
		if err := exchanges(g); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	large := make([]float32, g.Size()<<20)
	counts := make([]int, g.Size())
	for r := range counts {
		counts[r] = 1 << 20
	}
	large[g.Rank()<<20+12345] = float32(g.Rank() + 1)
	if err := AllGatherV(g, large, counts); err != nil {
		t.Fatal(err)
	}
	for r := range counts {
		if large[r<<20+12345] != float32(r+1) {
			t.Errorf("part of process %d: %g", r, large[r<<20+12345])
		}
	}
}

// BenchmarkWorld measures what the cost model of docs/scaling.md needs: the time of a small message, of a round of all
// processes, and the bandwidth. All processes must make as many rounds:
//
//	mpirun -n 2 comm.test -test.run none -test.bench World -test.benchtime 200x
func BenchmarkWorld(b *testing.B) {
	g, err := World()
	if err != nil {
		b.Fatal(err)
	}
	n := g.Size()
	if n == 1 {
		b.Skip("needs several processes")
	}
	messages := func(b *testing.B, each, size int) {
		var all []*Message
		for r := range n {
			for i := range each {
				if r != g.Rank() {
					all = append(all, &Message{Peer: r, Receive: true, Label: i, Data: make([]byte, size)}, &Message{Peer: r, Label: i, Data: make([]byte, size)})
				}
			}
		}
		b.ResetTimer()
		for range b.N {
			for _, m := range all {
				m.Start(g)
			}
			for _, m := range all {
				if err := m.Wait(g); err != nil {
					b.Fatal(err)
				}
			}
		}
		perRound := b.Elapsed().Seconds() / float64(b.N)
		b.ReportMetric(1e6*perRound/float64(len(all)), "µs/message")
		b.ReportMetric(float64(len(all)/2*size)/perRound/1e6, "MB/s")
	}
	b.Run("round", func(b *testing.B) { messages(b, 1, 8) })
	b.Run("small", func(b *testing.B) { messages(b, 100, 256) })
	b.Run("large", func(b *testing.B) { messages(b, 1, 8<<20) })
}
