package scan

import (
	"fmt"
	"math"
	"os"
	"testing"

	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/kernels/workspace"
)

func TestMain(m *testing.M) {
	workspace.Poison()
	os.Exit(m.Run())
}

// TestThreads: the same bits on any number of threads, of a channel in pieces and of many channels.
func TestThreads(t *testing.T) {
	for _, s := range []struct{ outer, time, inner int }{{1, (2*diagStretch+3)*16*diagPiece + 77, 1}, {5, (diagStretch+1)*16*diagPiece + 77, 1}, {40, 40, 1}, {13, 600, 1}, {2, 9, 2*diagColumns + 3}} {
		n, channels := s.outer*s.time*s.inner, s.outer*s.inner
		a, b, x0, dx := kerneltest.Normal[float32]("a", n), kerneltest.Normal[float32]("b", n), kerneltest.Normal[float32]("x0", channels), kerneltest.Normal[float32]("dx", n)
		for i := range a {
			a[i] = float32(math.Tanh(float64(a[i])))
		}
		var want [8][]float32
		kerneltest.OnThreads(t, func(t *testing.T) {
			var got [8][]float32
			for i := range got {
				got[i] = kerneltest.Poisoned[float32]([4]int{n, n, n, channels}[i%4])
			}
			k := NewDiag[float32](s.outer, s.time, s.inner)
			k.Forward(got[0], a, b, x0)
			k.Backward(got[1], got[2], got[3], a, got[0], x0, dx)
			l := NewLogDiag[float32](s.outer, s.time, s.inner)
			l.Forward(got[4], a, b, x0)
			l.Backward(got[5], got[6], got[7], a, b, got[4], x0, dx)
			if want[0] == nil {
				want = got
			}
			for i, name := range []string{"x", "da", "db", "dx0", "lx", "dla", "dlb", "dlx0"} {
				kerneltest.Identical(t, fmt.Sprint(s, " ", name), got[i], want[i])
			}
		})
	}
}

func TestAllocatesNothing(t *testing.T) {
	for _, s := range []struct{ outer, time, inner int }{{1, 17 * diagPiece, 1}, {9, diagCut, 1}, {9, 40, 1}, {2, 9, 300}} {
		n, channels := s.outer*s.time*s.inner, s.outer*s.inner
		x, da, db := make([]float32, n), make([]float32, n), make([]float32, n)
		x0, dx0 := make([]float32, channels), make([]float32, channels)
		k, l := NewDiag[float32](s.outer, s.time, s.inner), NewLogDiag[float32](s.outer, s.time, s.inner)
		kerneltest.AllocatesNothing(t, fmt.Sprint("Diag of ", s), func() {
			k.Forward(x, x, x, x0)
			k.Backward(da, db, dx0, x, x, x0, x)
		})
		kerneltest.AllocatesNothing(t, fmt.Sprint("LogDiag of ", s), func() {
			l.Forward(x, x, x, x0)
			l.Backward(da, db, dx0, x, x, x, x0, x)
		})
	}
}
