package optim

import (
	"slices"
	"strings"
	"testing"

	"goomtrain/params"
)

// TestFrozen: every optimizer leaves a frozen parameter as it is, keeps nothing for it, and updates the others as
// if it were not there.
func TestFrozen(t *testing.T) {
	for _, name := range Names() {
		config, err := NewConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		build := func() []*params.Param[float32] {
			var ps []*params.Param[float32]
			for i, n := range []string{"frozen", "other"} {
				p := params.New[float32](n, params.Matrix, 3, 4)
				for j := range p.Value {
					p.Value[j], p.Grad[j] = float32(i+j+1), float32(j-5)
				}
				ps = append(ps, p)
			}
			return ps
		}
		ps, alone := build(), build()[1:]
		ps[0].Frozen = true
		before := slices.Clone(ps[0].Value)
		all, err := New(config, ps)
		if err != nil {
			t.Fatal(err)
		}
		one, err := New(config, alone)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			all.Update(0.1, 0.9, 1)
			one.Update(0.1, 0.9, 1)
		}
		if !slices.Equal(ps[0].Value, before) {
			t.Errorf("%s: the frozen parameter has changed", name)
		}
		if !slices.Equal(ps[1].Value, alone[0].Value) || slices.Equal(ps[1].Value, build()[1].Value) {
			t.Errorf("%s: the other parameter is %v, alone %v", name, ps[1].Value, alone[0].Value)
		}
		for _, a := range all.State() {
			if strings.Contains(a.Name, "frozen") {
				t.Errorf("%s: has the state %s", name, a.Name)
			}
		}
		if all.Rule(ps[0]) != "" || all.Rule(ps[1]) == "" {
			t.Errorf("%s: rules %q and %q", name, all.Rule(ps[0]), all.Rule(ps[1]))
		}
	}
}

// TestFrozenAverage: the average of a frozen parameter has its bits, after any number of updates and swaps.
func TestFrozenAverage(t *testing.T) {
	p := params.New[float32]("p", params.Matrix, 1000)
	for i := range p.Value {
		p.Value[i] = 1 / float32(i+3)
	}
	before := slices.Clone(p.Value)
	p.Frozen = true
	e, err := NewEMA([]*params.Param[float32]{p}, 0.999)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		e.Update()
	}
	e.Swap()
	average := e.State()[1]
	if average.Name != "ema.p" || !slices.Equal(average.Data.([]float32), before) || !slices.Equal(p.Value, before) {
		t.Error("the average or the parameter has changed")
	}
}
