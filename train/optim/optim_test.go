package optim

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"goomtrain/internal/simd"
	"goomtrain/params"
	"goomtrain/rng"
)

// model returns parameters of the kinds that optimizers tell apart, filled with normal numbers; the
// embedding spans several pieces.
func model[F params.Float](seed uint64) []*params.Param[F] {
	ps := []*params.Param[F]{
		params.New[F]("embed.weight", params.Embedding, 1237, 29),
		params.New[F]("blocks.0.wide", params.Matrix, 5, 17),
		params.New[F]("blocks.0.tall", params.Matrix, 19, 7),
		params.New[F]("blocks.0.init_states", params.State, 3, 4),
		params.New[F]("lnorm.weight", params.Vector, 7),
		params.New[F]("scalar", params.Vector),
	}
	r := rng.New(seed, "values")
	for _, p := range ps {
		for i := range p.Value {
			p.Value[i] = F(r.NormFloat64())
		}
	}
	return ps
}

// configure returns the optimizer of that name with some settings, of which it takes those that it has.
func configure(t testing.TB, name string, values map[string]float64) Config {
	t.Helper()
	c, err := NewConfig(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Settings() {
		if x, ok := values[s.Name]; ok {
			*s.Value.(*float64) = x
		}
	}
	return c
}

// build returns the optimizer of a configuration that must be right.
func build[F params.Float](t testing.TB, c Config, ps []*params.Param[F]) Optimizer[F] {
	t.Helper()
	o, err := New(c, ps)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// average is NewEMA of a decay that must be right.
func average[F params.Float](t testing.TB, ps []*params.Param[F], decay float64) *EMA[F] {
	t.Helper()
	e, err := NewEMA(ps, decay)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// gradients fills in the gradients of step t, among them zeros.
func gradients[F params.Float](ps []*params.Param[F], t int) {
	r := rng.New(uint64(t), "gradients")
	for _, p := range ps {
		for i := range p.Grad {
			p.Grad[i] = F(0.1 * r.NormFloat64())
			if i%11 == 3 {
				p.Grad[i] = 0
			}
		}
	}
}

// schedule is a momentum that cycles and a rate that falls.
func rateAt(t int) (lr, beta1 float64) { return 0.01 / float64(t), 0.85 + 0.02*float64(t%5) }

// scaleAt is the factor on the gradients of step t. It is not the same at every step: a factor of all steps changes no
// update of Lion or Muon, and hardly one of AdamW.
func scaleAt(t int) float64 { return []float64{1, 0.5, 0.125}[t%3] }

// textbookAdamW follows Algorithm 2 of arXiv 1711.05101, one number at a time in float64, with the
// bias of the first mean taken from the weights that it really has.
func textbookAdamW(value float64, decay float64, steps int, beta2, eps float64, grad func(t int) float64) float64 {
	m, v, weight1 := 0.0, 0.0, 0.0
	for t := 1; t <= steps; t++ {
		lr, beta1 := rateAt(t)
		g := grad(t) * scaleAt(t)
		m = beta1*m + (1-beta1)*g
		v = beta2*v + (1-beta2)*g*g
		weight1 = beta1*weight1 + (1 - beta1)
		mHat := m / weight1
		vHat := v / (1 - math.Pow(beta2, float64(t)))
		value = value - lr*decay*value - lr*mHat/(math.Sqrt(vHat)+eps)
	}
	return value
}

// textbookLion follows Algorithm 2 of arXiv 2302.06675.
func textbookLion(value float64, decay float64, steps int, beta2, _ float64, grad func(t int) float64) float64 {
	m := 0.0
	for t := 1; t <= steps; t++ {
		lr, beta1 := rateAt(t)
		g := grad(t) * scaleAt(t)
		c := beta1*m + (1-beta1)*g
		sign := 0.0
		if c != 0 {
			sign = math.Copysign(1, c)
		}
		value -= lr * (sign + decay*value)
		m = beta2*m + (1-beta2)*g
	}
	return value
}

// TestElementwise holds AdamW and Lion against their textbook forms, for every number of a model,
// with cycling momentum, decay on the parameters that have it, and gradients that are clipped differently.
func TestElementwise(t *testing.T) {
	t.Run("adamw/float64", func(t *testing.T) { elementwise[float64](t, "adamw", textbookAdamW, 1e-12) })
	t.Run("lion/float64", func(t *testing.T) { elementwise[float64](t, "lion", textbookLion, 1e-12) })
	t.Run("adamw/float32", func(t *testing.T) { elementwise[float32](t, "adamw", textbookAdamW, 2e-6) })
	t.Run("lion/float32", func(t *testing.T) { elementwise[float32](t, "lion", textbookLion, 2e-6) })
}

func elementwise[F params.Float](t *testing.T, name string, textbook func(float64, float64, int, float64, float64, func(int) float64) float64, tolerance float64) {
	const steps, beta2, eps, decay = 7, 0.95, 1e-8, 0.1
	ps := model[F](1)
	opt := build(t, configure(t, name, map[string]float64{"beta2": beta2, "eps": eps, "weight-decay": decay}), ps)
	grads := make([][][]F, steps+1)
	for step := 1; step <= steps; step++ {
		gradients(ps, step)
		for _, p := range ps {
			grads[step] = append(grads[step], slices.Clone(p.Grad))
		}
		lr, beta1 := rateAt(step)
		opt.Update(lr, beta1, scaleAt(step))
	}
	start := model[F](1)
	for n, p := range ps {
		wd := 0.0
		if p.Role.Decays() {
			wd = decay
		}
		for i, got := range p.Value {
			want := textbook(float64(start[n].Value[i]), wd, steps, beta2, eps, func(t int) float64 { return float64(grads[t][n][i]) })
			if math.Abs(float64(got)-want) > tolerance*max(1, math.Abs(want)) {
				t.Fatalf("%s[%d]: %.9g, textbook %.9g", p.Name, i, got, want)
			}
		}
	}
}

// TestRule: Muon updates matrices, whatever their names; AdamW updates what is no matrix of at least two rows
// and columns, or is not multiplied through. All other optimizers have one rule.
func TestRule(t *testing.T) {
	for _, c := range []struct {
		role  params.Role
		shape []int
		want  string
	}{
		{params.Matrix, []int{64, 512}, "muon"},
		{params.Matrix, []int{1, 32}, "adamw"},
		{params.Matrix, []int{32, 1}, "adamw"},
		{params.Matrix, []int{2, 16, 32}, "adamw"},
		{params.Embedding, []int{256, 64}, "adamw"},
		{params.Positions, []int{31, 64}, "adamw"},
		{params.Recurrent, []int{16, 16}, "adamw"},
		{params.State, []int{16, 32}, "adamw"},
		{params.Vector, []int{64}, "adamw"},
	} {
		p := params.New[float32]("head.embed.A", c.role, c.shape...)
		for _, name := range Names() {
			want := name
			if name == "muon" {
				want = c.want
			}
			opt := build(t, configure(t, name, nil), []*params.Param[float32]{p})
			if got := opt.Rule(p); got != want {
				t.Errorf("%s, %s %v: %s, want %s", name, c.role, c.shape, got, want)
			}
			if got := opt.Rule(params.New[float32]("other", c.role, c.shape...)); got != "" {
				t.Errorf("%s: a parameter of no optimizer is updated by %s", name, got)
			}
		}
	}
}

// TestContinues: every optimizer restored from its state, and with another number of threads, goes
// on to the same bits; the average of the weights too.
func TestContinues(t *testing.T) {
	defer simd.SetThreads(0)
	for _, name := range Names() {
		run := func(threads int, from, to int, ps []*params.Param[float32], state []params.Array) []params.Array {
			simd.SetThreads(threads)
			opt := build(t, configure(t, name, map[string]float64{"beta2": 0.95}), ps)
			ema, norm := average(t, ps, 0.9), NewNorm(ps)
			if state != nil {
				if err := opt.Restore(state); err != nil {
					t.Fatal(err)
				}
				if err := ema.Restore(state); err != nil {
					t.Fatal(err)
				}
			}
			for step := from; step <= to; step++ {
				gradients(ps, step)
				lr, beta1 := rateAt(step)
				opt.Update(lr, beta1, ClipScale(norm.Global(), 1))
				ema.Update()
			}
			return append(append(params.Values(ps), opt.State()...), ema.State()...)
		}
		whole := run(1, 1, 8, model[float32](3), nil)
		for _, a := range whole {
			if n := reflect.ValueOf(a.Data).Len(); n != params.Size(a.Shape) {
				t.Errorf("%s: %s of shape %v holds %d numbers", name, a.Name, a.Shape, n)
			}
		}
		ps := model[float32](3)
		half := run(2, 1, 4, ps, nil)
		second := run(3, 5, 8, ps, half)
		for i, a := range whole {
			if fmt.Sprint(a.Data) != fmt.Sprint(second[i].Data) {
				t.Errorf("%s: %s differs after restoring", name, a.Name)
			}
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	opt := build(t, configure(t, "adamw", nil), model[float32](1))
	good := opt.State()
	for want, spoil := range map[string]func(s []params.Array) []params.Array{
		"lacks exp_avg.scalar": func(s []params.Array) []params.Array {
			return slices.DeleteFunc(s, func(a params.Array) bool { return a.Name == "exp_avg.scalar" })
		},
		"shape [2 2]":   func(s []params.Array) []params.Array { s[0].Shape = []int{2, 2}; return s },
		"holds []int32": func(s []params.Array) []params.Array { s[0].Data = []int32{1, 2}; return s },
		"1 elements":    func(s []params.Array) []params.Array { s[0].Data = []float64{1}; return s },
	} {
		if err := opt.Restore(spoil(slices.Clone(good))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	for _, name := range Names() {
		ps := model[float32](1)
		gradients(ps, 1)
		opt := build(t, configure(t, name, nil), ps)
		ema, norm := average(t, ps, 0.9), NewNorm(ps)
		step := func() { opt.Update(1e-3, 0.9, ClipScale(norm.Global(), 1)); ema.Update() }
		step()
		if n := testing.AllocsPerRun(10, step); n > 0 {
			t.Errorf("%s: %g allocations a step", name, n)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			p := params.New[float32]("w", params.Matrix, 256, 256)
			for i := range p.Grad {
				p.Grad[i] = float32(i%13) - 6
			}
			ps := []*params.Param[float32]{p}
			opt := build(b, configure(b, name, nil), ps)
			b.SetBytes(int64(4 * len(p.Value)))
			for b.Loop() {
				opt.Update(1e-3, 0.9, 1)
			}
		})
	}
}

// TestRecurrent holds every optimizer with a factor on recurrences' matrices to one without, whose rate
// is that much lower: the recurrent matrix moves as with the low rate, all else as with the full one.
func TestRecurrent(t *testing.T) {
	for _, name := range Names() {
		train := func(recurrent, factor float64) []*params.Param[float64] {
			ps := append(model[float64](1), params.New[float64]("blocks.0.A", params.Recurrent, 4, 4), params.New[float64]("blocks.1.A", params.Matrix, 4, 4))
			for _, p := range ps[len(ps)-2:] {
				for i := range p.Value {
					p.Value[i] = float64(i%5) - 1.7
				}
			}
			opt := build(t, configure(t, name, map[string]float64{"beta2": 0.95, "lr-recurrent": recurrent}), ps)
			for step := 1; step <= 3; step++ {
				gradients(ps, step)
				lr, beta1 := rateAt(step)
				opt.Update(lr*factor, beta1, 1)
			}
			return ps
		}
		got, full, low := train(0.125, 1), train(1, 1), train(1, 0.125) // a power of two: no rounding
		for n, p := range got {
			want := full[n]
			if p.Name == "blocks.0.A" {
				want = low[n]
			}
			if !slices.Equal(p.Value, want.Value) {
				t.Errorf("%s, %s: %v, want %v", name, p.Name, p.Value[0], want.Value[0])
			}
		}
	}
}
