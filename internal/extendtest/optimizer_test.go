package extendtest_test

import (
	"math"
	"strings"
	"testing"

	"goomtrain/params"
	"goomtrain/settings"
	"goomtrain/train"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// rprop holds the settings of an optimizer of another module: every element of a parameter has a step of its own,
// which grows by half where its gradient keeps its sign and halves where it does not.
type rprop struct {
	Largest float64 // of a step, in learning rates
}

func (k *rprop) Settings() settings.Table {
	return settings.Table{{Name: "largest-step", Help: "of an element, in learning rates", Value: &k.Largest, Rule: settings.Positive(), Change: settings.Steers}}
}

func (k *rprop) New32(c optim.Config, ps []*params.Param[float32]) (optim.Optimizer[float32], error) {
	return newSteps(*k, c, ps), nil
}

func (k *rprop) New64(c optim.Config, ps []*params.Param[float64]) (optim.Optimizer[float64], error) {
	return newSteps(*k, c, ps), nil
}

// steps is the optimizer: a signed step for each element, in learning rates.
type steps[F params.Float] struct {
	rprop
	config optim.Config
	ps     []*params.Param[F]
	last   [][]F
}

func newSteps[F params.Float](k rprop, c optim.Config, ps []*params.Param[F]) *steps[F] {
	o := &steps[F]{rprop: k, config: c, ps: ps}
	for _, p := range ps {
		o.last = append(o.last, make([]F, len(p.Value)))
	}
	return o
}

func (o *steps[F]) Update(lr, _, _ float64) {
	for n, p := range o.ps {
		rate := F(lr * o.config.Rate(p.Role))
		for i, g := range p.Grad {
			if g == 0 {
				continue
			}
			size, step := F(math.Abs(float64(o.last[n][i]))), F(1)
			if size > 0 && (o.last[n][i] < 0) == (g < 0) {
				step = min(1.5*size, F(o.Largest))
			} else if size > 0 {
				step = 0.5 * size
			}
			if g < 0 {
				step = -step
			}
			o.last[n][i] = step
			p.Value[i] -= rate * step
		}
	}
}

func (o *steps[F]) State() (out []params.Array) {
	for n, p := range o.ps {
		out = append(out, params.Array{Name: "step." + p.Name, Shape: p.Shape, Data: o.last[n]})
	}
	return out
}

func (o *steps[F]) Restore(saved []params.Array) error { return params.Restore(o.State(), saved) }

func (o *steps[F]) Rule(*params.Param[F]) string { return "rprop" }

// stairs is a schedule of another module: the rate halves every few steps.
type stairs struct {
	schedule.Constant
	Tread int
}

func (k *stairs) Settings() settings.Table {
	return settings.Table{{Name: "tread", Help: "steps until the rate halves", Value: &k.Tread, Rule: settings.AtLeast(1)}}
}

func (k *stairs) At(c schedule.Config, step int) schedule.Rates {
	r := k.Constant.At(c, step)
	r.LR = math.Ldexp(r.LR, -(step-1)/k.Tread)
	return r
}

func init() {
	optim.Register("rprop", &rprop{Largest: 4})
	schedule.Register("stairs", &stairs{Tread: 10})
}

// TestOptimizer: an optimizer of another module has a flag with a rule and an owner, stands in the help, in
// config.toml and in the table of parameters, keeps its state in checkpoints, and resumes exactly.
func TestOptimizer(t *testing.T) {
	flags := append(writeText(t), "-optimizer", "rprop", "-largest-step", "2.5", "-lr", "0.001", "-sample", "0")
	helpHas(t, "optimizer", "adamw", "rprop")
	helpHas(t, "largest-step", "(rprop)", "(4)")
	refused(t, "-largest-step: optimizer muon has no such setting, only rprop: leave it out", "-largest-step", "2")
	refused(t, "-largest-step 0: must be positive", "-optimizer", "rprop", "-largest-step", "0")
	refused(t, "-weight-decay: optimizer rprop has no such setting", "-optimizer", "rprop", "-weight-decay", "0.1")

	dir, console := sameAt40(t, flags...)
	if !strings.Contains(console, "rprop") {
		t.Errorf("the console names no rule:\n%s", console)
	}
	configHas(t, dir, `optimizer = "rprop"`, "largest-step = 2.5")
	refused(t, "resume: -optimizer is lion, but the run has rprop", "-resume", dir, "-optimizer", "lion")
	_, console = run(t, "-resume", dir, "-steps", "42", "-largest-step", "3")
	if want := "note: largest-step changes from 2.5 to 3: from here on the run differs"; !strings.Contains(console, want) {
		t.Errorf("the console lacks %q:\n%s", want, console)
	}
}

// TestSchedule: a schedule of another module has a flag with a rule and an owner, and gives the rates of a run.
func TestSchedule(t *testing.T) {
	flags := append(writeText(t), "-schedule", "stairs", "-tread", "5", "-lr", "0.004", "-warmup", "0", "-sample", "0")
	helpHas(t, "schedule", "one-cycle", "stairs")
	helpHas(t, "tread", "(stairs)", "(10)")
	refused(t, "-tread: schedule one-cycle has no such setting, only stairs: leave it out", "-tread", "5")
	refused(t, "-tread 0: must be at least 1", "-schedule", "stairs", "-tread", "0")

	dir, console := sameAt40(t, flags...)
	configHas(t, dir, `schedule = "stairs"`, "tread = 5")
	for _, want := range []string{"step 25/40", "lr 2.50e-04", "step 26/40", "lr 1.25e-04"} {
		if !strings.Contains(console, want) {
			t.Errorf("the console lacks %q:\n%s", want, console)
		}
	}
	cfg, err := train.LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	if kind := cfg.Schedule.Kind.(*stairs); kind.Tread != 5 {
		t.Errorf("the run's schedule is read as %+v", kind)
	}
}
