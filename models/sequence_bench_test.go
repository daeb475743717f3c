package models

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"goomtrain/internal/comm/commtest"
)

// BenchmarkSequence is a training step of a model, preset nano, on one long sequence that is cut over processes: goroutines
// here, so that it shows the work and the memory, not the speed of several machines. POSITIONS sets its length.
func BenchmarkSequence(b *testing.B) {
	length := 1 << 14
	if n, err := strconv.Atoi(os.Getenv("POSITIONS")); err == nil {
		length = n
	}
	for _, name := range []string{"goom-rnn", "softmax-attention", "log-attention", "taylor-attention", "gated-delta-net", "gla", "lstm"} {
		for _, parts := range []int{1, 4} {
			for _, recompute := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/parts=%d/recompute=%v", name, parts, recompute), func(b *testing.B) {
					benchmarkSequence(b, name, length, parts, recompute)
				})
			}
		}
	}
}

func benchmarkSequence(b *testing.B, name string, length, parts int, recompute bool) {
	c, err := NewConfig(name, "nano")
	if err != nil {
		b.Fatal(err)
	}
	c.Common().Vocab = 256
	inputs, targets := text(1, length, 256)
	var models []*Model[float32]
	for _, g := range commtest.Local(b, parts) {
		m, err := New[float32](c, 1)
		if err == nil {
			err = m.SetSequence(g)
		}
		if err != nil {
			b.Fatal(err)
		}
		m.SetRecompute(recompute)
		models = append(models, m)
	}
	step := func() {
		var runs sync.WaitGroup
		for r, m := range models {
			lo, hi := r*length/parts, (r+1)*length/parts
			runs.Go(func() {
				if _, err := m.Step(inputs[lo:hi], targets[lo:hi], 1, hi-lo, float64(length)); err != nil {
					b.Error(err)
				}
			})
		}
		runs.Wait()
	}
	step() // makes the buffers
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(length)*float64(b.N)/b.Elapsed().Seconds(), "positions/s")
	b.ReportMetric(float64(models[0].train.exec.PlannedBytes())/float64(length/parts), "planned-B/position")
}
