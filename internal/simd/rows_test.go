package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// The truth of the fused rows is their formula evaluated in float64, and for gradients the central
// difference of that.

var rowLengths = []int{1, 2, 5, 7, 8, 9, 16, 17, 31, 32, 33, 64, 100, 256, 1000}

func normals[F Float](r *rand.Rand, n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(float32(r.NormFloat64())) // the same numbers for both types
	}
	return x
}

func widen[F Float](x []F) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = float64(x[i])
	}
	return y
}

// near64 compares with a tolerance relative to the largest magnitude.
func near64[F Float](t *testing.T, what string, got []F, want []float64, tolerance float64) {
	t.Helper()
	var size, off float64
	for i := range want {
		size, off = max(size, math.Abs(want[i])), max(off, math.Abs(float64(got[i])-want[i]))
	}
	if !(off <= tolerance*max(size, 0.1)) {
		t.Fatalf("%T %s of %d: off by %g where the largest is %g", got, what, len(want), off, size)
	}
}

func tolerance[F Float]() float64 {
	if single[F]() {
		return 3e-6
	}
	return 1e-12
}

func layerNorm64(x, w, b []float64, eps float64) (y []float64, mean, rstd float64) {
	var variance float64
	for _, u := range x {
		mean += u / float64(len(x))
	}
	for _, u := range x {
		variance += (u - mean) * (u - mean) / float64(len(x))
	}
	rstd = 1 / math.Sqrt(variance+eps)
	for i, u := range x {
		y = append(y, (u-mean)*rstd*w[i]+b[i])
	}
	return y, mean, rstd
}

func TestLayerNorm(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		checkLayerNorm[float32](t)
		checkLayerNorm[float64](t)
	})
}

// Rows at one call are the rows one by one.
func TestLayerNormRows(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for _, d := range []int{1, 7, 64, 100} {
			const rows = 5
			x, w, b := normals[float32](r, rows*d), normals[float32](r, d), normals[float32](r, d)
			y, mean, rstd, row := make([]float32, rows*d), make([]float32, rows), make([]float32, rows), make([]float32, d)
			LayerNormRows(y, x, w, b, mean, rstd, 1e-5)
			for i := range rows {
				m, s := LayerNorm(row, x[i*d:(i+1)*d], w, b, 1e-5)
				alike(t, "mean and rstd", []float32{mean[i], rstd[i]}, []float32{m, s})
				alike(t, "row", y[i*d:(i+1)*d], row)
			}
			LayerNormRows(x, x, w, b, mean, rstd, 1e-5)
			alike(t, "in place", x, y)
		}
		LayerNormRows[float32](nil, nil, nil, nil, nil, nil, 1)
	})
	x := make([]float32, 12)
	for name, call := range map[string]func(){
		"a weight of another width": func() { LayerNormRows(x[:4], x[4:8], x[8:11], x[9:12], make([]float32, 2), make([]float32, 2), 1) },
		"rows that do not divide":   func() { LayerNormRows(x[:4], x[4:8], x[8:9], x[9:10], make([]float32, 3), make([]float32, 3), 1) },
		"an output over the weight": func() { LayerNormRows(x[:4], x[4:8], x[:2], x[9:11], make([]float32, 2), make([]float32, 2), 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was not refused", name)
				}
			}()
			call()
		}()
	}
}

func checkLayerNorm[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for _, n := range rowLengths {
		x, w, b, dy := normals[F](r, n), normals[F](r, n), normals[F](r, n), normals[F](r, n)
		for i := range x {
			x[i] += 3 // a mean to take off
		}
		x64, w64, b64, dy64 := widen(x), widen(w), widen(b), widen(dy)
		want, mean, rstd := layerNorm64(x64, w64, b64, 1e-2)
		y := make([]F, n)
		m, s := LayerNorm(y, x, w, b, 1e-2)
		near64(t, "LayerNorm", y, want, tolerance[F]())
		near64(t, "mean and rstd", []F{m, s}, []float64{mean, rstd}, tolerance[F]())

		loss := func() (sum float64) {
			y, _, _ := layerNorm64(x64, w64, b64, 1e-2)
			for i := range y {
				sum += y[i] * dy64[i]
			}
			return sum
		}
		wantX, wantW, wantB := differences(x64, loss), differences(w64, loss), differences(b64, loss)
		dx, dw, db := make([]F, n), normals[F](r, n), normals[F](r, n)
		for i := range n {
			wantW[i] += float64(dw[i])
			wantB[i] += float64(db[i])
		}
		LayerNormBackward(dx, dy, x, w, m, s, dw, db)
		difference := max(1e-7, 3*tolerance[F]())
		near64(t, "dx", dx, wantX, difference*10)
		near64(t, "dweight", dw, wantW, difference)
		near64(t, "dbias", db, wantB, difference)
		LayerNormBackward(dy, dy, x, w, m, s, make([]F, n), make([]F, n)) // dx over dy
		near64(t, "dx in place", dy, widen(dx), 0)
		LayerNorm(x, x, w, b, 1e-2)
		near64(t, "in place", x, widen(y), 0)
	}
}

// differences is the gradient of loss with respect to x by central differences.
func differences(x []float64, loss func() float64) []float64 {
	const h = 1e-5
	g := make([]float64, len(x))
	for i, u := range x {
		x[i] = u + h
		up := loss()
		x[i] = u - h
		g[i] = (up - loss()) / (2 * h)
		x[i] = u
	}
	return g
}

func TestGLU(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		checkGLU[float32](t)
		checkGLU[float64](t)
	})
}

func checkGLU[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	for _, n := range rowLengths {
		x, dy := normals[F](r, 2*n), normals[F](r, n)
		for i := n; i < 2*n; i++ {
			x[i] *= 4
		}
		x64 := widen(x)
		want := make([]float64, n)
		forward := func() float64 {
			var sum float64
			for i := range n {
				want[i] = x64[i] / (1 + math.Exp(-x64[n+i]))
				sum += want[i] * float64(dy[i])
			}
			return sum
		}
		gradient := differences(x64, forward)
		forward()
		y, dx := make([]F, n), make([]F, 2*n)
		GLU(y, x)
		near64(t, "GLU", y, want, tolerance[F]())
		GLUBackward(dx, dy, x)
		near64(t, "GLUBackward", dx, gradient, max(1e-8, tolerance[F]()))
		GLUBackward(x, dy, x)
		near64(t, "in place", x, widen(dx), 0)
	}
}

// TestGLURows: rows at once have the bits of rows one by one, and write nothing else.
func TestGLURows(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		checkGLURows[float32](t)
		checkGLURows[float64](t)
	})
}

func checkGLURows[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 6))
	for _, shape := range [][2]int{{1, 1}, {3, 7}, {5, 8}, {4, 31}, {2, 64}, {3, 1<<16 + 3}, {700, 100}} {
		rows, d := shape[0], shape[1]
		x, dy := normals[F](r, 2*rows*d), normals[F](r, rows*d)
		y, want := make([]F, rows*d+1), make([]F, rows*d+1)
		dx, wantX := make([]F, 2*rows*d+1), make([]F, 2*rows*d+1)
		for i := range rows {
			GLU(want[i*d:(i+1)*d], x[2*i*d:2*(i+1)*d])
			GLUBackward(wantX[2*i*d:2*(i+1)*d], dy[i*d:(i+1)*d], x[2*i*d:2*(i+1)*d])
		}
		GLURows(y[:rows*d], x, d)
		GLUBackwardRows(dx[:2*rows*d], dy, x, d)
		near64(t, fmt.Sprint("GLURows ", shape), y, widen(want), 0)
		near64(t, fmt.Sprint("GLUBackwardRows ", shape), dx, widen(wantX), 0)
	}
}

func TestCrossEntropy(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		checkCrossEntropy[float32](t)
		checkCrossEntropy[float64](t)
	})
}

func checkCrossEntropy[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	for _, n := range append([]int{50304, 70001}, rowLengths...) {
		logits, target := normals[F](r, n), r.IntN(n)
		for i := range logits {
			logits[i] = logits[i]*5 + 300 // exp would overflow a float32 without the maximum taken off
		}
		var sum float64
		top := 0
		for i, x := range logits {
			if x > logits[top] {
				top = i
			}
		}
		for _, x := range logits {
			sum += math.Exp(float64(x - logits[top]))
		}
		wantLoss := math.Log(sum) + float64(logits[top]-logits[target])
		want := make([]float64, n)
		for i, x := range logits {
			want[i] = 0.25 * math.Exp(float64(x-logits[top])) / sum
		}
		want[target] -= 0.25
		nll, arg := CrossEntropy(logits, target)
		near64(t, "loss", []F{nll}, []float64{wantLoss}, tolerance[F]())
		d := make([]F, n)
		nll2, arg2 := CrossEntropyBackward(d, logits, target, 0.25)
		near64(t, "loss of backward", []F{nll2}, []float64{wantLoss}, tolerance[F]())
		near64(t, "gradient", d, want, tolerance[F]())
		if arg != top || arg2 != top {
			t.Errorf("argmax %d and %d, want %d", arg, arg2, top)
		}
		CrossEntropyBackward(logits, logits, target, 0.25)
		near64(t, "in place", logits, widen(d), 0)
	}
}

func TestCrossEntropyOfSpecialValues(t *testing.T) {
	inf := float32(math.Inf(1))
	onEachPath(t, func(t *testing.T) {
		if nll, _ := CrossEntropy([]float32{-inf, 0, -inf}, 1); nll != 0 {
			t.Errorf("a certain row costs %v nats", nll)
		}
		if nll, _ := CrossEntropy([]float32{-inf, 0, 0}, 0); nll != inf {
			t.Errorf("an impossible target costs %v nats", nll)
		}
		if nll, _ := CrossEntropy([]float32{0, float32(math.NaN()), 0}, 0); nll == nll {
			t.Errorf("NaN was lost: %v nats", nll)
		}
	})
}

// Three steps against the update written out in float64.
func TestAdamW(t *testing.T) {
	onEachPath(t, func(t *testing.T) {
		checkAdamW[float32](t)
		checkAdamW[float64](t)
	})
}

func checkAdamW[F Float](t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for _, n := range append([]int{70000}, rowLengths...) {
		value, m, v := normals[F](r, n), make([]F, n), make([]F, n)
		want, m64, v64 := widen(value), make([]float64, n), make([]float64, n)
		const lr, beta1, beta2, eps, decay, scale = 0.01, 0.9, 0.99, 1e-8, 0.1, 0.5
		for step := 1; step <= 3; step++ {
			grad := normals[F](r, n)
			c1, c2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
			AdamW(value, grad, m, v, AdamWStep[F]{LR: lr, Beta1: beta1, Beta2: beta2, Eps: eps, Decay: decay, Correction1: F(c1), Correction2: F(c2), GradScale: scale})
			for i := range want {
				g := float64(grad[i]) * scale
				m64[i] = beta1*m64[i] + (1-beta1)*g
				v64[i] = beta2*v64[i] + (1-beta2)*g*g
				want[i] -= lr * (m64[i]/c1/(math.Sqrt(v64[i]/c2)+eps) + decay*want[i])
			}
		}
		near64(t, "value", value, want, tolerance[F]())
		near64(t, "m", m, m64, tolerance[F]())
		near64(t, "v", v, v64, 10*tolerance[F]()) // 1 - 0.99 in float32 is good to 6 digits
	}
}

// The assembly reads the factors by position.
func TestAdamWFactorsAreNineFloats(t *testing.T) {
	var h adamWFactors[float32]
	if unsafe.Sizeof(h) != 36 || unsafe.Offsetof(h.keep) != 20 || unsafe.Offsetof(h.eps) != 32 {
		t.Errorf("adamWFactors has changed: %+v", h)
	}
}
