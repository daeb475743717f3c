package check

import (
	"fmt"
	"math"
	"math/rand/v2"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
)

// A Case runs kernels on numbers that follow from its name.
type Case struct {
	Name string

	// Tolerance is the largest relative distance from the numbers of the emulator; 0: the bits are the same.
	Tolerance float64

	// Slow says that the emulator takes more than a few seconds.
	Slow bool

	precision gpu.Precision
	run       func(r *run)
}

// A run is one run of a case on one device.
type run struct {
	*gpu.Scope
	random  *rand.Rand
	results [][]float32
	err     error
}

// normal returns n normal numbers on the device.
func (r *run) normal(n int) gpu.Ptr { return r.scaled(n, 1) }

// scaled returns n normal numbers times scale on the device.
func (r *run) scaled(n int, scale float64) gpu.Ptr {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(scale * r.random.NormFloat64())
	}
	return r.put(gpu.Words(s))
}

// indices returns n numbers from low to below high.
func (r *run) indices(n, low, high int) gpu.Ptr {
	s := make([]int32, n)
	for i := range s {
		s[i] = int32(low + r.random.IntN(high-low))
	}
	return r.put(gpu.Words(s))
}

func (r *run) floats(x ...float32) gpu.Ptr  { return r.put(gpu.Words(x)) }
func (r *run) doubles(x ...float64) gpu.Ptr { return r.put(gpu.Words(x)) }

func (r *run) put(w []uint32) gpu.Ptr {
	p := r.Alloc(len(w))
	r.Write(p, w)
	return p
}

// keep reads n words that the kernels have written, as floats.
func (r *run) keep(p gpu.Ptr, n int) {
	x := make([]float32, n)
	if err := r.Read(gpu.Words(x), p); err != nil {
		r.err = err
	}
	r.results = append(r.results, x)
}

// Compare runs the case on two devices and returns an error unless the numbers of the first are those of the second.
func (c Case) Compare(got, want gpu.Device) error {
	a, err := c.on(got)
	if err != nil {
		return err
	}
	b, err := c.on(want)
	if err != nil {
		return fmt.Errorf("on the emulator: %w", err)
	}
	for i := range b {
		if err := c.compare(a[i], b[i]); err != nil {
			return fmt.Errorf("result %d: %w", i, err)
		}
	}
	return nil
}

func (c Case) on(d gpu.Device) ([][]float32, error) {
	r := &run{Scope: gpu.NewQueue(d).NewScope(), random: rand.New(rand.NewPCG(1, 2))}
	r.Precision = c.precision
	defer r.Close()
	c.run(r)
	if r.err != nil {
		return nil, r.err
	}
	return r.results, r.Err()
}

func (c Case) compare(got, want []float32) error {
	var difference, norm float64
	for i, w := range want {
		g := got[i]
		if c.Tolerance == 0 && math.Float32bits(g) != math.Float32bits(w) && (g == g || w == w) {
			return fmt.Errorf("number %d of %d is %v (%#08x), on the emulator %v (%#08x)", i, len(want), g, math.Float32bits(g), w, math.Float32bits(w))
		}
		difference += float64(g-w) * float64(g-w)
		norm += float64(w) * float64(w)
	}
	if d := math.Sqrt(difference / norm); c.Tolerance > 0 && !(d <= c.Tolerance) {
		return fmt.Errorf("off by %.2g from the emulator, want at most %.2g", d, c.Tolerance)
	}
	return nil
}

// Cases lists the cases, which together launch every kernel.
func Cases() []Case {
	list := []Case{
		{Name: "sums", run: func(r *run) {
			const n = 3001
			k, y := kernels.NewSum(r.Scope, n), r.normal(n)
			k.Forward(y, r.normal(n), r.normal(n))
			k.AddTo(y, r.normal(n))
			kernels.NewFill(r.Scope).Zero(y.Add(5), 7)
			r.keep(y, n)
		}},
		activation("GLU", 2, func(s *gpu.Scope, rows, width int) forwardBackward { return kernels.NewGLU(s, rows, width) }),
		activation("SwiGLU", 2, func(s *gpu.Scope, rows, width int) forwardBackward { return kernels.NewSwiGLU(s, rows, width) }),
		activation("GELU", 1, func(s *gpu.Scope, rows, width int) forwardBackward { return kernels.NewGELU(s, rows*width) }),
		activation("sigmoid", 1, func(s *gpu.Scope, rows, width int) forwardBackward { return kernels.NewSigmoid(s, rows*width, 2) }),
		activation("log sigmoid", 1, func(s *gpu.Scope, rows, width int) forwardBackward { return kernels.NewLogSigmoid(s, rows*width, 0.5) }),
		activation("SiLU", 1, func(s *gpu.Scope, rows, width int) forwardBackward { return kernels.NewSiLU(s, rows*width) }),
		{Name: "gated SiLU", run: func(r *run) {
			const n = 1000
			k, gate, up := kernels.NewGatedSiLU(r.Scope, n), r.normal(n), r.normal(n)
			y, dgate, dup := r.Alloc(n), r.Alloc(n), r.Alloc(n)
			k.Forward(y, gate, up)
			k.Backward(dgate, dup, gate, up, r.normal(n))
			r.keep(y, n)
			r.keep(dgate, n)
			r.keep(dup, n)
		}},
		{Name: "LayerNorm", run: func(r *run) {
			const rows, width = 1037, 65
			k, x, weight := kernels.NewLayerNorm(r.Scope, rows, width), r.normal(rows*width), r.normal(width)
			y, dx, dw, db := r.Alloc(rows*width), r.Alloc(rows*width), r.Alloc(width), r.Alloc(width)
			k.Forward(y, x, weight, r.normal(width))
			k.Backward(dx, dw, db, x, weight, r.normal(rows*width))
			r.keep(y, rows*width)
			r.keep(dx, rows*width)
			r.keep(dw, width)
			r.keep(db, width)
		}},
		{Name: "RMSNorm", run: func(r *run) {
			const rows, width = 1037, 65
			k, x, gate, weight := kernels.NewRMSNorm(r.Scope, rows, width, 1e-5), r.normal(rows*width), r.normal(rows*width), r.normal(width)
			y, dx, dgate, dw := r.Alloc(rows*width), r.Alloc(rows*width), r.Alloc(rows*width), r.Alloc(width)
			k.Forward(y, x, gate, weight)
			k.Backward(dx, dgate, dw, x, gate, weight, r.normal(rows*width))
			r.keep(y, rows*width)
			r.keep(dx, rows*width)
			r.keep(dgate, rows*width)
			r.keep(dw, width)
		}},
		{Name: "L2Norm", run: func(r *run) {
			const rows, width = 1037, 65
			k, x, y, dx := kernels.NewL2Norm(r.Scope, rows, width), r.normal(rows*width), r.Alloc(rows*width), r.Alloc(rows*width)
			k.Forward(y, x)
			k.Backward(dx, x, r.normal(rows*width))
			r.keep(y, rows*width)
			r.keep(dx, rows*width)
		}},
		{Name: "softplus decay", run: func(r *run) {
			const rows, width = 1037, 5
			k, x, bias := kernels.NewSoftplusDecay(r.Scope, rows, width), r.normal(rows*width), r.normal(width)
			y, dx, da, db := r.Alloc(rows*width), r.Alloc(rows*width), r.Alloc(width), r.Alloc(width)
			k.Forward(y, x, r.normal(width), bias)
			k.Backward(dx, da, db, x, bias, y, r.normal(rows*width))
			r.keep(y, rows*width)
			r.keep(dx, rows*width)
			r.keep(da, width)
			r.keep(db, width)
		}},
		{Name: "dot product", run: func(r *run) {
			const n = 40_000
			k, x, w := kernels.NewDot(r.Scope, n), r.normal(n), r.normal(n)
			y, dx, dw := r.Alloc(1), r.Alloc(n), r.Alloc(n)
			k.Forward(y, x, w)
			k.Backward(dx, dw, x, w, r.floats(1.5))
			kernels.NewCopy(r.Scope, n).Forward(w, dx)
			r.keep(y, 1)
			r.keep(w, n)
			r.keep(dw, n)
		}},
		{Name: "dropout", run: func(r *run) {
			const batch, size = 3, 1001
			k := kernels.NewDropout(r.Scope, batch, size, 0.3, func() (uint64, int) { return 0x9e3779b97f4a7c15, 4 })
			y := r.Alloc(batch * size)
			k.Forward(y, r.normal(batch*size), r.normal(batch*size))
			r.keep(y, batch*size)
		}},
		{Name: "embedding", run: func(r *run) {
			const rows, vocab, width = 5000, 300, 33
			k, tokens := kernels.NewEmbedding(r.Scope, rows, vocab, width), r.indices(rows, 0, vocab)
			y, dw := r.Alloc(rows*width), r.Alloc(vocab*width)
			k.Forward(y, tokens, r.normal(vocab*width))
			k.Backward(dw, tokens, r.normal(rows*width))
			r.keep(y, rows*width)
			r.keep(dw, vocab*width)
		}},
		{Name: "positions", run: func(r *run) {
			const batch, time, width = 3, 17, 40
			n := batch * time * width
			x, y, dtable, turned, back := r.normal(n), r.Alloc(n), r.Alloc(20*width), r.Alloc(n), r.Alloc(n)
			add, rotary := kernels.NewAddPositions(r.Scope, batch, time, 20, width), kernels.NewRotary(r.Scope, batch, time, 3, 7, width)
			add.Forward(y, x, r.normal(20*width))
			add.Backward(dtable, x)
			rotary.Forward(turned, x)
			rotary.Backward(back, x)
			r.keep(y, n)
			r.keep(dtable, 20*width)
			r.keep(turned, n)
			r.keep(back, n)
		}},
		head("head", gpu.Float32, 0),
		{Name: "cross-entropy", run: func(r *run) {
			const rows, classes = 300, 11
			k, x, targets, weight := kernels.NewCrossEntropy(r.Scope, rows, classes), r.normal(rows*classes), r.indices(rows, -1, classes), r.floats(0.25)
			loss, dx := r.Alloc(1), r.Alloc(rows*classes)
			k.Forward(loss, x, targets, weight)
			k.Backward(dx, x, targets, weight, r.floats(2))
			r.keep(loss, 1)
			r.keep(dx, rows*classes)
			r.keep(k.NLL(), rows)
		}},
		{Name: "optimizers", run: func(r *run) {
			const n = 40_000
			k, norm := kernels.NewOptimizer(r.Scope), kernels.NewNorm(r.Scope, []int{n, 5}, 16384)
			value, grad, m, v, scale := r.normal(n), r.normal(n), r.normal(n), r.Alloc(n), r.Alloc(1)
			kernels.NewFill(r.Scope).Zero(v, n)
			norm.Add(0, grad)
			norm.Add(1, r.normal(5))
			norm.Finish(scale, r.doubles(1), 1)
			k.AdamW(n, value, grad, m, v, scale, kernels.AdamWStep{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Decay: 0.1, Correction1: 0.1, Correction2: 0.01})
			k.Lion(n, value, grad, m, scale, kernels.LionStep{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Decay: 0.1})
			k.EMA(n, m, value, scale, 0.75)
			k.Swap(n, m, value)
			for _, p := range []gpu.Ptr{value, m, v} {
				r.keep(p, n)
			}
			r.keep(norm.Result(), 2)
			r.keep(scale, 1)
		}},
	}
	for _, width := range []int{5, 16, 32, 48} {
		list = append(list, recurrence(width))
	}
	for _, width := range []int{16, 80} {
		list = append(list, attention("softmax attention", width, 70, func(s *gpu.Scope, size kernels.AttentionSize) attentionKernel {
			return kernels.NewSoftmax(s, size)
		}))
	}
	for _, size := range [][2]int{{3, 600}, {40, 70}} { // by features and by scores
		list = append(list, attention("Taylor attention", size[0], size[1], func(s *gpu.Scope, size kernels.AttentionSize) attentionKernel {
			return kernels.NewTaylor(s, size, 3)
		}))
	}
	for _, scale := range []float64{1, 30} {
		list = append(list, logAttention(scale))
	}
	for _, width := range []int{5, 40, 70} {
		list = append(list, delta(width))
	}
	list = append(list, gatedScan(), shortConv())
	for _, size := range [][3]int{{70, 90, 40}, {130, 129, 600}, {2100, 2100, 9}} {
		c := linear(fmt.Sprintf("products %v", size), size, gpu.Float32, 0)
		c.Slow = size[0] > 1000
		list = append(list, c)
	}
	// the order of sums within an instruction of tensor cores is their own
	for i, name := range []string{gpu.TF32x3: "TF32x3", gpu.TF32: "TF32", gpu.BF16: "BF16"} {
		if name != "" {
			list = append(list, linear("products in "+name, [3]int{130, 129, 600}, gpu.Precision(i), 1e-5), head("head in "+name, gpu.Precision(i), 1e-5))
		}
	}
	return list
}

type forwardBackward interface {
	Forward(y, x gpu.Ptr)
	Backward(dx, x, dy gpu.Ptr)
}

// activation is a case of a function of rows of halves*width numbers.
func activation(name string, halves int, kernel func(s *gpu.Scope, rows, width int) forwardBackward) Case {
	return Case{Name: name, run: func(r *run) {
		const rows, width = 37, 129
		n := rows * width
		k, x, y, dx := kernel(r.Scope, rows, width), r.normal(halves*n), r.Alloc(n), r.Alloc(halves*n)
		k.Forward(y, x)
		k.Backward(dx, x, r.normal(n))
		r.keep(y, n)
		r.keep(dx, halves*n)
	}}
}

// linear is a case of products of x [rows, in] with W, as it is and transposed.
func linear(name string, size [3]int, precision gpu.Precision, tolerance float64) Case {
	return Case{Name: name, Tolerance: tolerance, precision: precision, run: func(r *run) {
		rows, out, in := size[0], size[1], size[2]
		for _, transposed := range []bool{false, true} {
			k, x, w := kernels.NewLinear(r.Scope, rows, in, out, transposed), r.normal(rows*in), r.normal(in*out)
			y, dx, dw, db := r.Alloc(rows*out), r.Alloc(rows*in), r.Alloc(in*out), r.Alloc(out)
			k.Forward(y, x, w, r.normal(out), r.normal(rows*out))
			k.Backward(dx, dw, db, x, w, r.normal(rows*out))
			r.keep(y, rows*out)
			r.keep(dx, rows*in)
			r.keep(dw, in*out)
			r.keep(db, out)
		}
	}}
}

// head is a case of a linear head with its loss.
func head(name string, precision gpu.Precision, tolerance float64) Case {
	return Case{Name: name, Tolerance: tolerance, precision: precision, run: func(r *run) {
		const rows, width, vocab = 100, 40, 300
		k, dx, dw, loss, totals := kernels.NewHead(r.Scope, rows, width, vocab), r.Alloc(rows*width), r.Alloc(vocab*width), r.Alloc(1), r.doubles(0, 0, 0)
		k.WantGradients(dw)
		k.Forward(loss, r.normal(rows*width), r.normal(vocab*width), r.indices(rows, -1, vocab), r.floats(0.01))
		k.Add(totals)
		k.Backward(dx, r.floats(1.5))
		r.keep(loss, 1)
		r.keep(dx, rows*width)
		r.keep(dw, vocab*width)
		r.keep(k.NLL(), rows)
		if tolerance == 0 {
			r.keep(k.Best(), rows)
			r.keep(totals, 6)
		}
	}}
}

// recurrence is a case of hidden vectors of that width, with documents, whose states leave the range of floats.
func recurrence(width int) Case {
	return Case{Name: fmt.Sprintf("recurrence of width %d", width), run: func(r *run) {
		const batch, time, rows = 2, 40, 3
		n := batch * time * rows * width
		k, u, a, x0 := kernels.NewRecurrence(r.Scope, batch, time, rows, width), r.normal(n), r.normal(width*width), r.normal(rows*width)
		z, du, da, dx0 := r.Alloc(n), r.Alloc(n), r.Alloc(width*width), r.Alloc(rows*width)
		reset := make([]int32, batch*time)
		for i := range reset {
			reset[i] = int32(r.random.IntN(20) / 19)
		}
		k.Forward(z, u, a, x0, r.put(gpu.Words(reset)))
		k.Backward(du, da, dx0, z, r.normal(n))
		r.keep(z, n)
		r.keep(du, n)
		r.keep(da, width*width)
		r.keep(dx0, rows*width)
	}}
}

type attentionKernel interface {
	Forward(y gpu.Ptr, q, k, v kernels.Rows)
	Backward(dq, dk, dv, q, k, v kernels.Rows, y, dy gpu.Ptr)
}

// attention is a case of causal self-attention with keys and values of that width.
func attention(name string, width, time int, kernel func(s *gpu.Scope, size kernels.AttentionSize) attentionKernel) Case {
	return Case{Name: fmt.Sprintf("%s of width %d", name, width), run: func(r *run) {
		const batch, heads = 2, 2
		n := batch * time * heads * width
		k := kernel(r.Scope, kernels.AttentionSize{Batch: batch, Queries: time, Keys: time, Heads: heads, DKey: width, DValue: width, Causal: true})
		qkv, y, grad := r.normal(3*n), r.Alloc(n), r.Alloc(3*n)
		q, keys, values := kernels.SplitQKV(qkv, heads, width, width)
		dq, dk, dv := kernels.SplitQKV(grad, heads, width, width)
		k.Forward(y, q, keys, values)
		k.Backward(dq, dk, dv, q, keys, values, y, r.normal(n))
		r.keep(y, n)
		r.keep(grad, 3*n)
	}}
}

// logAttention is a case of log-exp attention of normal numbers times scale: large ones are computed among logarithms.
func logAttention(scale float64) Case {
	return Case{Name: fmt.Sprintf("log-exp attention, scale %v", scale), run: func(r *run) {
		const batch, time, heads, keys, values = 2, 66, 1, 5, 34
		n, out := batch*time*heads*(2*keys+values), batch*time*heads*values
		k, qkv, y, grad := kernels.NewLogAttention(r.Scope, batch, time, heads, keys, values), r.scaled(n, scale), r.Alloc(out), r.Alloc(n)
		k.WantGradients()
		k.Forward(y, qkv)
		k.Backward(grad, qkv, r.normal(out))
		r.keep(y, out)
		r.keep(grad, n)
	}}
}

// delta is a case of the delta rule with decays, two steps a token and value heads that share a key head.
func delta(width int) Case {
	return Case{Name: fmt.Sprintf("delta rule of width %d", width), run: func(r *run) {
		const batch, time, keys, values, steps = 1, 20, 1, 2, 2
		n := batch * time * steps
		k := kernels.NewDelta(r.Scope, batch, time, kernels.DeltaSizes{KeyHeads: keys, ValueHeads: values, DKey: width, DValue: width, Steps: steps, Scale: 0.1})
		x := kernels.DeltaOperands{Q: r.normal(batch * time * keys * width), K: r.scaled(n*keys*width, 0.1), V: r.normal(n * values * width), Beta: r.normal(n * values),
			G: r.scaled(batch*time*values, 0.1)}
		o := r.Alloc(batch * time * values * width)
		k.WantGradients()
		k.Forward(o, x)
		grad := kernels.DeltaOperands{Q: r.Alloc(batch * time * keys * width), K: r.Alloc(n * keys * width), V: r.Alloc(n * values * width), Beta: r.Alloc(n * values),
			G: r.Alloc(batch * time * values)}
		k.Backward(grad, x, r.normal(batch*time*values*width))
		r.keep(o, batch*time*values*width)
		r.keep(grad.Q, batch*time*keys*width)
		r.keep(grad.K, n*keys*width)
		r.keep(grad.V, n*values*width)
		r.keep(grad.Beta, n*values)
		r.keep(grad.G, batch*time*values)
	}}
}

// shortConv is a case of short convolutions.
func shortConv() Case {
	return Case{Name: "short convolution", run: func(r *run) {
		const batch, time, channels, width = 2, 70, 33, 4
		n := batch * time * channels
		k, x, w, bias := kernels.NewShortConv(r.Scope, batch, time, channels, width, true), r.normal(n), r.normal(channels*width), r.normal(channels)
		y, dx, dw, db := r.Alloc(n), r.Alloc(n), r.Alloc(channels*width), r.Alloc(channels)
		k.Forward(y, x, w, bias)
		k.Backward(dx, dw, db, x, w, bias, r.normal(n))
		r.keep(y, n)
		r.keep(dx, n)
		r.keep(dw, channels*width)
		r.keep(db, channels)
	}}
}

// gatedScan is a case of gated recurrences.
func gatedScan() Case {
	return Case{Name: "gated recurrence", run: func(r *run) {
		const batch, time, width = 2, 70, 33
		n := batch * time * width
		k, x, y, dx := kernels.NewGated(r.Scope, batch, time, width), r.normal(2*n), r.Alloc(n), r.Alloc(2*n)
		k.Forward(y, x, r.normal(n))
		k.Backward(dx, x, r.normal(n))
		r.keep(y, n)
		r.keep(dx, 2*n)
	}}
}
