package optim_test

import (
	"fmt"
	"testing"

	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train/optim"
)

func init() { optim.Register("sgd", &sgd{Damping: 0.1}) }

// sgd holds the settings of gradient descent with momentum, an optimizer of another module:
//
//	m = beta1 m + (1-damping) g        p -= lr m
type sgd struct{ Damping float64 }

func (k *sgd) Settings() settings.Table {
	return settings.Table{{Name: "damping", Help: "part of a gradient that the momentum leaves out",
		Value: &k.Damping, Rule: settings.Fraction(), Change: settings.Steers}}
}

func (k *sgd) New32(c optim.Config, ps []*params.Param[float32]) (optim.Optimizer[float32], error) {
	return newDescent(*k, c, ps), nil
}

func (k *sgd) New64(c optim.Config, ps []*params.Param[float64]) (optim.Optimizer[float64], error) {
	return newDescent(*k, c, ps), nil
}

type descent[F params.Float] struct {
	sgd
	config   optim.Config
	ps       []*params.Param[F]
	momentum [][]F
}

func newDescent[F params.Float](k sgd, c optim.Config, ps []*params.Param[F]) *descent[F] {
	d := &descent[F]{sgd: k, config: c, ps: ps}
	for _, p := range ps {
		d.momentum = append(d.momentum, make([]F, len(p.Value)))
	}
	return d
}

func (d *descent[F]) Update(lr, beta1, gradScale float64) {
	for n, p := range d.ps {
		m, rate, scale := d.momentum[n], F(lr*d.config.Rate(p.Role)), F(gradScale*(1-d.Damping))
		for i, g := range p.Grad {
			m[i] = F(beta1)*m[i] + scale*g
			p.Value[i] -= rate * m[i]
		}
	}
}

func (d *descent[F]) State() []params.Array {
	var out []params.Array
	for n, p := range d.ps {
		out = append(out, params.Array{Name: "momentum." + p.Name, Shape: p.Shape, Data: d.momentum[n]})
	}
	return out
}

func (d *descent[F]) Restore(saved []params.Array) error { return params.Restore(d.State(), saved) }

func (d *descent[F]) Rule(p *params.Param[F]) string {
	for _, q := range d.ps {
		if p == q {
			return "sgd"
		}
	}
	return ""
}

// TestRegister uses an optimizer of another module with a setting of its own; the tests of all optimizers
// (TestContinues and others) run on it too.
func TestRegister(t *testing.T) {
	c, err := optim.NewConfig("sgd")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Settings().ParseFlags([]string{"-damping", "0.5", "-lr-recurrent", "0.25"}); err != nil {
		t.Fatal(err)
	}
	a, w := params.New[float32]("A", params.Recurrent, 1, 1), params.New[float32]("w", params.Matrix, 1, 1)
	o, err := optim.New(c, []*params.Param[float32]{a, w})
	if err != nil {
		t.Fatal(err)
	}
	a.Grad[0], w.Grad[0] = 1, 1
	for range 2 {
		o.Update(1, 0.5, 2) // the momentum is 1, then 1.5
	}
	if a.Value[0] != -0.625 || w.Value[0] != -2.5 {
		t.Errorf("weights %g and %g, want -0.625 and -2.5", a.Value[0], w.Value[0])
	}
	c.Kind.(*sgd).Damping = 1
	want := "-damping 1: must lie in [0, 1)"
	if _, err := optim.New(c, []*params.Param[float32]{w}); fmt.Sprint(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRegisterPanics(t *testing.T) {
	for what, register := range map[string]func(){
		"a name that is taken": func() { optim.Register("adamw", &sgd{}) },
		"no settings":          func() { optim.Register("none", nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is registered", what)
				}
			}()
			register()
		}()
	}
}
