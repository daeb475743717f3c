package optim

import (
	"math"
	"slices"
	"testing"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
	"goomtrain/params"
)

// TestDeviceNorms: the norms of parameters whose gradients on the device are zero, normal or NaN are theirs, whatever the
// arrays of the host hold.
func TestDeviceNorms(t *testing.T) {
	ps := model[float32](1)
	gradients(ps, 1)
	for i := range ps[0].Grad {
		ps[0].Grad[i] = 0
	}
	want := make([]float64, len(ps))
	for i, p := range ps {
		want[i] = norm(p.Grad)
	}
	q := gpu.NewQueue(emulated.New())
	s := q.NewScope()
	grads := gpu.NewMirror(s)
	n := NewNorm(ps)
	n.UseDevice(s, grads)
	loss, scale := s.Alloc(2), s.Alloc(1)
	s.Write(loss, gpu.Words([]float64{1}))
	each := func() []float64 {
		t.Helper()
		n.Enqueue(scale, loss, 0)
		if _, err := n.Fetch(); err != nil {
			t.Fatal(err)
		}
		norms, err := n.Each(len(ps), func(p *params.Param[float32]) int {
			for i := range ps {
				if ps[i] == p {
					return i
				}
			}
			panic("unknown")
		})
		if err != nil {
			t.Fatal(err)
		}
		return norms
	}
	for _, p := range ps {
		p.Grad[0] = float32(math.NaN()) // of the host only
	}
	for i, got := range each() {
		if !(math.Abs(got-want[i]) <= 1e-6*want[i]) {
			t.Errorf("%s: norm %g, want %g", ps[i].Name, got, want[i])
		}
	}
	s.Write(grads.Find(ps[2].Grad), gpu.Words([]float32{float32(math.NaN())}))
	for i, got := range each() {
		if i == 2 {
			if !math.IsNaN(got) || n.FirstNonFinite() != ps[2].Name {
				t.Errorf("norm %g of a gradient with NaN, in %q", got, n.FirstNonFinite())
			}
		} else if !(math.Abs(got-want[i]) <= 1e-6*want[i]) {
			t.Errorf("%s: norm %g, want %g", ps[i].Name, got, want[i])
		}
	}
}

// TestRewind: an update on the device whose factor is negative changes nothing, and is as if it had never been once the
// optimizer and the average forget it.
func TestRewind(t *testing.T) {
	for _, name := range []string{"adamw", "lion"} {
		q := gpu.NewQueue(emulated.New())
		s := q.NewScope()
		skip, use := s.Alloc(1), s.Alloc(1)
		s.Write(skip, gpu.Words([]float32{-1}))
		s.Write(use, gpu.Words([]float32{0.5}))
		run := func(scales ...gpu.Ptr) (values [][]float32, updates int64) {
			t.Helper()
			ps := model[float32](1)[1:3]
			opt, ema := build(t, configure(t, name, nil), ps), average(t, ps, 0.9)
			grads := gpu.NewMirror(s)
			mirror := gpu.NewMirror(s)
			opt.(Accelerated).UseDevice(s, mirror, grads)
			ema.UseDevice(s, mirror)
			gradients(ps, 1)
			for _, p := range ps {
				s.Write(grads.Find(p.Grad), gpu.Words(p.Grad))
			}
			for step, scale := range scales {
				lr, beta1 := rateAt(step%2 + 1)
				opt.(Accelerated).EnqueueUpdate(lr, beta1, scale)
				ema.EnqueueUpdate(scale)
				if scale == skip {
					opt.(Accelerated).Rewind()
					ema.Rewind()
				}
			}
			if err := mirror.Pull(); err != nil {
				t.Fatal(err)
			}
			for i, p := range ps {
				values = append(values, p.Value, ema.average[i])
			}
			return values, ema.count[0]
		}
		want, updates := run(use, use)
		got, counted := run(use, use, skip, skip)
		if counted != updates || updates != 2 {
			t.Errorf("%s: %d updates, want %d", name, counted, updates)
		}
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: array %d differs after two updates that were skipped", name, i)
			}
		}
		got, _ = run(skip, skip, use, use)
		for i := range want {
			if !slices.Equal(got[i], want[i]) {
				t.Errorf("%s: array %d differs after two updates that were skipped before", name, i)
			}
		}
	}
}

// TestFrozenAverageOnDevice: the average of a frozen parameter is the parameter, to the bit.
func TestFrozenAverageOnDevice(t *testing.T) {
	s := gpu.NewQueue(emulated.New()).NewScope()
	values, scale := gpu.NewMirror(s), s.Alloc(1)
	s.Write(scale, gpu.Words([]float32{1}))
	p := model[float32](1)[1]
	p.Frozen = true
	want := slices.Clone(p.Value)
	values.Array(gpu.Singles(p.Value))
	ema := average(t, []*params.Param[float32]{p}, 0.9)
	ema.UseDevice(s, values)
	for range 9 {
		ema.EnqueueUpdate(scale)
	}
	ema.Swap()
	if err := values.Pull(); err != nil || !slices.Equal(p.Value, want) {
		t.Errorf("frozen weights change, error %v", err)
	}
}

// TestSwapOnDevice: weights and average change places on the device, and again back.
func TestSwapOnDevice(t *testing.T) {
	s := gpu.NewQueue(emulated.New()).NewScope()
	values, scale := gpu.NewMirror(s), s.Alloc(1)
	s.Write(scale, gpu.Words([]float32{1}))
	p := model[float32](1)[1]
	start := slices.Clone(p.Value)
	ema := average(t, []*params.Param[float32]{p}, 0.9)
	for i := range p.Value {
		p.Value[i]++
	}
	now := slices.Clone(p.Value)
	ema.UseDevice(s, values)
	ema.EnqueueUpdate(scale) // 0.1 of the past
	for range 2 {
		ema.Swap()
		if err := values.Pull(); err != nil {
			t.Fatal(err)
		}
		for i, v := range p.Value {
			if want := 0.1*start[i] + 0.9*now[i]; math.Abs(float64(v-want)) > 1e-6 || ema.average[0][i] != now[i] {
				t.Fatalf("weight %d is %v, want %v; the average is %v, want %v", i, v, want, ema.average[0][i], now[i])
			}
		}
		ema.Swap()
		if err := values.Pull(); err != nil || !slices.Equal(p.Value, now) {
			t.Fatalf("swapped back: %v, want %v, error %v", p.Value, now, err)
		}
	}
}
