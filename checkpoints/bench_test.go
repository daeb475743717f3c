package checkpoints

import (
	"io"
	"testing"

	"goomtrain/params"
)

// benchArrays are 64 MB of weights and twice as much optimizer state, as AdamW's.
func benchArrays() (model, optimizer []params.Array) {
	f32 := func(name string) params.Array {
		return params.Array{Name: name, Shape: []int{4096, 4096}, Data: make([]float32, 4096*4096)}
	}
	return []params.Array{f32("w")}, []params.Array{f32("w.m"), f32("w.v")}
}

const benchBytes = 3 * 4 * 4096 * 4096

func BenchmarkWriteTensors(b *testing.B) {
	_, arrays := benchArrays()
	b.SetBytes(2 * benchBytes / 3)
	for b.Loop() {
		if err := WriteTensors(io.Discard, arrays, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSave includes the sums and fsync.
func BenchmarkSave(b *testing.B) {
	run := b.TempDir()
	model, optimizer := benchArrays()
	b.SetBytes(benchBytes)
	for b.Loop() {
		if _, err := Save(run, stateOf(1), model, optimizer, SaveOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSnapshot is the copy on all cores, which is the most that a save costs the training path.
func BenchmarkSnapshot(b *testing.B) {
	model, optimizer := benchArrays()
	var c snapshot
	c.reserve(model, optimizer)
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		c.begin(model, optimizer, true)
		c.finish()
	}
}

// BenchmarkLoad verifies all files and reads the tensors.
func BenchmarkLoad(b *testing.B) {
	run := b.TempDir()
	model, optimizer := benchArrays()
	if _, err := Save(run, stateOf(1), model, optimizer, SaveOptions{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(benchBytes)
	b.ReportAllocs()
	for b.Loop() {
		c, err := Load(run)
		if err == nil {
			err = c.ReadModel(model)
		}
		if err == nil {
			err = c.ReadOptimizer(optimizer)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
