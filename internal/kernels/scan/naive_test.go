package scan

import (
	"testing"

	"goomtrain/internal/gradcheck"
	"goomtrain/internal/kernels/kerneltest"
)

// TestNaiveGradients compares the gradients of the definitions with finite differences.
func TestNaiveGradients(t *testing.T) {
	const n = 9
	a, b, x0, dx := kerneltest.Normal[float64]("a", n), kerneltest.Normal[float64]("b", n), []float64{0.7}, kerneltest.Normal[float64]("dx", n)
	check := func(name string, forward func() []float64, da, db []float64, dx0 ...float64) {
		loss := func() float64 { return kerneltest.Dot(forward(), dx) }
		gradcheck.Check(t, name+" a", loss, a, da, gradcheck.Options{})
		gradcheck.Check(t, name+" b", loss, b, db, gradcheck.Options{})
		if len(dx0) > 0 {
			gradcheck.Check(t, name+" x0", loss, x0, dx0, gradcheck.Options{})
		}
	}
	da, db, dx0 := NaiveDiag{a, b, x0[0]}.Backward(dx)
	check("NaiveDiag", func() []float64 { return NaiveDiag{a, b, x0[0]}.Forward() }, da, db, dx0)
	da, db, dx0 = NaiveLogDiag{a, b, x0[0]}.Backward(dx)
	check("NaiveLogDiag", func() []float64 { return NaiveLogDiag{a, b, x0[0]}.Forward() }, da, db, dx0)
	da, db = NaiveGated{a, b, x0[0]}.Backward(dx)
	check("NaiveGated", func() []float64 { return NaiveGated{a, b, x0[0]}.Forward() }, da, db)
}
