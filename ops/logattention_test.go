package ops

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/internal/gradcheck"
)

// TestSignedLogAttention reads outputs as sign*exp(y), whose gradient must be that of the attention of
// real values, by finite differences: signs are constants, also where they are outputs.
func TestSignedLogAttention(t *testing.T) {
	const b, tq, tk, heads, keys, values = 2, 3, 4, 2, 3, 2
	g := G.NewGraph()
	leaf := func(name string, n, width int) (*G.Node, []float64) {
		x := draw[float64](name, b*n*width)
		if name == "sign" {
			for i := range x {
				x[i] = math.Copysign(1, x[i])
			}
		}
		node := G.NewTensor(g, tensor.Float64, 3, G.WithShape(b, n, width), G.WithName(name))
		if err := G.Let(node, tensor.New(tensor.WithShape(b, n, width), tensor.WithBacking(x))); err != nil {
			t.Fatal(err)
		}
		return node, x
	}
	q, qData := leaf("q", tq, heads*keys)
	k, kData := leaf("k", tk, heads*keys)
	v, vData := leaf("v", tk, heads*values)
	sign, signData := leaf("sign", tk, heads*values)
	y, ySign := SignedLogAttention[float64](q, k, v, sign, heads, false, nil)
	real := G.Must(G.HadamardProd(ySign, G.Must(G.Exp(y))))
	cotangent, _ := leaf("cotangent", tq, heads*values)
	loss := Dot[float64](real, cotangent)
	grads, err := G.Grad(loss, q, k, v)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := executor.New(g, append(G.Nodes{loss, real}, grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	value := func(n *G.Node) []float64 {
		x, err := vm.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		return floats[float64](x)
	}
	f := func() float64 {
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		return value(loss)[0]
	}
	f()
	for i, got := range value(real) { // the definition, over real numbers
		batch, query, head, c := i/(tq*heads*values), i/(heads*values)%tq, i/values%heads, i%values
		var sum, weights float64
		for s := range tk {
			w := 0.0
			for j := range keys {
				w += math.Exp(qData[(batch*tq+query)*heads*keys+head*keys+j] + kData[(batch*tk+s)*heads*keys+head*keys+j])
			}
			at := (batch*tk+s)*heads*values + head*values + c
			sum, weights = sum+w*signData[at]*math.Exp(vData[at]), weights+w
		}
		if want := sum / weights; math.Abs(got-want) > 1e-12 {
			t.Errorf("output %d is %v, want %v", i, got, want)
		}
	}
	var analytic [3][]float64
	for i := range grads {
		analytic[i] = append([]float64(nil), value(grads[i])...)
	}
	for i, x := range [3][]float64{qData, kData, vData} {
		gradcheck.Check(t, "qkv"[i:i+1], f, x, analytic[i], gradcheck.Options{Tolerance: 1e-6})
	}
}
