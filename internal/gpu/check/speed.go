package check

import (
	"fmt"
	"math/rand/v2"
	"time"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
)

// A Speed is a kernel at a size that fills a GPU.
type Speed struct {
	Name  string
	FLOPs float64 // floating-point operations of a call
	Bytes float64 // that it must at least read and write

	precision gpu.Precision
	start     func(r *run) (call func())
}

// Measure returns the time of a call.
func (s Speed) Measure(d gpu.Device) (time.Duration, error) {
	r := &run{Scope: gpu.NewQueue(d).NewScope(), random: rand.New(rand.NewPCG(1, 2))}
	r.Precision = s.precision
	defer r.Close()
	call := s.start(r)
	call()
	for n := 1; ; n *= 2 {
		if err := r.Sync(); err != nil {
			return 0, err
		}
		begin := time.Now()
		for range n {
			call()
		}
		if err := r.Sync(); err != nil {
			return 0, err
		}
		if took := time.Since(begin); took > 200*time.Millisecond {
			return took / time.Duration(n), nil
		}
	}
}

// Speeds lists what is measured.
func Speeds() []Speed {
	const big = 1 << 26
	list := []Speed{
		{Name: "sum of 2^26 numbers", FLOPs: big, Bytes: 12 * big, start: func(r *run) func() {
			k, x, y := kernels.NewSum(r.Scope, big), r.zeros(big), r.zeros(big)
			return func() { k.Forward(y, x, y) }
		}},
		{Name: "AdamW of 2^26 weights", FLOPs: 14 * big, Bytes: 28 * big, start: func(r *run) func() {
			k, value, grad, m, v, scale := kernels.NewOptimizer(r.Scope), r.zeros(big), r.zeros(big), r.zeros(big), r.zeros(big), r.floats(1)
			return func() {
				k.AdamW(big, value, grad, m, v, scale, kernels.AdamWStep{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Correction1: 1, Correction2: 1})
			}
		}},
		rowSpeed("LayerNorm", 2, 8, func(s *gpu.Scope, rows, width int) func(r *run, x, y gpu.Ptr) func() {
			k := kernels.NewLayerNorm(s, rows, width)
			return func(r *run, x, y gpu.Ptr) func() {
				weight, bias := r.zeros(width), r.zeros(width)
				return func() { k.Forward(y, x, weight, bias) }
			}
		}),
		rowSpeed("LayerNorm backward", 3, 14, func(s *gpu.Scope, rows, width int) func(r *run, x, y gpu.Ptr) func() {
			k := kernels.NewLayerNorm(s, rows, width)
			return func(r *run, x, y gpu.Ptr) func() {
				weight, dw, db, dx := r.zeros(width), r.zeros(width), r.zeros(width), r.Alloc(rows*width)
				k.Forward(y, x, weight, db)
				return func() { k.Backward(dx, dw, db, x, weight, y) }
			}
		}),
	}
	for _, p := range []struct {
		name string
		of   gpu.Precision
	}{{"float32", gpu.Float32}, {"TF32x3", gpu.TF32x3}, {"TF32", gpu.TF32}, {"BF16", gpu.BF16}} {
		const n = 4096
		list = append(list, Speed{Name: "product of 4096 x 4096, " + p.name, FLOPs: 2 * n * n * n, Bytes: 12 * n * n, precision: p.of, start: func(r *run) func() {
			k, x, w, y := kernels.NewLinear(r.Scope, n, n, n, true), r.zeros(n*n), r.zeros(n*n), r.zeros(n*n)
			return func() { k.Forward(y, x, w, 0, 0) }
		}})
	}
	for _, width := range []int{16, 32} {
		const batch, steps, rows = 16, 1024, 24
		n := batch * steps * rows * width
		list = append(list,
			Speed{Name: fmt.Sprintf("recurrence, 16 x 1024 steps of 24 x %d", width), FLOPs: 2 * float64(n*width), Bytes: 8 * float64(n), start: func(r *run) func() {
				k, u, z, a, x0 := kernels.NewRecurrence(r.Scope, batch, steps, rows, width), r.zeros(n), r.zeros(n), r.normal(width*width), r.normal(rows*width)
				return func() { k.Forward(z, u, a, x0, 0) }
			}},
			Speed{Name: fmt.Sprintf("recurrence backward, 24 x %d", width), FLOPs: 4 * float64(n*width), Bytes: 12 * float64(n), start: func(r *run) func() {
				k, u, z, a, x0 := kernels.NewRecurrence(r.Scope, batch, steps, rows, width), r.zeros(n), r.zeros(n), r.normal(width*width), r.normal(rows*width)
				da, dx0 := r.Alloc(width*width), r.Alloc(rows*width)
				k.Forward(z, u, a, x0, 0)
				return func() { k.Backward(u, da, dx0, z, u) }
			}})
	}
	const batch, time, heads, width = 8, 1024, 12, 64
	n := batch * time * heads * width
	pairs := float64(batch*heads) * time * time / 2
	attention := func(r *run) (forward, backward func()) {
		k := kernels.NewSoftmax(r.Scope, kernels.AttentionSize{Batch: batch, Queries: time, Keys: time, Heads: heads, DKey: width, DValue: width, Causal: true})
		qkv, grad, y := r.zeros(3*n), r.Alloc(3*n), r.zeros(n)
		q, keys, values := kernels.SplitQKV(qkv, heads, width, width)
		dq, dk, dv := kernels.SplitQKV(grad, heads, width, width)
		return func() { k.Forward(y, q, keys, values) }, func() { k.Backward(dq, dk, dv, q, keys, values, y, y) }
	}
	work := float64(batch*time*heads) * (2*64*2*width + 4*width*width) // of chunks of 64 positions
	logarithms := func(r *run) (forward, backward func()) {
		k := kernels.NewLogAttention(r.Scope, batch, time, heads, width, width)
		qkv, grad, y := r.zeros(3*n), r.Alloc(3*n), r.zeros(n)
		k.WantGradients()
		return func() { k.Forward(y, qkv) }, func() { k.Backward(grad, qkv, y) }
	}
	rule := func(r *run) (forward, backward func()) {
		k := kernels.NewDelta(r.Scope, batch, time, kernels.DeltaSizes{KeyHeads: heads, ValueHeads: heads, DKey: width, DValue: width, Steps: 1, Scale: 0.125})
		x := kernels.DeltaOperands{Q: r.zeros(n), K: r.zeros(n), V: r.zeros(n), Beta: r.zeros(n / width), G: r.zeros(n / width)}
		grad := kernels.DeltaOperands{Q: r.zeros(n), K: r.zeros(n), V: r.zeros(n), Beta: r.zeros(n / width), G: r.zeros(n / width)}
		o := r.zeros(n)
		k.WantGradients()
		return func() { k.Forward(o, x) }, func() { k.Backward(grad, x, o) }
	}
	return append(list,
		Speed{Name: "delta rule, 8 x 1024 x 12 x 64", FLOPs: 6 * float64(n*width), Bytes: 20 * float64(n), start: func(r *run) func() {
			forward, _ := rule(r)
			return forward
		}},
		Speed{Name: "delta rule backward", FLOPs: 20 * float64(n*width), Bytes: 56 * float64(n), start: func(r *run) func() {
			forward, backward := rule(r)
			forward()
			return backward
		}},
		Speed{Name: "log-exp attention, 8 x 1024 x 12 x 64", FLOPs: work, Bytes: 16 * float64(n), start: func(r *run) func() {
			forward, _ := logarithms(r)
			return forward
		}},
		Speed{Name: "log-exp attention backward", FLOPs: 2.5 * work, Bytes: 32 * float64(n), start: func(r *run) func() {
			forward, backward := logarithms(r)
			forward()
			return backward
		}},
		Speed{Name: "softmax attention, 8 x 1024 x 12 x 64", FLOPs: 4 * pairs * width, Bytes: 16 * float64(n), start: func(r *run) func() {
			forward, _ := attention(r)
			return forward
		}},
		Speed{Name: "softmax attention backward", FLOPs: 10 * pairs * width, Bytes: 32 * float64(n), start: func(r *run) func() {
			forward, backward := attention(r)
			forward()
			return backward
		}})
}

// zeros returns n zeros on the device.
func (r *run) zeros(n int) gpu.Ptr {
	p := r.Alloc(n)
	kernels.NewFill(r.Scope).Zero(p, n)
	return p
}

// rowSpeed is a kernel that reads and writes arrays of [65536, 768] that often, with that many operations a number.
func rowSpeed(name string, arrays, operations int, kernel func(s *gpu.Scope, rows, width int) func(r *run, x, y gpu.Ptr) func()) Speed {
	const rows, width = 1 << 16, 768
	n := float64(rows * width)
	return Speed{Name: name + " of 65536 x 768", FLOPs: float64(operations) * n, Bytes: 4 * float64(arrays) * n, start: func(r *run) func() {
		return kernel(r.Scope, rows, width)(r, r.zeros(rows*width), r.zeros(rows*width))
	}}
}
