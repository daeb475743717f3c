package recurrence

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// part returns steps [from, to) of a form.
func (f *form) part(from, to int) *form {
	g := *f
	g.Time, g.operands, g.tokens, g.reset = to-from, map[string][]float64{}, nil, nil
	cut := func(x []float64) []float64 {
		return kerneltest.Positions(x, f.Batch, len(x)/(f.Batch*f.Time), from, to)
	}
	for name, x := range f.operands {
		if g.operands[name] = x; !slices.Contains([]string{"x0", "w", "table"}, name) {
			g.operands[name] = cut(x)
		}
	}
	g.dz = cut(f.dz)
	for b := range f.Batch {
		if f.tokens != nil {
			g.tokens = append(g.tokens, f.tokens[b*f.Time+from:b*f.Time+to]...)
		}
		if f.reset != nil {
			g.reset = append(g.reset, f.reset[b*f.Time+from:b*f.Time+to]...)
		}
	}
	return &g
}

// same fails the test unless x and y have the same bits, or are near for a form whose matrices are products that round
// by their size.
func (f *form) same(t *testing.T, name string, x, y []float64) {
	t.Helper()
	if f.kind == "linear" {
		kerneltest.Near(t, name, x, y, 1e-11)
	} else {
		kerneltest.Identical(t, name, x, y)
	}
}

// TestInputStreams: a sequence cut anywhere and carried on equals the whole, with and without resets, and no gradient
// reaches x_0 from behind a carry.
func TestInputStreams(t *testing.T) {
	for _, kind := range kinds {
		for _, f := range []*form{newForm(kind, Size{2, 16, 2, 2, 3}, 2, 20, 1), newForm(kind, Size{2, 16, 2, 2, 3}, 2, 1, 1).resets()} {
			t.Run(fmt.Sprint(kind, f.reset != nil), func(t *testing.T) {
				whole := newRunner[float64](f)
				whole.forward(nil)
				for cut := 1; cut < f.Time; cut++ {
					carry := NewCarry[float64](f.Batch, f.states(), f.Width)
					for _, part := range []*form{f.part(0, cut), f.part(cut, f.Time)} {
						from, resumed := 0, carry.started[0] != 0
						if resumed {
							from = cut
						}
						r := newRunner[float64](part)
						r.forward(carry)
						want := kerneltest.Positions(whole.results["z"], f.Batch, f.states()*f.Width, from, from+part.Time)
						f.same(t, fmt.Sprintf("cut at %d: z", cut), r.results["z"], want)
						r.backward()
						if resumed && f.reset == nil {
							kerneltest.Near(t, "dx0 after a carry", r.results["dx0"], make([]float64, f.states()*f.Width), 0)
						}
					}
				}
			})
		}
	}
}

// TestInputResets: documents one after the other in a sequence are as sequences of their own, forward and back.
func TestInputResets(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			f := newForm(kind, Size{2, 24, 2, 2, 3}, 2, 3, 1)
			begins := []int{0, 1, 5, 16, 17, 23, 24}
			f.reset = make([]int32, f.Batch*f.Time)
			for _, at := range begins[:6] {
				f.reset[at], f.reset[f.Time+at] = 1, -7
			}
			whole := newRunner[float64](f)
			whole.forward(nil)
			whole.backward()
			sums := map[string][]float64{}
			for i, from := range begins[:6] {
				part := f.part(from, begins[i+1])
				part.reset = nil
				r := newRunner[float64](part)
				r.forward(nil)
				r.backward()
				for name, x := range r.results {
					if y := whole.results[name]; slices.Contains([]string{"dx0", "dw", "dtable"}, name) {
						if sums[name] == nil {
							sums[name] = make([]float64, len(x))
						}
						add(sums[name], 1, x)
					} else {
						f.same(t, name, x, kerneltest.Positions(y, f.Batch, len(y)/(f.Batch*f.Time), from, begins[i+1]))
					}
				}
			}
			for name, sum := range sums {
				kerneltest.Near(t, name, whole.results[name], sum, 1e-12)
			}
		})
	}
}

// TestLinearChunks: the number of steps whose matrices are made at a time does not matter.
func TestLinearChunks(t *testing.T) {
	f := newForm("linear", Size{3, 21, 2, 2, 3}, 4, 2, 1).resets()
	var want map[string][]float64
	for _, chunk := range []int{21, 20, 7, 2, 1} {
		k, r := newLinear[float64](f.Size, f.inner, chunk), newRunner[float64](f)
		in, out := r.operands, r.results
		k.Forward(out["z"], in["u"], in["h"], in["w"], in["x0"], f.reset, nil)
		k.Backward(out["du"], out["dh"], out["dw"], out["dx0"], in["h"], in["w"], out["z"], in["dz"])
		if want == nil {
			want = out
		}
		for name, x := range want {
			kerneltest.Near(t, fmt.Sprintf("chunks of %d: %s", chunk, name), out[name], x, 1e-12)
		}
	}
	if k := NewLinear[float32](Size{8, 256, 8, 1, 16}, 128); k.chunk != 16 {
		t.Errorf("a chunk has %d steps, want 16", k.chunk)
	}
}

// TestInputThreads: the same bits on any number of threads.
func TestInputThreads(t *testing.T) {
	kerneltest.Both(t, testInputThreads[float32], testInputThreads[float64])
}

func testInputThreads[F simd.Float](t *testing.T) {
	for _, kind := range kinds {
		for _, size := range []Size{{1, 9, 11, 2, 5}, {5, 33, 2, 1, 16}, {9, 3, 1, 3, 9}} {
			f := newForm(kind, size, 3, 1.2, 1).resets()
			var want map[string][]F
			kerneltest.OnThreads(t, func(t *testing.T) {
				r := newRunner[F](f)
				r.forward(nil)
				r.backward()
				if want == nil {
					want = r.results
				}
				for name, x := range want {
					kerneltest.Identical(t, fmt.Sprint(kind, size, " ", name), r.results[name], x)
				}
			})
		}
	}
}

// TestInputLeavesTheFloatRange: states of 10^100000 and 10^-100000 keep their directions. Rotations are made of two
// reflections, of matrices and of tables; the growth is that of the gate or of the matrices.
func TestInputLeavesTheFloatRange(t *testing.T) {
	const steps, d = 4096, 2
	for _, power := range []float64{25, -25} { // of ten, a step
		for _, kind := range []string{"full", "table", "householder"} {
			t.Run(fmt.Sprint(kind, power), func(t *testing.T) {
				f := newForm(kind, Size{1, steps, 1, 1, d}, 2, 1, 0)
				sin, cos := math.Sincos(0.1)
				growth := math.Pow(10, power)
				switch kind {
				case "householder": // by twice the angle between the two keys
					for i := range steps {
						copy(f.operands["k"][4*i:], []float64{1, 0, math.Cos(0.05), math.Sin(0.05)})
						f.operands["beta"][2*i], f.operands["beta"][2*i+1] = 2, 2
						f.operands["logGate"][i] = power * math.Ln10
					}
				default:
					name := map[string]string{"full": "a", "table": "table"}[kind]
					for i := range len(f.operands[name]) / 4 {
						copy(f.operands[name][4*i:], []float64{growth * cos, growth * sin, -growth * sin, growth * cos})
					}
				}
				copy(f.operands["x0"], []float64{1, 0})
				clear(f.dz[:len(f.dz)-d])
				r := newRunner[float64](f)
				r.forward(nil)
				r.backward()
				z := r.results["z"]
				for i := range steps {
					sin, cos := math.Sincos(0.1 * float64(i+1))
					scale := readout / max(math.Abs(sin), math.Abs(cos))
					kerneltest.Within(t, fmt.Sprint("z at ", i), z[i*d:(i+1)*d], []float64{scale * cos, scale * sin}, 1e-9)
				}
				last := math.Log10(r.walk.largest[steps-1]) + math.Log10(2)*float64(r.walk.exponent[steps-1])
				if want := power * steps; math.Abs(last-want) > 1 {
					t.Errorf("the last state is about 10^%v, want 10^%v", last, want)
				}
				// without inputs every gate is a factor of the last state
				for i, v := range r.results["dlogGate"] {
					kerneltest.Within(t, fmt.Sprint("dlogGate at ", i), []float64{v}, []float64{kerneltest.Dot(z[(steps-1)*d:], f.dz[(steps-1)*d:])}, 1e-9)
				}
			})
		}
	}
}

// TestInputSpreadsNaN: what depends on a NaN is NaN, also where rows need exponents.
func TestInputSpreadsNaN(t *testing.T) {
	kerneltest.Both(t, testInputSpreadsNaN[float32], testInputSpreadsNaN[float64])
}

// place is where an element of an array belongs: -1 stands for all.
type place struct{ b, t, head, row, symbol int }

func (f *form) place(name string, i int) place {
	step, width := func(n int) int { return i / n }, f.states()*f.Width
	p := place{-1, -1, -1, -1, -1}
	switch name {
	case "u", "dz", "z":
		p.b, p.t, p.row = step(width)/f.Time, step(width)%f.Time, i/f.Width%f.states()
		p.head = p.row / f.Rows
	case "x0":
		p.row = i / f.Width
		p.head = p.row / f.Rows
	case "h":
		p.b, p.t = step(f.inner)/f.Time, step(f.inner)%f.Time
	case "w":
		p.head = i / (f.Width * f.Width) % f.Heads
	case "table":
		p.head, p.symbol = i/(f.Width*f.Width)%f.Heads, i/(f.Heads*f.Width*f.Width)
	default: // of each sequence, step and head
		n := len(f.operands[name]) / (f.Batch * f.Time)
		p.b, p.t, p.head = step(n)/f.Time, step(n)%f.Time, i%n/(n/f.Heads)
	}
	return p
}

func testInputSpreadsNaN[F simd.Float](t *testing.T) {
	for _, kind := range kinds {
		for _, scale := range []float64{1, 1e-15, 1e15} {
			f := newForm(kind, Size{2, 11, 2, 2, 3}, 2, scale, 1)
			r := newRunner[F](f)
			met := func(x, y int) bool { return x < 0 || y < 0 || x == y }
			kerneltest.SpreadsNaN(t, r.operands, func() map[string][]F {
				r.forward(nil)
				r.backward()
				return r.results
			}, func(out string, o int, in string, i int) bool {
				from, to := f.place(in, i), place{}
				if out == "z" {
					to = f.place(out, o)
				} else {
					to = f.place(out[1:], o)
				}
				if !met(from.b, to.b) || !met(from.head, to.head) || !met(from.row, to.row) {
					return false
				}
				if from.symbol >= 0 || to.symbol >= 0 { // every symbol is in every sequence, and this one comes first
					return (from.symbol < 0 || from.symbol == int(f.tokens[0])) && in != "dz" && (in != "u" || from.t == 0)
				}
				switch {
				case out == "z":
					return in != "dz" && (from.t < 0 || from.t <= to.t)
				case in == "dz":
					return to.t < 0 && from.t > 0 || to.t >= 0 && to.t < from.t
				}
				return true
			})
		}
	}
}

// TestInputAllocatesNothing: neither in training nor streaming.
func TestInputAllocatesNothing(t *testing.T) {
	for _, kind := range kinds {
		for _, scale := range []float64{1, 1e20} {
			f := newForm(kind, Size{2, 17, 3, 2, 5}, 2, scale, 1).resets()
			r, carry := newRunner[float32](f), NewCarry[float32](f.Batch, f.states(), f.Width)
			kerneltest.AllocatesNothing(t, kind+": a training step", func() {
				r.forward(nil)
				r.backward()
			})
			kerneltest.AllocatesNothing(t, kind+": a stretch", func() { r.forward(carry) })
		}
	}
}

// TestInputGates: beta of exactly 0, 1 and 2 and as large as floats, keys of zeros and of any magnitude, gates of 0 and of e^700 either way.
func TestInputGates(t *testing.T) {
	kerneltest.Both(t, testInputGates[float32], testInputGates[float64])
}

func testInputGates[F simd.Float](t *testing.T) {
	f := newForm("householder", Size{9, 6, 3, 2, 3}, 3, 1, 1) // tasks of several heads
	for i := range f.operands["beta"] {
		f.operands["beta"][i] = float64(i % 3)
		if i%23 == 7 {
			f.operands["beta"][i] = float64(float32(-3e38))
		}
	}
	for i, scale := range []float64{0, 1, 1e-30, 1e30, 1, 1e-12, 1e12} {
		for j := i; j < len(f.operands["k"])/3; j += 7 {
			for c := range 3 {
				f.operands["k"][3*j+c] = float64(float32(scale * f.operands["k"][3*j+c]))
			}
		}
	}
	for i := range f.operands["logGate"] {
		f.operands["logGate"][i] = []float64{-0.5, 700, -700, 3, math.Inf(-1), -6, 600, -800, 1e-4}[i%9]
	}
	want, r := f.want(), newRunner[F](f)
	r.forward(nil)
	r.backward()
	for name, x := range want {
		if name != "dk" {
			nearSaturated(t, name, r.results[name], x, kerneltest.Tolerance[F](1e-3, 1e-10))
			continue
		}
		for i := 0; i < len(x); i += 3 { // each key has a magnitude of its own
			if kerneltest.Largest(x[i:i+3]) < kerneltest.Tolerance[F](1e-30, 1e-290) {
				continue // below the float range
			}
			nearSaturated(t, fmt.Sprint("dk of key ", i/3), r.results[name][i:i+3], x[i:i+3], kerneltest.Tolerance[F](1e-2, 1e-9))
		}
	}
}

// TestInputAcross: a row that a reflection with a large factor leaves alone, because the key is across it, whose adjoint
// it multiplies beyond the float range.
func TestInputAcross(t *testing.T) {
	f := newForm("householder", Size{1, 2, 1, 1, 2}, 1, 1, 0)
	f.operands["x0"], f.operands["k"], f.dz = []float64{0, 1}, []float64{1, 1, 1, 0}, []float64{1, 1, 1, 1}
	f.operands["beta"], f.operands["logGate"] = []float64{0, 0x1.8p127}, []float64{0, 0}
	r := newRunner[float32](f)
	r.forward(nil)
	r.backward()
	kerneltest.Near(t, "z", r.results["z"], []float64{0, readout, 0, readout}, 1e-6)
	for _, name := range []string{"dx0", "du"} {
		nearSaturated(t, name, r.results[name][:1], []float64{-0x1.8p127 * readout}, 0)
	}
}
