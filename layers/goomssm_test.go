package layers

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/internal/golden"
	"goomtrain/ops"
	"goomtrain/params"
)

// ssmOf is the layer with a case's weights.
func ssmOf(c golden.Case) (*GOOMSSM[float64], []*params.Param[float64]) {
	in, hidden := c.Input("B").Shape[0], c.Input("init_states").Shape
	s := params.NewSet[float64](1)
	l := NewGOOMSSM(s, in, c.Input("D").Shape[1], hidden[0], hidden[1])
	for _, p := range s.All() {
		copy(p.Value, c.Input(p.Name).Data)
	}
	return l, s.All()
}

// logs are ln|x| and sign of a carried state.
func logs(states *States) (log, sign []float64) {
	arrays := states.Arrays()
	mantissa, exponent := arrays[0].Data.([]float64), arrays[1].Data.([]int64)
	for i, m := range mantissa {
		log = append(log, math.Log(math.Abs(m))+float64(exponent[i*len(exponent)/len(mantissa)])*math.Ln2)
		sign = append(sign, math.Copysign(1, m))
	}
	return log, sign
}

// TestGOOMSSMGolden holds the layer to the paper's reference: outputs, last states, all gradients, and
// sequences carried on.
func TestGOOMSSMGolden(t *testing.T) {
	r := golden.NewRecorder(t, "goom_ssm")
	for _, c := range golden.Load(t, "goom_ssm") {
		if c.Has("inputs", "u") {
			ssmWhole(t, r, c)
		} else {
			ssmChunks(t, r, c)
		}
	}
}

func ssmWhole(t *testing.T, r *golden.Recorder, c golden.Case) {
	l, ps := ssmOf(c)
	u, cotangent := c.Input("u"), c.Cotangent("y")
	g := NewGraph[float64](u.Shape[0], u.Shape[1])
	in := g.Input("u", u.Data, u.Shape...)
	y := l.Forward(g, in)
	loss := ops.Dot[float64](y, g.Input("cotangent", cotangent.Data, cotangent.Shape...))
	wrt := []*G.Node{in}
	for _, p := range ps {
		wrt = append(wrt, g.Weight(p))
	}
	grads, err := G.Grad(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := executor.New(g.ExprGraph, append([]*G.Node{y}, grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.RunAll(); err != nil {
		t.Fatal(err)
	}
	value := func(n *G.Node) []float64 {
		v, err := exec.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		return v.Data().([]float64)
	}
	r.Forward(t, c, "y", value(y), golden.Tolerance)
	for i, name := range append([]string{"u"}, names(ps)...) {
		r.Gradient(t, c, name, value(grads[i]), golden.GradTolerance)
	}
	states := NewStates()
	stream(t, l, states, u)
	log, sign := logs(states)
	r.Forward(t, c, "last_log", log, golden.Tolerance)
	r.Forward(t, c, "last_sign", sign, 0)
}

func names(ps []*params.Param[float64]) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.Name)
	}
	return out
}

// stream reads u [B, T, in] from where the states stand and returns y.
func stream(t *testing.T, l *GOOMSSM[float64], states *States, u golden.Tensor) []float64 {
	t.Helper()
	g := NewStreaming[float64](u.Shape[0], u.Shape[1], states)
	y := l.Forward(g, g.Input("u", u.Data, u.Shape...))
	exec, err := executor.New(g.ExprGraph, y)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.RunAll(); err != nil {
		t.Fatal(err)
	}
	v, err := exec.Value(y)
	if err != nil {
		t.Fatal(err)
	}
	return v.Data().([]float64)
}

func ssmChunks(t *testing.T, r *golden.Recorder, c golden.Case) {
	l, ps := ssmOf(c)
	states := NewStates()
	for _, part := range []string{"1", "2"} {
		r.Forward(t, c, "y"+part, stream(t, l, states, c.Input("u"+part)), golden.Tolerance)
		log, sign := logs(states)
		r.Forward(t, c, "last"+part+"_log", log, golden.Tolerance)
		r.Forward(t, c, "last"+part+"_sign", sign, 0)
	}
	// gradients of the second part alone: the first is detached
	states.Reset()
	stream(t, l, states, c.Input("u1"))
	u, cotangent := c.Input("u2"), c.Cotangent("y2")
	g := NewStreaming[float64](u.Shape[0], u.Shape[1], states)
	in := g.Input("u", u.Data, u.Shape...)
	loss := ops.Dot[float64](l.Forward(g, in), g.Input("cotangent", cotangent.Data, cotangent.Shape...))
	wrt := []*G.Node{in}
	for _, p := range ps {
		wrt = append(wrt, g.Weight(p))
	}
	grads, err := G.Grad(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := executor.New(g.ExprGraph, grads...)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, name := range append([]string{"u2"}, names(ps)...) {
		v, err := exec.Value(grads[i])
		if err != nil {
			t.Fatal(err)
		}
		r.Gradient(t, c, name, v.Data().([]float64), golden.GradTolerance)
	}
}
