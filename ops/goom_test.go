package ops

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/params"
)

// The GOOM ops join the table of ops_test.go: gradients by finite differences, both machines, no allocations.
func goomCases[F params.Float]() []opCase {
	return []opCase{
		{name: "GoomExp of GoomLog", floats: [][]int{{3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return GoomExp[F](GoomLog[F](f[0])) }},
		{name: "GoomLog", floats: [][]int{{3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return GoomLog[F](f[0]) }},
		{name: "LMME", floats: [][]int{{2, 3, 4}, {4, 5}}, // b is stretched over the batch
			build: func(f, _ []*G.Node) *G.Node { return GoomExp[F](LMME[F](GoomLog[F](f[0]), GoomLog[F](f[1]))) }},
		{name: "LogSumExp", floats: [][]int{{3, 4, 2}},
			build: func(f, _ []*G.Node) *G.Node { return GoomExp[F](LogSumExp[F](GoomLog[F](f[0]), 1)) }},
		{name: "LogMeanExp", floats: [][]int{{3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return GoomExp[F](LogMeanExp[F](GoomLog[F](f[0]), -1)) }},
		{name: "LogCumSumExp", floats: [][]int{{3, 5}},
			build: func(f, _ []*G.Node) *G.Node { return GoomExp[F](LogCumSumExp[F](GoomLog[F](f[0]), 1)) }},
		{name: "LogCumMeanExp", floats: [][]int{{4, 3}},
			build: func(f, _ []*G.Node) *G.Node { return GoomExp[F](LogCumMeanExp[F](GoomLog[F](f[0]), 0)) }},
		{name: "PrefixProducts", floats: [][]int{{2, 5, 3, 3}},
			build: func(f, _ []*G.Node) *G.Node { return GoomExp[F](PrefixProducts[F](GoomLog[F](f[0]))) }},
		{name: "AffineScan", floats: [][]int{{2, 5, 3, 3}, {2, 5, 2, 3}, {2, 2, 3}},
			build: func(f, _ []*G.Node) *G.Node {
				return GoomExp[F](AffineScan[F](GoomLog[F](f[0]), GoomLog[F](f[1]), GoomLog[F](f[2])))
			}},
		{name: "AffineScan from zero", floats: [][]int{{4, 3, 3}, {4, 1, 3}},
			build: func(f, _ []*G.Node) *G.Node {
				return GoomExp[F](AffineScan[F](GoomLog[F](f[0]), GoomLog[F](f[1]), nil))
			}},
		{name: "DiagScan", floats: [][]int{{2, 6, 3}, {2, 6, 3}, {2, 3}},
			build: func(f, _ []*G.Node) *G.Node { return DiagScan[F](f[0], f[1], f[2], 1) }},
		{name: "DiagScan over the last axis", floats: [][]int{{2, 6}, {2, 6}, {2}},
			build: func(f, _ []*G.Node) *G.Node { return DiagScan[F](f[0], f[1], f[2], -1) }},
		{name: "LogDiagScan", floats: [][]int{{2, 6, 3}, {2, 6, 3}, {2, 3}},
			build: func(f, _ []*G.Node) *G.Node { return LogDiagScan[F](f[0], f[1], f[2], 1) }},
	}
}

func TestGoomWrongShapesPanic(t *testing.T) {
	g := G.NewGraph()
	node := func(shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(fmt.Sprint(shape)))
	}
	for name, build := range map[string]func(){
		"not packed":      func() { GoomExp[float32](node(3, 4)) },
		"LMME inner":      func() { LMME[float32](node(2, 3, 4), node(2, 3, 4)) },
		"LMME batch":      func() { LMME[float32](node(2, 2, 3, 4), node(2, 3, 4, 4)) },
		"axis":            func() { LogSumExp[float32](node(2, 3), 1) },
		"not square":      func() { PrefixProducts[float32](node(2, 5, 3, 4)) },
		"AffineScan B":    func() { AffineScan[float32](node(2, 5, 3, 3), node(2, 4, 3, 3), nil) },
		"AffineScan x0":   func() { AffineScan[float32](node(2, 5, 3, 3), node(2, 5, 1, 3), node(2, 2, 3)) },
		"DiagScan b":      func() { DiagScan[float32](node(5, 3), node(5, 4), node(3), 0) },
		"DiagScan x0":     func() { DiagScan[float32](node(5, 3), node(5, 3), node(5), 0) },
		"LogDiagScan dim": func() { LogDiagScan[float32](node(5, 3), node(5, 3), node(3), 2) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil {
					t.Error("no panic")
				}
			}()
			build()
		})
	}
}
