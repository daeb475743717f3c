package dense

import (
	"fmt"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// rowSizes are numbers of rows and widths: one, primes, around the vector width and the grain of rows.
var rowSizes = [][2]int{{1, 1}, {2, 3}, {3, 8}, {63, 7}, {64, 16}, {65, 17}, {130, 33}}

// TestThreads: all sums over rows and elements have the same bits on any number of threads.
func TestThreads(t *testing.T) {
	const rows, width = 300, 37
	const size = 2*simd.Grain + 5
	x, w, b, dy := kerneltest.Normal[float32]("x", rows*width), kerneltest.Normal[float32]("w", width*width), kerneltest.Normal[float32]("b", width), kerneltest.Normal[float32]("dy", rows*width)
	long, weights := kerneltest.Normal[float32]("long", size), kerneltest.Normal[float32]("weights", size)
	var want map[string][]float32
	kerneltest.OnThreads(t, func(t *testing.T) {
		got := map[string][]float32{}
		out := func(name string, n int) []float32 {
			got[name] = kerneltest.Poisoned[float32](n)
			return got[name]
		}
		linear, norm, positions := NewLinear[float32](rows, width, width, true), NewLayerNorm[float32](rows, width), NewAddPositions[float32](3, rows/3, rows, width)
		linear.Forward(out("linear", rows*width), x, w, b, dy)
		linear.Backward(out("linear dx", rows*width), out("linear dw", width*width), out("linear dbias", width), x, w, dy)
		norm.Forward(out("norm", rows*width), x, b, b)
		norm.Backward(out("norm dx", rows*width), out("norm dweight", width), out("norm dbias", width), x, b, dy)
		positions.Forward(out("positions", rows*width), x, x, 7)
		positions.Backward(out("positions dtable", rows*width), dy)
		rms, decay := NewRMSNorm[float32](rows, width, 1e-5), NewSoftplusDecay[float32](rows, width)
		rms.Forward(out("rms", rows*width), x, dy, b)
		rms.Backward(out("rms dx", rows*width), out("rms dgate", rows*width), out("rms dweight", width), x, dy, b, dy)
		decay.Forward(out("decay", rows*width), x, b, b)
		decay.Backward(out("decay dx", rows*width), out("decay daLog", width), out("decay dbias", width), x, b, got["decay"], dy)
		out("dot", 1)[0] = NewDot[float32](size).Forward(long, weights)
		if want == nil {
			want = got
		}
		for name := range want {
			kerneltest.Identical(t, name, got[name], want[name])
		}
	})
}

// TestAllocatesNothing: a second call of any kernel allocates nothing.
func TestAllocatesNothing(t *testing.T) {
	kerneltest.Both(t, testAllocatesNothing[float32], testAllocatesNothing[float64])
}

func testAllocatesNothing[F simd.Float](t *testing.T) {
	const rows, width = 256, 32
	const n = rows * width
	x, w, b := kerneltest.Normal[F]("x", n), kerneltest.Normal[F]("w", width*width), kerneltest.Normal[F]("b", width)
	y, dx, dw, db := make([]F, n), make([]F, n), make([]F, width*width), make([]F, width)
	tokens, targets := make([]int32, rows), headTargets(rows, width, 2)
	linear, norm, gelu := NewLinear[F](rows, width, width, true), NewLayerNorm[F](rows, width), NewGELU[F](n)
	glu, swiglu := NewGLU[F](rows/2, width), NewSwiGLU[F](rows/2, width)
	embedding, head, dot := NewEmbedding[F](rows, width, width), NewHead[F](rows, width, width), NewDot[F](n)
	rotary, positions := NewRotary[F](2, rows/2, 2, width/4, width), NewAddPositions[F](2, rows/2, rows, width)
	dropout := NewDropout[F](4, n/4, 0.1, "a", NewNoise(1))
	rms, l2, silu, gated := NewRMSNorm[F](rows, width, 1e-5), NewL2Norm[F](rows, width), NewSiLU[F](n), NewGatedSiLU[F](n)
	sigmoid, logSigmoid, decay := NewSigmoid[F](n, 2), NewLogSigmoid[F](n, 1), NewSoftplusDecay[F](rows, width)
	dgate := make([]F, n)
	head.WantGradients(dw)
	var from int64
	for name, call := range map[string]func(){
		"Linear":     func() { linear.Forward(y, x, w, b, y); linear.Backward(dx, dw, db, x, w, y) },
		"LayerNorm":  func() { norm.Forward(y, x, b, b); norm.Backward(dx, db, db, x, b, y) },
		"RMSNorm":    func() { rms.Forward(y, x, x, b); rms.Backward(dx, dgate, db, x, x, b, y) },
		"L2Norm":     func() { l2.Forward(y, x); l2.Backward(dx, x, y) },
		"SiLU":       func() { silu.Forward(y, x); silu.Backward(dx, x, y) },
		"GatedSiLU":  func() { gated.Forward(y, x, x); gated.Backward(dgate, dx, x, x, y) },
		"Sigmoid":    func() { sigmoid.Forward(y, x); sigmoid.Backward(dx, x, y) },
		"LogSigmoid": func() { logSigmoid.Forward(y, x); logSigmoid.Backward(dx, x, y) },
		"SoftplusDecay": func() {
			decay.Forward(y, x, b, b)
			decay.Backward(dx, db, dw[:width], x, b, y, dgate)
		},
		"GELU":         func() { gelu.Forward(y, x); gelu.Backward(dx, x, y) },
		"GLU":          func() { glu.Forward(y[:n/2], x); glu.Backward(dx, x, y[:n/2]) },
		"SwiGLU":       func() { swiglu.Forward(y[:n/2], x); swiglu.Backward(dx, x, y[:n/2]) },
		"Embedding":    func() { embedding.Forward(y, tokens, w); embedding.Backward(dw, tokens, x) },
		"Head":         func() { head.Forward(x, w, targets, 1); head.Backward(dx, 2) },
		"Dot":          func() { dot.Forward(x, y); dot.Backward(dx, y, x, y, 2) },
		"Rotary":       func() { from++; rotary.Forward(y, x, from); rotary.Backward(dx, x) },
		"AddPositions": func() { positions.Forward(y, x, x, 5); positions.Backward(dx, x) },
		"Dropout":      func() { dropout.Forward(y, x, x); dropout.Backward(dx, y) },
	} {
		kerneltest.AllocatesNothing(t, fmt.Sprint(name, " forward and backward"), call)
	}
}
