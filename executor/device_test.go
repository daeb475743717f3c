package executor

import (
	"errors"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
)

// matrix returns an input of rows x 2, filled with a value.
func matrix(t *testing.T, g *G.ExprGraph, name string, rows int, value float32) *G.Node {
	t.Helper()
	n := G.NewMatrix(g, tensor.Float32, G.WithShape(rows, 2), G.WithName(name))
	if err := G.Let(n, tensor.New(tensor.WithShape(rows, 2), tensor.WithBacking(slices.Repeat([]float32{value}, 2*rows)))); err != nil {
		t.Fatal(err)
	}
	return n
}

func uploaded([]float32) gpu.Ptr { return 0 }

// TestDeviceRefuses: ops of Gorgonia, some of which cannot be compared with ==, are refused by their names.
func TestDeviceRefuses(t *testing.T) {
	g := G.NewGraph()
	sum := G.Must(G.Sum(G.Must(G.Tanh(matrix(t, g, "x", 3, 1))), 0, 1))
	_, err := NewDevice(gpu.NewQueue(emulated.New()).NewScope(), uploaded, g, sum)
	if !errors.Is(err, ErrNoDevice) || !strings.HasSuffix(err.Error(), ": tanh, Σ[0 1]") {
		t.Errorf("error %v", err)
	}
}

// TestDeviceSums: sums of other sizes in one graph, which are one op to Gorgonia, each have all their elements.
func TestDeviceSums(t *testing.T) {
	g := G.NewGraph()
	small, large := matrix(t, g, "small", 3, 1), matrix(t, g, "large", 40, 2)
	sums := []*G.Node{G.Must(G.Add(small, small)), G.Must(G.Add(large, large))}
	s := gpu.NewQueue(emulated.New()).NewScope()
	d, err := NewDevice(s, uploaded, g, sums...)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, n := range sums {
		got := make([]float32, n.Shape().TotalSize())
		p, err := d.Ptr(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Read(gpu.Words(got), p); err != nil {
			t.Fatal(err)
		}
		if want := float32(2 + 2*i); slices.ContainsFunc(got, func(x float32) bool { return x != want }) {
			t.Errorf("sum %d is %v, want %v", i, got, want)
		}
	}
}
