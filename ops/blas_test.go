package ops

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/simd/matmul/blas"
)

// TestGorgoniaUsesOurProducts: the built-in matrix product runs on our kernels and is right.
func TestGorgoniaUsesOurProducts(t *testing.T) {
	if _, ok := G.WhichBLAS().(blas.Implementation); !ok {
		t.Errorf("Gorgonia multiplies with %T", G.WhichBLAS())
	}
	g := G.NewGraph()
	input := func(name string, rows, columns int) *G.Node {
		x := make([]float32, rows*columns)
		for i := range x {
			x[i] = float32(i%7 - 3)
		}
		n := G.NewMatrix(g, tensor.Float32, G.WithShape(rows, columns), G.WithName(name))
		if err := G.Let(n, tensor.New(tensor.WithShape(rows, columns), tensor.WithBacking(x))); err != nil {
			t.Fatal(err)
		}
		return n
	}
	a, b := input("a", 9, 33), input("b", 33, 17)
	builtin, ours := G.Must(G.Mul(a, b)), MatMul[float32](a, b, nil)
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	want := ours.Value().Data().([]float32)
	for i, v := range builtin.Value().Data().([]float32) { // small integers: exact in every order
		if v != want[i] {
			t.Fatalf("element %d is %v, ours is %v", i, v, want[i])
		}
	}
}
