package recurrence

import (
	"math"
	"testing"

	"goomtrain/internal/golden"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
)

// TestGolden compares with vectors of 90-digit arithmetic: outputs, the logarithms of the last states, and gradients.
func TestGolden(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGolden[float64](t, golden.Tolerance, golden.GradTolerance) })
	t.Run("float32", func(t *testing.T) { testGolden[float32](t, golden.Tolerance32, golden.GradTolerance32) })
}

func testGolden[F simd.Float](t *testing.T, tolerance, gradTolerance float64) {
	r := golden.NewRecorder(t, "householder_goom")
	for _, c := range golden.Load(t, "householder_goom") {
		g := goldenForm(c)
		if !fits[F](g.form) {
			continue // inputs beyond the range of float32
		}
		kinds := []string{g.kind}
		if g.kind == "full" { // a matrix is also the symbol of its position
			kinds = append(kinds, "table")
		}
		for _, kind := range kinds {
			g.kind = kind
			run, carry := newRunner[F](g.form), NewCarry[F](g.Batch, g.states(), g.Width)
			run.forward(carry)
			goldenOutputs(t, r, g, run, carry, tolerance)
			if g.dz != nil {
				run.backward()
				goldenGradients(t, r, g, run, gradTolerance)
			}
		}
	}
}

// fits reports whether the inputs are ordinary numbers of type F.
func fits[F simd.Float](f *form) bool {
	for _, x := range f.operands {
		for _, v := range x {
			if m := math.Abs(float64(F(v))); v != 0 && !math.IsInf(v, 0) && (m < 1e-35 || m > 1e35) && kerneltest.Tolerance[F](1, 0) == 1 {
				return false
			}
		}
	}
	return true
}

// goldenCase is a case as a form. Generated cases have outputs and gradients for some steps only.
type goldenCase struct {
	golden.Case
	*form
	steps []float64 // of the outputs; nil: all
}

// splitmix draws what the golden file calls generated inputs: uniform in [-1, 1).
func splitmix(seed uint64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		out[i] = float64(z>>11)*0x1p-53*2 - 1
	}
	return out
}

func goldenForm(c golden.Case) goldenCase {
	g := goldenCase{Case: c, form: &form{kind: c.String("kind", ""), inner: c.Int("n", 1), operands: map[string][]float64{}}}
	if g.steps = c.Floats("steps_zero_based"); g.steps != nil {
		g.generate()
		return g
	}
	u, x0 := c.Input("u"), c.Input("x0").Shape
	g.Size = Size{u.Shape[0], u.Shape[1], x0[0], x0[1], x0[2]}
	names := map[string]string{"A": "a", "log_gate": "logGate", "u": "u", "x0": "x0", "k": "k", "beta": "beta"}
	for _, name := range c.Names("inputs") {
		g.operands[names[name]] = c.Input(name).Data
	}
	if g.kind == "full" {
		g.inner = g.Batch * g.Time
		g.operands["table"] = g.operands["a"]
		for i := range g.inner {
			g.tokens = append(g.tokens, int32(i))
		}
	} else if !c.Bool("normalize", true) { // beta k^T k = (beta k . k) k^T k / (k . k)
		k := g.operands["k"]
		beta := append([]float64(nil), g.operands["beta"]...)
		for i := range beta {
			beta[i] *= dot(k[i*g.Width:(i+1)*g.Width], k[i*g.Width:(i+1)*g.Width])
		}
		g.operands["beta"] = beta
	}
	if c.Has("cotangents", "z") {
		g.dz = c.Cotangent("z").Data
	}
	return g
}

// generate draws the inputs of a case that gives a seed.
func (g *goldenCase) generate() {
	t, n, d := g.Int("T", 0), g.inner, g.Int("D", 0)
	g.Size = Size{1, t, 1, 1, d}
	g.operands["k"], g.operands["beta"] = splitmix(g.Seed, t*n*d), splitmix(g.Seed+1000, t*n)
	for i := range g.operands["beta"] {
		g.operands["beta"][i]++
	}
	g.operands["u"] = splitmix(g.Seed+2000, t*d)
	if g.Name == "shrink_3x_2000" {
		clear(g.operands["u"])
	}
	for range t {
		g.operands["logGate"] = append(g.operands["logGate"], g.Float("log_gate", 0))
	}
	g.dz = make([]float64, t*d)
	for j := range d {
		g.operands["x0"] = append(g.operands["x0"], float64(j+1))
		g.dz[(t-1)*d+j] = float64(j + 1)
	}
}

// chosen returns the steps of x [1, T, ...] that the case has.
func (g goldenCase) chosen(x []float64) (some []float64) {
	if g.steps == nil {
		return x
	}
	n := len(x) / g.Time
	for _, t := range g.steps {
		some = append(some, x[int(t)*n:(int(t)+1)*n]...)
	}
	return some
}

// goldenOutputs compares z, and the logarithms and signs of states: of the last one in the carry, of some, or of all.
func goldenOutputs[F simd.Float](t *testing.T, r *golden.Recorder, g goldenCase, run *runner[F], carry *Carry[F], tolerance float64) {
	r.Forward(t, g.Case, "z", g.chosen(kerneltest.Widen(run.results["z"])), tolerance)
	states := append([]F(nil), run.results["z"]...)
	for i, m := range run.walk.largest {
		row := states[i*g.Width : (i+1)*g.Width]
		simd.Scale(row, m/readout, row)
	}
	if want, ok := g.Want("x"); ok {
		for i, e := range run.walk.exponent {
			scaledRow(states[i*g.Width:(i+1)*g.Width], states[i*g.Width:(i+1)*g.Width], e)
		}
		r.ForwardError(t, g.Case, "x", golden.MaxRelErr(states, want.Data), tolerance)
	}
	compareLogs(t, r, g, "x", g.chosen(kerneltest.Widen(states)), g.chosen(repeated(run.walk.exponent, g.Width)), tolerance)
	compareLogs(t, r, g, "last", kerneltest.Widen(carry.mantissa), repeated(carry.exponent, g.Width), tolerance)
}

// repeated returns each exponent width times.
func repeated(exponent []int64, width int) (e []float64) {
	for i := range len(exponent) * width {
		e = append(e, float64(exponent[i/width]))
	}
	return e
}

// compareLogs compares x * 2^e with logarithms and signs of numbers that may have no float.
func compareLogs(t *testing.T, r *golden.Recorder, g goldenCase, name string, x, e []float64, tolerance float64) {
	want, ok := g.Want(name + "_log")
	if !ok {
		return
	}
	sign, _ := g.Want(name + "_sign")
	largest := math.Inf(-1) // of the numbers
	for _, l := range want.Data {
		largest = max(largest, l)
	}
	worst := 0.0
	for i, l := range want.Data {
		got := math.Log(math.Abs(x[i])) + e[i]*math.Ln2
		if l < largest-10 || math.IsInf(l, -1) { // relative to the largest number, as everywhere
			got, l = math.Exp(got-largest), math.Exp(l-largest)
		} else if math.Signbit(x[i]) != (sign.Data[i] < 0) {
			t.Errorf("%s: %s[%d] is %v * 2^%v, want sign %v", g.Name, name, i, x[i], e[i], sign.Data[i])
		}
		worst = max(worst, math.Abs(got-l)/max(1, math.Abs(l)))
	}
	r.ForwardError(t, g.Case, name+"_log", worst, tolerance)
}

// goldenGradients compares the gradients. Those that have no float must be large and of the right sign.
func goldenGradients[F simd.Float](t *testing.T, r *golden.Recorder, g goldenCase, run *runner[F], tolerance float64) {
	result := func(name string) []float64 { return kerneltest.Widen(run.results[name]) }
	last := func(x []float64) []float64 { // of the steps whose gradients the case has
		if g.steps != nil {
			return x[len(x)/g.Time*(g.Time-3):]
		}
		return x
	}
	r.Gradient(t, g.Case, "x0", result("dx0"), tolerance)
	r.Gradient(t, g.Case, "u", result("du"), tolerance)
	for _, name := range []string{"u", "x0"} {
		if want, ok := g.WantGrad(name + "_log"); ok {
			sign, _ := g.WantGrad(name + "_sign")
			var exact []float64
			for i, l := range want.Data {
				exact = append(exact, sign.Data[i]*math.Exp(l))
			}
			nearSaturated(t, g.Name+" d"+name, run.results["d"+name], exact, tolerance)
		}
	}
	if g.kind == "full" || g.kind == "table" {
		r.Gradient(t, g.Case, "A", result(map[string]string{"full": "da", "table": "dtable"}[g.kind]), tolerance)
		return
	}
	dk, dBeta, d := result("dk"), result("dbeta"), g.Width
	if !g.Bool("normalize", true) { // beta is the case's times k . k
		k, beta := g.operands["k"], g.Input("beta").Data
		for i := range dBeta {
			add(dk[i*d:(i+1)*d], 2*beta[i]*dBeta[i], k[i*d:(i+1)*d])
			dBeta[i] *= dot(k[i*d:(i+1)*d], k[i*d:(i+1)*d])
		}
	}
	r.Gradient(t, g.Case, "k", last(dk), tolerance)
	r.Gradient(t, g.Case, "beta", last(dBeta), tolerance)
	if g.operands["logGate"] != nil {
		r.Gradient(t, g.Case, "log_gate", last(result("dlogGate")), tolerance)
	}
}
