package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
)

// A bench is an emulated device for one test, which checks at its end that nothing has failed.
type bench struct {
	*gpu.Scope
	t testing.TB
}

func newBench(t testing.TB) bench {
	t.Helper()
	d := emulated.New()
	b := bench{gpu.NewQueue(d).NewScope(), t}
	t.Cleanup(func() {
		b.Close()
		if err := b.Sync(); err != nil {
			t.Error(err)
		}
		if n := d.InUse(); n != 0 {
			t.Errorf("%d bytes are not freed", n)
		}
	})
	return b
}

// word is an element type of a device array.
type word interface {
	float32 | int32 | uint32 | int64 | uint64 | float64
}

// put copies a slice to new memory of the device.
func put[T word](b bench, s []T) gpu.Ptr {
	w := gpu.Words(s)
	p := b.Alloc(len(w))
	b.Write(p, w)
	return p
}

// get copies n numbers from the device.
func get[T word](b bench, p gpu.Ptr, n int) []T {
	b.t.Helper()
	s := make([]T, n)
	if err := b.Read(gpu.Words(s), p); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// room returns memory for n numbers of 4 bytes, which nobody has written.
func room(b bench, n int) gpu.Ptr { return b.Alloc(n) }

// normal returns n normal numbers that follow from the seed.
func normal(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

// wide returns the numbers in float64.
func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// distance returns the Euclidean norm of got - want, relative to that of want.
func distance(got []float32, want []float64) float64 {
	var d, n float64
	for i, w := range want {
		e := float64(got[i]) - w
		d += e * e
		n += w * w
	}
	if d == 0 {
		return 0
	}
	return math.Sqrt(d / n)
}

// near fails unless got is within a relative distance of want.
func near(t testing.TB, name string, got []float32, want []float64, most float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	if d := distance(got, want); !(d <= most) {
		t.Errorf("%s: off by %.2g, want at most %.2g", name, d, most)
	}
}

// same fails unless the bits are the same; all NaN are one.
func same(t testing.TB, name string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if math.Float32bits(got[i]) != math.Float32bits(w) && !(got[i] != got[i] && w != w) {
			t.Fatalf("%s: number %d is %v, want %v", name, i, got[i], w)
		}
	}
}
