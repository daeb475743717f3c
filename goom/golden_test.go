package goom

import (
	"math"
	"testing"

	"goomtrain/internal/golden"
)

// The truth of these tests: the golden files (the papers' reference implementations in float64, and
// exact arithmetic beside them, which binds where the reference loses range or digits).

// input returns the GOOM x of a case in precision F; a float64 zero becomes F's zero. The files' exact
// values count every logarithm at or below the floor as zero (here only the floor itself is), so where
// they stand such inputs are made zeros.
func input[F Float](c golden.Case, x string) Tensor[F] {
	l, s := c.Input(x+"_log"), c.Input(x+"_sign")
	t := Tensor[F]{Shape: l.Shape, Log: golden.Convert[F](l), Sign: golden.Convert[F](s)}
	for i, v := range l.Data {
		if IsZero(v) || (v < Floor[float64]() && c.Has("exact", "log")) {
			t.Log[i], t.Sign[i] = Floor[F](), 1
		}
	}
	return t
}

// logError is the largest error of the logarithms and signs of got against what the case wants,
// relative to the largest logarithm (at least 1). An element may agree with the exact value or, in a
// normative case, with the reference. A wanted zero (-inf) is met by a zero and, as the files define it,
// by any logarithm at or below the floor.
func logError[F Float](c golden.Case, log, sign string, got Tensor[F]) float64 {
	var wants [][2]golden.Tensor
	if c.Has("exact", log) {
		wants = append(wants, [2]golden.Tensor{c.Tensor("exact", log), c.Tensor("exact", sign)})
	}
	if c.Status == "normative" && c.Has("outputs", log) {
		wants = append(wants, [2]golden.Tensor{c.Tensor("outputs", log), c.Tensor("outputs", sign)})
	}
	if len(wants) == 0 {
		return 0
	}
	largest := 1.0
	for _, w := range wants {
		for _, v := range w[0].Data {
			if !math.IsInf(v, 0) {
				largest = math.Max(largest, math.Abs(v))
			}
		}
	}
	worst := 0.0
	for i := range got.Log {
		best := math.Inf(1)
		for _, w := range wants {
			if len(w[0].Data) != len(got.Log) {
				return math.Inf(1)
			}
			best = math.Min(best, elementError(float64(got.Log[i]), float64(got.Sign[i]), w[0].Data[i], w[1].Data[i], IsZero(got.Log[i])))
		}
		worst = math.Max(worst, best/largest)
	}
	return worst
}

func elementError(l, s, wantLog, wantSign float64, zero bool) float64 {
	switch {
	case math.IsInf(wantLog, -1):
		if zero || l <= Floor[float64]() {
			return 0
		}
		return math.Inf(1)
	case math.IsNaN(wantLog):
		if math.IsNaN(l) {
			return 0
		}
		return math.Inf(1)
	case math.IsInf(wantLog, 1):
		if l == wantLog && s == wantSign {
			return 0
		}
		return math.Inf(1)
	case s != wantSign:
		return math.Inf(1)
	}
	if err := math.Abs(l - wantLog); err == err {
		return err
	}
	return math.Inf(1)
}

// logs checks outputs log and sign of a case.
func logs[F Float](t *testing.T, r *golden.Recorder, c golden.Case, got Tensor[F], tol float64) {
	t.Helper()
	r.ForwardError(t, c, "log", logError(c, "log", "sign", got), tol)
}

func cotangent(c golden.Case, name string) []float64 {
	if !c.Has("cotangents", name) {
		return nil
	}
	return c.Cotangent(name).Data
}

func TestGoldenLog(t *testing.T) {
	r := golden.NewRecorder(t, "goom_log")
	for _, c := range golden.Load(t, "goom_log") {
		if c.String("float_dtype", "float64") == "float32" {
			goldenLog[float32](t, r, c, 1e-6)
		} else {
			goldenLog[float64](t, r, c, golden.ElementwiseTolerance)
		}
	}
}

func goldenLog[F Float](t *testing.T, r *golden.Recorder, c golden.Case, tol float64) {
	x := golden.Convert[F](c.Input("x"))
	l, s := make([]F, len(x)), make([]F, len(x))
	if c.Bool("keep_logs_finite", true) {
		Log(l, s, x)
	} else {
		LogInfinite(l, s, x)
	}
	// The reference's own outputs bind here, non-finite ones included.
	r.ForwardError(t, c, "log", golden.MaxRelErr(l, c.Tensor("outputs", "log").Data), tol)
	r.ForwardError(t, c, "sign", golden.MaxRelErr(s, c.Tensor("outputs", "sign").Data), 0)
	if c.Has("cotangents", "log") {
		dx := make([]F, len(x))
		LogGrad(dx, golden.Convert[F](c.Cotangent("log")), x)
		want, _ := c.WantGrad("x")
		r.GradientError(t, c, "x", golden.MaxRelErr(dx, want.Data), tol)
	}
}

func TestGoldenExp(t *testing.T) {
	r := golden.NewRecorder(t, "goom_exp")
	for _, c := range golden.Load(t, "goom_exp") {
		if c.String("float_dtype", "float64") == "float32" {
			goldenExp[float32](t, r, c, 1e-6)
		} else {
			goldenExp[float64](t, r, c, golden.ElementwiseTolerance)
		}
	}
}

func goldenExp[F Float](t *testing.T, r *golden.Recorder, c golden.Case, tol float64) {
	cot := golden.Convert[F](c.Cotangent("y"))
	if c.Has("inputs", "x") { // round trip exp(log x)
		x := golden.Convert[F](c.Input("x"))
		l, s, y, d := make([]F, len(x)), make([]F, len(x)), make([]F, len(x)), make([]F, len(x))
		Log(l, s, x)
		Exp(y, l, s)
		r.ForwardError(t, c, "y", golden.MaxRelErr(y, c.Tensor("outputs", "y").Data), tol)
		ExpGrad(d, cot, y)
		LogGrad(d, d, x)
		want, _ := c.WantGrad("x")
		r.GradientError(t, c, "x", golden.MaxRelErr(d, want.Data), tol)
		return
	}
	l, s := golden.Convert[F](c.Input("log")), golden.Convert[F](c.Input("sign"))
	y, d := make([]F, len(l)), make([]F, len(l))
	Exp(y, l, s)
	r.ForwardError(t, c, "y", golden.MaxRelErr(y, c.Tensor("outputs", "y").Data), tol)
	if want, ok := c.WantGrad("log"); ok {
		ExpGrad(d, cot, y)
		r.GradientError(t, c, "log", golden.MaxRelErr(d, want.Data), tol)
	}
}

func TestGoldenAdd(t *testing.T) {
	r := golden.NewRecorder(t, "goom_add")
	for _, c := range golden.Load(t, "goom_add") {
		a, b := input[float64](c, "x1"), input[float64](c, "x2")
		y := Add(a, b)
		logs(t, r, c, y, golden.ElementwiseTolerance)
		if dy := cotangent(c, "log"); dy != nil {
			da, db := AddGrad(a, b, y, dy)
			r.Gradient(t, c, "x1_log", da, golden.GradTolerance)
			r.Gradient(t, c, "x2_log", db, golden.GradTolerance)
		}
	}
}

func TestGoldenLogSumExp(t *testing.T) {
	r := golden.NewRecorder(t, "goom_lse")
	for _, c := range golden.Load(t, "goom_lse") {
		x, axis := input[float64](c, "x"), c.Int("dim", -1)
		f, kind := LogSumExp[float64], Total
		if c.String("op", "sum") == "mean" {
			f, kind = LogMeanExp[float64], Mean
		}
		y := f(x, axis)
		logs(t, r, c, y, golden.Tolerance)
		if dy := cotangent(c, "log"); dy != nil {
			dx := make([]float64, len(x.Log))
			NewSums[float64](x.Shape, axis, kind).Backward(dx, y, x, dy)
			r.Gradient(t, c, "x_log", dx, golden.GradTolerance)
		}
	}
}

func TestGoldenLogCumSumExp(t *testing.T) {
	r := golden.NewRecorder(t, "goom_cumsum")
	for _, c := range golden.Load(t, "goom_cumsum") {
		x, axis := input[float64](c, "x"), c.Int("dim", -1)
		f, kind := LogCumSumExp[float64], RunningSum
		if c.String("op", "sum") == "mean" {
			f, kind = LogCumMeanExp[float64], RunningMean
		}
		y := f(x, axis)
		logs(t, r, c, y, golden.Tolerance)
		if dy := cotangent(c, "log"); dy != nil {
			dx := make([]float64, len(x.Log))
			NewSums[float64](x.Shape, axis, kind).Backward(dx, y, x, dy)
			r.Gradient(t, c, "x_log", dx, golden.GradTolerance)
		}
	}
}

func TestGoldenScale(t *testing.T) {
	r := golden.NewRecorder(t, "goom_scale")
	for _, c := range golden.Load(t, "goom_scale") {
		x := input[float64](c, "x")
		axis, top := c.Int("dim", -1), c.Float("max_real", 2)
		switch op := c.String("op", ""); op {
		case "scaled_exp":
			y := ScaledExp(x, axis, top)
			r.Forward(t, c, "y", y, golden.ElementwiseTolerance)
			r.Gradient(t, c, "x_log", ScaledExpGrad(c.Cotangent("y").Data, y), golden.GradTolerance)
		case "scale":
			// A zero stays at the floor here; the reference moves its floor along. Both exponentiate to zero.
			y := Scale(x, axis, top)
			for i, l := range x.Log {
				if IsZero(l) {
					if !IsZero(y.Log[i]) {
						t.Errorf("%s: zero %d became %v", c.Name, i, y.Log[i])
					}
					y.Log[i] = c.Tensor("outputs", "log").Data[i]
				}
			}
			logs(t, r, c, y, golden.ElementwiseTolerance)
			r.Gradient(t, c, "x_log", cotangent(c, "log"), 0) // passed through
		case "negate":
			logs(t, r, c, Neg(x), 0)
			r.Gradient(t, c, "x_log", cotangent(c, "log"), 0)
		case "triu", "tril":
			f := Triu[float64]
			if op == "tril" {
				f = Tril[float64]
			}
			y := f(x, c.Int("offset", 0))
			logs(t, r, c, y, 0)
			dx := make([]float64, len(y.Log))
			for i, l := range y.Log {
				if !IsZero(l) {
					dx[i] = cotangent(c, "log")[i]
				}
			}
			r.Gradient(t, c, "x_log", dx, 0)
		default:
			t.Errorf("%s: unknown op %q", c.Name, op)
		}
	}
}

func TestGoldenRMSNorm(t *testing.T) {
	r := golden.NewRecorder(t, "goom_rmsnorm")
	for _, c := range golden.Load(t, "goom_rmsnorm") {
		x, axis := input[float64](c, "x"), c.Int("dim", -1)
		logs(t, r, c, RMSNorm(x, axis), golden.Tolerance)
		if dy := cotangent(c, "log"); dy != nil {
			r.Gradient(t, c, "x_log", RMSNormGrad(x, dy, axis), golden.GradTolerance)
		}
	}
}

func TestGoldenUnitSquash(t *testing.T) {
	r := golden.NewRecorder(t, "goom_unitsquash")
	for _, c := range golden.Load(t, "goom_unitsquash") {
		x := input[float64](c, "x")
		logs(t, r, c, UnitSquash(x), golden.ElementwiseTolerance)
		if dy := cotangent(c, "log"); dy != nil {
			r.Gradient(t, c, "x_log", UnitSquashGrad(x, dy), golden.GradTolerance)
		}
	}
}

func TestGoldenLMME(t *testing.T) {
	r := golden.NewRecorder(t, "goom_lmme")
	for _, c := range golden.Load(t, "goom_lmme") {
		for _, exact := range []bool{false, true} {
			a, b := input[float64](c, "x1"), input[float64](c, "x2")
			p := NewProduct[float64](a.Shape, b.Shape, Options{Exact: exact, Grad: true})
			y := New[float64](p.Shape...)
			p.Forward(y, a, b)
			logs(t, r, c, y, golden.Tolerance)
			if got := LMME(a, b); c.Status == "normative" {
				logs(t, r, c, got, golden.Tolerance)
			}
			if dy := cotangent(c, "log"); dy != nil {
				da, db := make([]float64, len(a.Log)), make([]float64, len(b.Log))
				p.Backward(da, db, a, b, y, dy)
				r.Gradient(t, c, "x1_log", da, golden.GradTolerance)
				r.Gradient(t, c, "x2_log", db, golden.GradTolerance)
			}
		}
	}
}

// splitmix draws what the golden files call generated entries: uniform in [-1, 1).
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

func TestGoldenPrefixProducts(t *testing.T) {
	r := golden.NewRecorder(t, "goom_prefix_scan")
	for _, c := range golden.Load(t, "goom_prefix_scan") {
		switch c.String("kind", "") {
		case "generated":
			goldenGeneratedPrefix(t, r, c)
			continue
		case "real_matmul":
			goldenRealPrefix(t, r, c)
			continue
		}
		x := input[float64](c, "x")
		p := NewScan[float64](x.Shape, nil, false, 0, Options{Grad: true})
		y := New[float64](x.Shape...)
		p.Forward(y, x, Tensor[float64]{}, Tensor[float64]{})
		logs(t, r, c, y, golden.Tolerance)
		logs(t, r, c, PrefixProducts(x), golden.Tolerance)
		if dy := cotangent(c, "log"); dy != nil {
			dx := make([]float64, len(x.Log))
			p.Backward(dx, nil, nil, y, x, Tensor[float64]{}, Tensor[float64]{}, dy)
			r.Gradient(t, c, "x_log", dx, golden.GradTolerance)
		}
	}
}

// goldenGeneratedPrefix checks some steps of a long scan.
func goldenGeneratedPrefix(t *testing.T, r *golden.Recorder, c golden.Case) {
	n, d := c.Int("n", 0), c.Int("d", 0)
	y := PrefixProducts(FromReal(splitmix(c.Seed, n*d*d), n, d, d))
	got := Tensor[float64]{}
	for _, step := range c.Floats("steps_zero_based") {
		k := int(step) * d * d
		got.Log = append(got.Log, y.Log[k:k+d*d]...)
		got.Sign = append(got.Sign, y.Sign[k:k+d*d]...)
	}
	logs(t, r, c, got, golden.Tolerance)
}

// goldenRealPrefix checks the scan through real inputs and outputs: the gradient passes exp and log.
func goldenRealPrefix(t *testing.T, r *golden.Recorder, c golden.Case) {
	in := c.Input("x")
	x := FromReal(in.Data, in.Shape...)
	p := NewScan[float64](x.Shape, nil, false, 0, Options{Grad: true})
	y := New[float64](x.Shape...)
	p.Forward(y, x, Tensor[float64]{}, Tensor[float64]{})
	real := y.Real()
	r.Forward(t, c, "y", real, golden.Tolerance)
	dy, dx := make([]float64, len(real)), make([]float64, len(real))
	ExpGrad(dy, c.Cotangent("y").Data, real)
	p.Backward(dx, nil, nil, y, x, Tensor[float64]{}, Tensor[float64]{}, dy)
	LogGrad(dx, dx, in.Data)
	r.Gradient(t, c, "x", dx, golden.GradTolerance)
}

func TestGoldenChained(t *testing.T) {
	r := golden.NewRecorder(t, "goom_reduce_scan")
	for _, c := range golden.Load(t, "goom_reduce_scan") {
		x := input[float64](c, "x")
		logs(t, r, c, Chained(x), golden.Tolerance)
		if dy := cotangent(c, "log"); dy != nil {
			r.Gradient(t, c, "x_log", ChainedGrad(x, dy), golden.GradTolerance)
		}
	}
}
