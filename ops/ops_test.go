package ops

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/internal/gradcheck"
	"goomtrain/params"
	"goomtrain/rng"
	"goomtrain/trees"
)

// An opCase is one op on one set of inputs: it is run forward and backward on the project's executor
// and on Gorgonia's TapeMachine, both twice, and its gradients are held to finite differences.
type opCase struct {
	name   string
	floats [][]int // shapes of float inputs, drawn from a normal distribution
	tokens [][]int // shapes of index inputs, 0..3
	build  func(f, i []*G.Node) *G.Node
	fixed  []int // float inputs without a gradient
	// detached: part of the formula is held constant by definition, so finite differences say nothing;
	// the kernel's own tests check the gradient
	detached bool
}

// opCases are all cases for one element type.
func opCases[F params.Float]() []opCase {
	return slices.Concat(realCases[F](), goomCases[F](), documentCases[F](9))
}

func realCases[F params.Float]() []opCase {
	return []opCase{
		{name: "Linear", floats: [][]int{{2, 3, 4}, {5, 4}},
			build: func(f, _ []*G.Node) *G.Node { return Linear[F](f[0], f[1], nil, nil) }},
		{name: "Linear of a convolution's weights", floats: [][]int{{2, 3, 4}, {5, 4, 1}},
			build: func(f, _ []*G.Node) *G.Node { return Linear[F](f[0], f[1], nil, nil) }},
		{name: "Linear with bias and residual", floats: [][]int{{2, 3, 4}, {5, 4}, {5}, {2, 3, 5}},
			build: func(f, _ []*G.Node) *G.Node { return Linear[F](f[0], f[1], f[2], f[3]) }},
		{name: "MatMul", floats: [][]int{{6, 4}, {4, 3}},
			build: func(f, _ []*G.Node) *G.Node { return MatMul[F](f[0], f[1], nil) }},
		{name: "MatMul with residual", floats: [][]int{{6, 4}, {4, 3}, {6, 3}},
			build: func(f, _ []*G.Node) *G.Node { return MatMul[F](f[0], f[1], f[2]) }},
		{name: "residual stream", floats: [][]int{{3, 4}, {4, 4}, {4, 4}}, // the input is used twice, twice over
			build: func(f, _ []*G.Node) *G.Node {
				x := Linear[F](f[0], f[1], nil, f[0])
				return Linear[F](x, f[2], nil, x)
			}},
		{name: "LayerNorm", floats: [][]int{{2, 3, 5}, {5}, {5}},
			build: func(f, _ []*G.Node) *G.Node { return LayerNorm[F](f[0], f[1], f[2]) }},
		{name: "Dot", floats: [][]int{{2, 3}, {2, 3}},
			build: func(f, _ []*G.Node) *G.Node { return Dot[F](f[0], f[1]) }},
		{name: "GLU", floats: [][]int{{3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return GLU[F](f[0]) }},
		{name: "Embedding", floats: [][]int{{4, 3}}, tokens: [][]int{{2, 5}},
			build: func(f, i []*G.Node) *G.Node { return Embedding[F](i[0], f[0]) }},
		{name: "Last", floats: [][]int{{2, 3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return Last[F](f[0]) }},
		{name: "PoolLast", floats: [][]int{{2, 3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return PoolLast[F](f[0], nil) }},
		{name: "PoolLast before padding", floats: [][]int{{3, 4, 5}}, tokens: [][]int{{3}},
			build: func(f, i []*G.Node) *G.Node { return PoolLast[F](f[0], i[0]) }},
		{name: "PoolMean", floats: [][]int{{2, 3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return PoolMean[F](f[0], nil) }},
		{name: "PoolMean before padding", floats: [][]int{{3, 4, 5}}, tokens: [][]int{{3}},
			build: func(f, i []*G.Node) *G.Node { return PoolMean[F](f[0], i[0]) }},
		{name: "PatchEmbedding", floats: [][]int{{3, 6}, {3}}, tokens: [][]int{{2, 24}},
			build: func(f, i []*G.Node) *G.Node { return PatchEmbedding[F](i[0], f[0], f[1], 4, 2, 3) }},
		{name: "CrossEntropy", floats: [][]int{{3, 4}, {1}}, tokens: [][]int{{3}}, fixed: []int{1},
			build: func(f, i []*G.Node) *G.Node { loss, _ := CrossEntropy[F](f[0], i[0], f[1]); return loss }},
		{name: "HeadLoss", floats: [][]int{{2, 3, 5}, {4, 5}, {1}}, tokens: [][]int{{2, 3}}, fixed: []int{2},
			build: func(f, i []*G.Node) *G.Node { loss, _ := HeadLoss[F](f[0], f[1], i[0], f[2]); return loss }},
		{name: "TreeLoss", floats: [][]int{{2, 3, 6}}, tokens: [][]int{{2, 3}}, // the tree is not sorted by level
			build: func(f, i []*G.Node) *G.Node {
				loss, _ := TreeLoss[F](f[0], i[0], treeOf(2, 0, -1, -1, 0, 3))
				return loss
			}},
		{name: "TreeLoss of a linear head", floats: [][]int{{5, 3}, {6, 3}}, tokens: [][]int{{5}},
			build: func(f, i []*G.Node) *G.Node {
				loss, _ := TreeLoss[F](Linear[F](f[0], f[1], nil, nil), i[0], treeOf(-1, -1, 0, 0, 3, 3))
				return loss
			}},
		{name: "Recurrence", floats: [][]int{{2, 5, 6}, {3, 3}, {2, 3}}, detached: true,
			build: func(f, _ []*G.Node) *G.Node { return Recurrence[F](f[0], f[1], f[2], nil, nil) }},
		{name: "RecurrenceFull", floats: [][]int{{2, 5, 12}, {2, 5, 18}, {2, 2, 3}}, detached: true,
			build: func(f, _ []*G.Node) *G.Node { return RecurrenceFull[F](f[0], f[1], f[2], nil, nil) }},
		{name: "RecurrenceLinear", floats: [][]int{{2, 5, 12}, {2, 5, 4}, {4, 18}, {2, 2, 3}}, tokens: [][]int{{2, 5}}, detached: true,
			build: func(f, i []*G.Node) *G.Node { return RecurrenceLinear[F](f[0], f[1], f[2], f[3], i[0], nil) }},
		{name: "RecurrenceTable", floats: [][]int{{2, 5, 12}, {4, 18}, {2, 2, 3}}, tokens: [][]int{{2, 5}, {2, 5}}, detached: true,
			build: func(f, i []*G.Node) *G.Node { return RecurrenceTable[F](f[0], i[0], f[1], f[2], i[1], nil) }},
		{name: "RecurrenceHouseholder", floats: [][]int{{2, 5, 12}, {2, 5, 12}, {2, 5, 4}, {2, 5, 2}, {2, 2, 3}}, detached: true,
			build: func(f, _ []*G.Node) *G.Node { return RecurrenceHouseholder[F](f[0], f[1], f[2], f[3], f[4], nil, nil) }},
		{name: "RecurrenceHouseholder without gates", floats: [][]int{{2, 5, 12}, {2, 5, 12}, {2, 5, 4}, {2, 2, 3}}, tokens: [][]int{{2, 5}}, detached: true,
			build: func(f, i []*G.Node) *G.Node { return RecurrenceHouseholder[F](f[0], f[1], f[2], nil, f[3], i[0], nil) }},
		{name: "SoftmaxSelfAttention", floats: [][]int{{2, 5, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return SoftmaxSelfAttention[F](f[0], 2, 3, nil, nil) }},
		{name: "SoftmaxAttention", floats: [][]int{{2, 5, 2 * 3}, {2, 4, 2 * 3}, {2, 4, 2 * 4}},
			build: func(f, _ []*G.Node) *G.Node { return SoftmaxAttention[F](f[0], f[1], f[2], 2, false, nil) }},
		{name: "WindowSelfAttention", floats: [][]int{{2, 5, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return WindowSelfAttention[F](f[0], 2, 3, 3, nil, nil) }},
		{name: "WindowSelfAttention, rotated", floats: [][]int{{2, 5, 2*2*4 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node {
				return WindowSelfAttention[F](Rotary[F](f[0], 2, 4, nil), 2, 4, 2, nil, nil)
			}},
		{name: "LogSelfAttention", floats: [][]int{{2, 5, 2 * (2*3 + 4)}},
			build: func(f, _ []*G.Node) *G.Node { return LogSelfAttention[F](f[0], 2, 3, nil, nil) }},
		{name: "LogAttention", floats: [][]int{{2, 5, 2 * 3}, {2, 4, 2 * 3}, {2, 4, 2 * 4}},
			build: func(f, _ []*G.Node) *G.Node { return LogAttention[F](f[0], f[1], f[2], 2, false, nil) }},
		{name: "AddLogScan", floats: [][]int{{2, 5, 6}, {2, 5, 3}},
			build: func(f, _ []*G.Node) *G.Node { return AddLogScan[F](f[0], f[1], nil, nil) }},
		{name: "DeltaRule", floats: [][]int{{2, 5, 2 * 3}, {2, 5, 2 * 3}, {2, 5, 2 * 4}, {2, 5, 2}},
			build: func(f, _ []*G.Node) *G.Node {
				return DeltaRule[F](f[0], f[1], f[2], f[3], nil, DeltaSizes{KeyHeads: 2, ValueHeads: 2, DKey: 3, DValue: 4}, nil, nil)
			}},
		{name: "DeltaRule, gated product of grouped heads", floats: [][]int{{2, 3, 2 * 3}, {2, 3, 2 * 2 * 3}, {2, 3, 2 * 4 * 2}, {2, 3, 2 * 4}, {2, 3, 4}},
			build: func(f, _ []*G.Node) *G.Node {
				return DeltaRule[F](f[0], f[1], f[2], f[3], f[4], DeltaSizes{KeyHeads: 2, ValueHeads: 4, DKey: 3, DValue: 2, Steps: 2, Scale: 1}, nil, nil)
			}},
		{name: "TaylorSelfAttention", floats: [][]int{{2, 5, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return TaylorSelfAttention[F](f[0], 2, 3, 5, nil, nil) }},
		{name: "TaylorAttention", floats: [][]int{{1, 3, 2 * 3}, {1, 200, 2 * 3}, {1, 200, 2 * 4}}, // long enough for states
			build: func(f, _ []*G.Node) *G.Node { return TaylorAttention[F](f[0], f[1], f[2], 2, 3, false, nil) }},
		{name: "GLA", floats: [][]int{{2, 5, 2 * 3}, {2, 5, 2 * 3}, {2, 5, 2 * 4}, {2, 5, 2 * 3}},
			build: func(f, _ []*G.Node) *G.Node {
				return GLA[F](f[0], f[1], f[2], f[3], GLASizes{Heads: 2, DKey: 3, DValue: 4}, nil, nil)
			}},
		{name: "ScalarDecayAttention", floats: [][]int{{2, 5, 2 * 3}, {2, 5, 2 * 3}, {2, 5, 2 * 4}, {2, 5, 2}},
			build: func(f, _ []*G.Node) *G.Node {
				return ScalarDecayAttention[F](f[0], f[1], f[2], f[3], GLASizes{Heads: 2, DKey: 3, DValue: 4, Scale: 0.3}, nil, nil)
			}},
		{name: "FixedDecayAttention", floats: [][]int{{2, 5, 2 * 3}, {2, 5, 2 * 3}, {2, 5, 2 * 4}},
			build: func(f, _ []*G.Node) *G.Node {
				return FixedDecayAttention[F](f[0], f[1], f[2], RetentionDecays(2), GLASizes{Heads: 2, DKey: 3, DValue: 4}, nil, nil)
			}},
		{name: "Rotary", floats: [][]int{{2, 5, 2*2*4 + 2*3}},
			build: func(f, _ []*G.Node) *G.Node { return Rotary[F](f[0], 4, 4, nil) }},
		{name: "AddPositions", floats: [][]int{{2, 3, 4}, {5, 4}},
			build: func(f, _ []*G.Node) *G.Node { return AddPositions[F](f[0], f[1], nil, nil) }},
		{name: "GELU", floats: [][]int{{3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return GELU[F](f[0]) }},
		{name: "SwiGLU", floats: [][]int{{3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return SwiGLU[F](f[0]) }},
		{name: "RMSNorm", floats: [][]int{{2, 3, 8}, {4}},
			build: func(f, _ []*G.Node) *G.Node { return RMSNorm[F](f[0], f[1], 1e-2) }},
		{name: "GatedRMSNorm", floats: [][]int{{2, 3, 8}, {2, 3, 8}, {4}},
			build: func(f, _ []*G.Node) *G.Node { return GatedRMSNorm[F](f[0], f[1], f[2], 1e-2) }},
		{name: "L2Norm", floats: [][]int{{2, 3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return L2Norm[F](f[0], 4) }},
		{name: "SiLU", floats: [][]int{{3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return SiLU[F](f[0]) }},
		{name: "GatedSiLU", floats: [][]int{{3, 8}, {3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return GatedSiLU[F](f[0], f[1]) }},
		{name: "Sigmoid", floats: [][]int{{3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return Sigmoid[F](f[0], 2) }},
		{name: "LogSigmoid", floats: [][]int{{3, 8}},
			build: func(f, _ []*G.Node) *G.Node { return LogSigmoid[F](f[0], 16) }},
		{name: "SoftplusDecay", floats: [][]int{{2, 3, 4}, {4}, {4}},
			build: func(f, _ []*G.Node) *G.Node { return SoftplusDecay[F](f[0], f[1], f[2]) }},
		{name: "ShortConv", floats: [][]int{{2, 6, 3}, {3, 1, 4}},
			build: func(f, _ []*G.Node) *G.Node { return ShortConv[F](f[0], f[1], nil, true, nil, nil) }},
		{name: "ShortConv with bias", floats: [][]int{{2, 2, 3}, {3, 1, 4}, {3}}, // shorter than the kernel
			build: func(f, _ []*G.Node) *G.Node { return ShortConv[F](f[0], f[1], f[2], false, nil, nil) }},
		{name: "S4D", floats: [][]int{{2, 5, 3}, {3}, {3, 2}, {3, 2}, {3, 2, 2}, {3}},
			build: func(f, _ []*G.Node) *G.Node { return S4D[F](f[0], f[1], f[2], f[3], f[4], f[5], nil, nil) }},
		{name: "LSTM", floats: [][]int{{2, 5, 12}, {12, 3}, {12}},
			build: func(f, _ []*G.Node) *G.Node { return LSTM[F](f[0], f[1], f[2], nil, nil) }},
		{name: "VectorRouting", floats: vectorRoutingShapes(2, 5, 3, 4, 6, false),
			build: func(f, _ []*G.Node) *G.Node { return routed[F](f, nil, 2, true) }},
		{name: "VectorRouting, masked pairs", floats: vectorRoutingShapes(2, 5, 5, 4, 6, false), tokens: [][]int{{1}, {1}, {1}, {2, 5, 5}}, // half of them
			build: func(f, i []*G.Node) *G.Node { return routed[F](f, i[3], 3, false) }},
		{name: "VectorRouting, masked inputs", floats: vectorRoutingShapes(2, 5, 3, 4, 6, true), tokens: [][]int{{2, 5}},
			build: func(f, i []*G.Node) *G.Node { return routed[F](f, i[0], 2, true) }},
		{name: "VectorRouting, one iteration", floats: vectorRoutingShapes(1, 2, 2, 3, 1, true),
			build: func(f, _ []*G.Node) *G.Node { return routed[F](f, nil, 1, true) }},
		{name: "MatrixRouting", floats: [][]int{{2, 5}, {2, 5, 2, 3}, {5, 3, 3, 2}, {5, 3, 2, 2}, {5, 3}, {5, 3}}, tokens: [][]int{{1}, {1}, {1}, {1, 5, 3}}, // half of them
			build: func(f, i []*G.Node) *G.Node { return routedMatrices[F](f, i[3], false) }},
		{name: "MatrixRouting by k-means, shared", floats: [][]int{{2, 5}, {2, 5, 2, 3}, {1, 3, 3, 2}, {1, 3, 2, 2}, {1, 3}, {1, 3}},
			build: func(f, _ []*G.Node) *G.Node { return routedMatrices[F](f, nil, true) }},
		{name: "RoutingCredit", floats: [][]int{{2, 5, 3}, {2, 5}, {5, 3}, {5, 3}}, tokens: [][]int{{1}, {1}, {1}, {1, 5, 3}}, // half of them
			build: func(f, i []*G.Node) *G.Node { return RoutingCredit[F](f[0], f[1], f[2], f[3], i[3]) }},
		{name: "RoutingCredit of each sample", floats: [][]int{{2, 40, 3}, {2, 40}, {2, 40, 3}, {2, 40, 3}},
			build: func(f, _ []*G.Node) *G.Node { return RoutingCredit[F](f[0], f[1], f[2], f[3], nil) }},
		{name: "RoutingCredit, equal shares", floats: [][]int{{2, 5}, {5, 3}, {5, 3}}, tokens: [][]int{{2, 5}},
			build: func(f, i []*G.Node) *G.Node { return RoutingCredit[F](nil, f[0], f[1], f[2], i[0]) }},
		{name: "RoutingVotes", floats: [][]int{{2, 5, 3}, {2, 5, 3 * 4}},
			build: func(f, _ []*G.Node) *G.Node { return RoutingVotes[F](f[0], f[1]) }},
		{name: "RoutingVotes, the same for all", floats: [][]int{{2, 5, 3}, {5, 3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return RoutingVotes[F](f[0], Reshape[F](f[1], 1, 5, 3, 4)) }},
		{name: "RoutingScores", floats: [][]int{{2, 5, 4}, {2, 3, 4}},
			build: func(f, _ []*G.Node) *G.Node { return RoutingScores[F](f[0], f[1]) }},
		{name: "Dropout", floats: [][]int{{2, 3, 5}},
			build: func(f, _ []*G.Node) *G.Node { return Dropout[F](f[0], nil, 0.4, "site", NewNoise(1)) }},
		{name: "Dropout with residual", floats: [][]int{{2, 3, 5}, {2, 3, 5}},
			build: func(f, _ []*G.Node) *G.Node { return Dropout[F](f[0], f[1], 0.4, "site", NewNoise(1)) }},
		{name: "tied head", floats: [][]int{{4, 5}, {1}}, tokens: [][]int{{2, 3}, {2, 3}}, fixed: []int{1},
			build: func(f, i []*G.Node) *G.Node {
				loss, _ := HeadLoss[F](Embedding[F](i[0], f[0]), f[0], i[1], f[1])
				return loss
			}},
	}
}

// treeOf returns the tree of these parents.
func treeOf(parents ...int32) *trees.Tree {
	tree, err := trees.New(parents)
	if err != nil {
		panic(err)
	}
	return tree
}

// problem is a case built into a graph of one element type.
type problem[F params.Float] struct {
	graph *G.ExprGraph
	out   *G.Node
	loss  *G.Node
	wrt   G.Nodes // float inputs with a gradient
	data  [][]F   // of wrt
	grads G.Nodes

	indices   [][]int32
	cotangent []F // of the output; nil of a scalar
}

func newProblem[F params.Float](c opCase) *problem[F] {
	return newPartOfProblem(c, nil, func(stream string, shape ...int) []F { return draw[F](stream, tensor.Shape(shape).TotalSize()) })
}

// newPartOfProblem is newProblem with numbers that values gives, in a graph that is cut unless part is nil.
func newPartOfProblem[F params.Float](c opCase, part *Part, values func(stream string, shape ...int) []F) *problem[F] {
	p, of := &problem[F]{graph: G.NewGraph()}, DType[F]()
	leaf := func(name string, shape []int, of tensor.Dtype, backing any) *G.Node {
		n := G.NewTensor(p.graph, of, len(shape), G.WithShape(shape...), G.WithName(name))
		if err := G.Let(n, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))); err != nil {
			panic(err)
		}
		return n
	}
	var floats, tokens []*G.Node
	fixed := map[int]bool{}
	for _, i := range c.fixed {
		fixed[i] = true
	}
	for i, shape := range c.floats {
		x := values(fmt.Sprint(c.name, i), shape...)
		n := leaf(fmt.Sprint("f", i), shape, of, x)
		floats = append(floats, n)
		if !fixed[i] {
			p.wrt, p.data = append(p.wrt, n), append(p.data, x)
		}
	}
	for i, shape := range c.tokens {
		x := make([]int32, tensor.Shape(shape).TotalSize())
		for j := range x {
			x[j] = int32(j * (i + 3) % 4)
		}
		p.indices = append(p.indices, x)
		tokens = append(tokens, leaf(fmt.Sprint("i", i), shape, tensor.Int32, x))
	}
	out := c.build(floats, tokens)
	p.out = out
	if p.loss = out; !out.IsScalar() { // a random upstream gradient
		p.cotangent = values(c.name+"cotangent", out.Shape()...)
		p.loss = Dot[F](out, leaf("cotangent", out.Shape(), of, p.cotangent))
	}
	if part != nil {
		if err := part.Cut(p.graph); err != nil {
			panic(err)
		}
	}
	var err error
	if p.grads, err = G.Grad(p.loss, p.wrt...); err != nil {
		panic(err)
	}
	return p
}

func draw[F params.Float](stream string, n int) []F {
	r, x := rng.New(3, stream), make([]F, n)
	for i := range x {
		x[i] = F(r.NormFloat64())
	}
	return x
}

func (p *problem[F]) run(t *testing.T, vm G.VM, value func(*G.Node) G.Value) (loss F, grads [][]F) {
	t.Helper()
	for range 2 { // a second run finds used buffers
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
		loss, grads = floats[F](value(p.loss))[0], nil
		for _, g := range p.grads {
			grads = append(grads, append([]F(nil), floats[F](value(g))...))
		}
		vm.Reset()
	}
	return loss, grads
}

func (p *problem[F]) onExecutor(t *testing.T) (*executor.Executor, func(*G.Node) G.Value) {
	t.Helper()
	vm, err := executor.New(p.graph, append(G.Nodes{p.loss}, p.grads...)...)
	if err != nil {
		t.Fatal(err)
	}
	return vm, func(n *G.Node) G.Value {
		v, err := vm.Value(n)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestGradients(t *testing.T) {
	for _, c := range opCases[float64]() {
		if c.detached {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			p := newProblem[float64](c)
			vm, value := p.onExecutor(t)
			_, grads := p.run(t, vm, value)
			f := func() float64 {
				if err := vm.RunAll(); err != nil {
					t.Fatal(err)
				}
				return floats[float64](value(p.loss))[0]
			}
			for i := range p.wrt {
				gradcheck.Check(t, p.wrt[i].Name(), f, p.data[i], grads[i], gradcheck.Options{})
			}
		})
	}
}

// TestDetachedGradients: where finite differences say nothing, every gradient is there, and finite.
func TestDetachedGradients(t *testing.T) {
	n := 0
	for _, c := range opCases[float64]() {
		if !c.detached {
			continue
		}
		n++
		p := newProblem[float64](c)
		vm, value := p.onExecutor(t)
		_, grads := p.run(t, vm, value)
		for i, grad := range grads {
			sum := 0.0
			for _, x := range grad {
				sum += x * x
			}
			if !(sum > 0 && sum < math.Inf(1)) {
				t.Errorf("%s: the gradient of %s is %v", c.name, p.wrt[i].Name(), grad)
			}
		}
	}
	if n < 6 {
		t.Errorf("%d ops", n)
	}
}

// TestMachinesAgree: the executor and Gorgonia's own TapeMachine give the same bits.
func TestMachinesAgree(t *testing.T) {
	for _, c := range opCases[float32]() {
		t.Run(c.name+"/float32", func(t *testing.T) { machinesAgree[float32](t, c) })
	}
	for _, c := range opCases[float64]() {
		t.Run(c.name+"/float64", func(t *testing.T) { machinesAgree[float64](t, c) })
	}
}

func machinesAgree[F params.Float](t *testing.T, c opCase) {
	p := newProblem[F](c)
	vm, value := p.onExecutor(t)
	loss, grads := p.run(t, vm, value)

	q := newProblem[F](c)
	tape := G.NewTapeMachine(q.graph)
	defer tape.Close()
	wantLoss, wantGrads := q.run(t, tape, func(n *G.Node) G.Value { return n.Value() })
	if loss != wantLoss {
		t.Errorf("loss %v, on the TapeMachine %v", loss, wantLoss)
	}
	for i := range grads {
		for j := range grads[i] {
			if d := math.Abs(float64(grads[i][j] - wantGrads[i][j])); !(d <= 1e-6*math.Abs(float64(wantGrads[i][j]))) {
				t.Fatalf("gradient of %s at %d: %v, on the TapeMachine %v", p.wrt[i].Name(), j, grads[i][j], wantGrads[i][j])
			}
		}
	}
}

// TestSteadyState: after its first run a graph allocates nothing.
func TestSteadyState(t *testing.T) {
	for _, c := range opCases[float32]() {
		p := newProblem[float32](c)
		vm, _ := p.onExecutor(t)
		if n := testing.AllocsPerRun(5, func() {
			if err := vm.RunAll(); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations a run", c.name, n)
		}
	}
}

// ofDocuments makes the definition of an op of x and y with documents, whose output has the shape of z.
func ofDocuments(x, y, z *G.Node) {
	reset := G.NewTensor(x.Graph(), tensor.Int32, 2, G.WithShape(2, 6), G.WithName("reset"))
	ByDocument(Definition[float32]{Name: "op", Inputs: G.Nodes{x, y}, Grads: []Gradient{GradPrimary, GradSide}, Out: z.Shape()}, reset, nil, false)
}

func TestWrongShapesPanic(t *testing.T) {
	g := G.NewGraph()
	node := func(shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float32, len(shape), G.WithShape(shape...), G.WithName(fmt.Sprint(shape)))
	}
	for name, build := range map[string]func(){
		"Linear":                func() { Linear[float32](node(2, 3), node(4, 5), nil, nil) },
		"Linear 3":              func() { Linear[float32](node(2, 3), node(4, 3, 2), nil, nil) },
		"Linear bias":           func() { Linear[float32](node(2, 3), node(4, 3), node(3), nil) },
		"MatMul":                func() { MatMul[float32](node(2, 3), node(4, 5), nil) },
		"residual":              func() { MatMul[float32](node(2, 3), node(3, 5), node(2, 3)) },
		"LayerNorm":             func() { LayerNorm[float32](node(2, 3), node(4), node(3)) },
		"GLU":                   func() { GLU[float32](node(2, 3)) },
		"RMSNorm":               func() { RMSNorm[float32](node(2, 6), node(4), 1e-5) },
		"norm gate":             func() { GatedRMSNorm[float32](node(2, 8), node(2, 4), node(4), 1e-5) },
		"L2Norm":                func() { L2Norm[float32](node(2, 6), 4) },
		"GatedSiLU":             func() { GatedSiLU[float32](node(2, 6), node(2, 5)) },
		"tree":                  func() { TreeLoss[float32](node(2, 7), node(2), treeOf(-1, 0)) },
		"tree scalar":           func() { TreeLoss[float32](node(), node(), treeOf(-1, 0)) },
		"tree labels":           func() { TreeLoss[float32](node(2, 2), node(3), treeOf(-1, 0)) },
		"divisor":               func() { LogSigmoid[float32](node(2, 6), 0) },
		"aLog":                  func() { SoftplusDecay[float32](node(2, 6), node(5), node(6)) },
		"dtBias":                func() { SoftplusDecay[float32](node(2, 6), node(6), node(5)) },
		"conv":                  func() { ShortConv[float32](node(2, 6, 3), node(4, 1, 4), nil, true, nil, nil) },
		"conv bias":             func() { ShortConv[float32](node(2, 6, 3), node(3, 1, 4), node(4), true, nil, nil) },
		"reset":                 func() { ShortConv[float32](node(2, 6, 3), node(3, 1, 4), nil, true, node(2, 5), nil) },
		"reset type":            func() { ShortConv[float32](node(2, 6, 3), node(3, 1, 4), nil, true, node(2, 6), nil) },
		"reset of a recurrence": func() { Recurrence[float32](node(2, 3, 8), node(4, 4), node(2, 4), node(2, 3), nil) },
		"reset with a carry": func() {
			reset := G.NewTensor(node(2).Graph(), tensor.Int32, 2, G.WithShape(2, 6), G.WithName("reset"))
			AddLogScan(node(2, 6, 6), node(2, 6, 3), reset, NewLogScanCarry[float32](2, 3))
		},
		"an input of documents": func() {
			ofDocuments(node(2, 6, 3), node(3, 6, 3), node(2, 6, 3))
		},
		"a vector of documents": func() {
			ofDocuments(node(2, 6, 3), node(2), node(2, 6, 3))
		},
		"an output of documents": func() {
			ofDocuments(node(2, 6, 3), node(2, 6, 3), node(12))
		},
		"LSTM":            func() { LSTM[float32](node(2, 6, 12), node(12, 4), node(12), nil, nil) },
		"LSTM of 3 gates": func() { LSTM[float32](node(2, 6, 9), node(12, 3), node(12), nil, nil) },
		"LSTM bias":       func() { LSTM[float32](node(2, 6, 12), node(12, 3), node(9), nil, nil) },
		"LSTM reset":      func() { LSTM[float32](node(2, 6, 12), node(12, 3), node(12), node(2, 6), nil) },
		"S4D": func() {
			S4D[float32](node(2, 6, 3), node(3), node(3, 2), node(3, 2), node(3, 3, 2), node(3), nil, nil)
		},
		"Recurrence": func() { Recurrence[float32](node(2, 3, 8), node(4, 3), node(2, 4), nil, nil) },
		"HeadLoss":   func() { HeadLoss[float32](node(2, 3), node(5, 4), node(2), node(1)) },
		"Last":       func() { Last[float32](node(2, 3)) },
		"ends":       func() { PoolMean[float32](node(2, 3, 4), node(3)) },
		"scores":     func() { CrossEntropy[float32](node(2, 3, 2), node(2), node(1)) },
		"patches":    func() { PatchEmbedding[float32](node(2, 24), node(3, 6), node(3), 4, 3, 2) },
		"qkv":        func() { SoftmaxSelfAttention[float32](node(2, 3, 11), 2, 3, nil, nil) },
		"attention":  func() { SoftmaxAttention[float32](node(2, 3, 6), node(2, 4, 6), node(2, 3, 8), 2, false, nil) },
		"causal":     func() { SoftmaxAttention[float32](node(2, 3, 6), node(2, 4, 6), node(2, 4, 8), 2, true, nil) },
		"terms":      func() { TaylorSelfAttention[float32](node(2, 3, 12), 2, 2, 9, nil, nil) },
		"delta": func() {
			DeltaRule[float32](node(2, 3, 4), node(2, 3, 4), node(2, 3, 8), node(2, 3, 2), nil, DeltaSizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 5}, nil, nil)
		},
		"delta steps": func() {
			DeltaRule[float32](node(2, 3, 4), node(2, 3, 4), node(2, 3, 8), node(2, 3, 2), nil, DeltaSizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 4, Steps: 2}, nil, nil)
		},
		"delta keys": func() {
			DeltaRule[float32](node(2, 3, 4), node(2, 3, 8), node(2, 3, 8), node(2, 3, 2), nil, DeltaSizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 4}, nil, nil)
		},
		"delta beta": func() {
			DeltaRule[float32](node(2, 3, 4), node(2, 3, 4), node(2, 3, 8), node(2, 3, 1), nil, DeltaSizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 4}, nil, nil)
		},
		"delta decays": func() {
			DeltaRule[float32](node(2, 3, 4), node(2, 3, 4), node(2, 3, 8), node(2, 3, 2), node(2, 3, 1), DeltaSizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 4}, nil, nil)
		},
		"delta carry": func() {
			size := DeltaSizes{KeyHeads: 1, ValueHeads: 2, DKey: 4, DValue: 4}
			DeltaRule(node(2, 3, 4), node(2, 3, 4), node(2, 3, 8), node(2, 3, 2), nil, size, nil, NewDeltaCarry[float32](3, size))
		},
		"full":   func() { RecurrenceFull[float32](node(2, 3, 12), node(2, 3, 12), node(2, 2, 3), nil, nil) },
		"linear": func() { RecurrenceLinear[float32](node(2, 3, 12), node(2, 3, 5), node(4, 18), node(2, 2, 3), nil, nil) },
		"table":  func() { RecurrenceTable[float32](node(2, 3, 12), node(2, 3), node(4, 18), node(2, 2, 3), nil, nil) },
		"Householder": func() {
			RecurrenceHouseholder[float32](node(2, 3, 12), node(2, 3, 12), node(2, 3, 3), nil, node(2, 2, 3), nil, nil)
		},
		"recurrence carry": func() {
			RecurrenceFull[float32](node(2, 3, 12), node(2, 3, 18), node(2, 2, 3), nil, NewCarry[float32](2, 2, 3))
		},
		"carry": func() {
			TaylorSelfAttention[float32](node(2, 3, 12), 2, 2, 4, nil, NewTaylorCarry[float32](2, 2, 2, 2, 3))
		},
		"GLA decays": func() {
			GLA[float32](node(2, 3, 6), node(2, 3, 6), node(2, 3, 8), node(2, 3, 2), GLASizes{Heads: 2, DKey: 3, DValue: 4}, nil, nil)
		},
		"GLA carry": func() {
			size := GLASizes{Heads: 2, DKey: 3, DValue: 4}
			GLA[float32](node(2, 3, 6), node(2, 3, 6), node(2, 3, 8), node(2, 3, 6), size, nil, NewGLACarry[float32](1, size))
		},
		"decays of a head": func() {
			ScalarDecayAttention[float32](node(2, 3, 6), node(2, 3, 6), node(2, 3, 8), node(2, 3, 6), GLASizes{Heads: 2, DKey: 3, DValue: 4}, nil, nil)
		},
		"fixed decays": func() {
			FixedDecayAttention[float32](node(2, 3, 6), node(2, 3, 6), node(2, 3, 8), []float64{0}, GLASizes{Heads: 2, DKey: 3, DValue: 4}, nil, nil)
		},
		"no window": func() { WindowSelfAttention[float32](node(2, 3, 12), 2, 2, 0, nil, nil) },
		"a cache of another window": func() {
			WindowSelfAttention[float32](node(2, 3, 12), 2, 2, 2, nil, NewWindowCache[float32](2, 2, 2, 2, 3))
		},
		"matrix routing a": func() {
			MatrixRouting[float32](node(2, 4), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(5, 3, 3, 2), node(5, 3, 2, 2), node(5, 3), node(5, 3)), MatrixRoutingOptions{Iterations: 1, Epsilon: 1})
		},
		"matrix routing W": func() {
			MatrixRouting[float32](node(2, 5), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(4, 3, 3, 2), node(4, 3, 2, 2), node(4, 3), node(4, 3)), MatrixRoutingOptions{Iterations: 1, Epsilon: 1})
		},
		"matrix routing B": func() {
			MatrixRouting[float32](node(2, 5), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(5, 3, 3, 2), node(1, 3, 2, 2), node(5, 3), node(5, 3)), MatrixRoutingOptions{Iterations: 1, Epsilon: 1})
		},
		"matrix routing Ign": func() {
			MatrixRouting[float32](node(2, 5), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(5, 3, 3, 2), node(5, 3, 2, 2), node(5, 3), node(1, 3)), MatrixRoutingOptions{Iterations: 1, Epsilon: 1})
		},
		"matrix routing iterations": func() {
			MatrixRouting[float32](node(2, 5), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(5, 3, 3, 2), node(5, 3, 2, 2), node(5, 3), node(5, 3)), MatrixRoutingOptions{Epsilon: 1})
		},
		"matrix routing epsilon": func() {
			MatrixRouting[float32](node(2, 5), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(5, 3, 3, 2), node(5, 3, 2, 2), node(5, 3), node(5, 3)), MatrixRoutingOptions{Iterations: 1})
		},
		"matrix routing epsilon without a reciprocal": func() {
			MatrixRouting[float32](node(2, 5), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(5, 3, 3, 2), node(5, 3, 2, 2), node(5, 3), node(5, 3)), MatrixRoutingOptions{Iterations: 1, Epsilon: 1e-39})
		},
		"matrix routing infinite epsilon": func() {
			MatrixRouting[float32](node(2, 5), node(2, 5, 2, 3), nil, matrixRoutingNodes(node(5, 3, 3, 2), node(5, 3, 2, 2), node(5, 3), node(5, 3)), MatrixRoutingOptions{Iterations: 1, Epsilon: 1e39})
		},
		"routing credit":             func() { RoutingCredit[float32](node(2, 3, 4), node(2, 3), node(3, 5), node(3, 5), nil) },
		"routing ign":                func() { RoutingCredit[float32](nil, node(2, 3), node(3, 5), node(2, 3, 5), nil) },
		"routing use":                func() { RoutingCredit[float32](nil, node(2, 3), node(4, 5), node(4, 5), nil) },
		"routing votes":              func() { RoutingVotes[float32](node(2, 3, 4), node(2, 3, 6)) },
		"routing votes of 3 samples": func() { RoutingVotes[float32](node(2, 3, 4), node(3, 3, 4, 6)) },
		"routing scores":             func() { RoutingScores[float32](node(2, 3, 4), node(2, 3, 5)) },
		"Reshape":                    func() { Reshape[float32](node(2, 3, 4), 5, 5) },
		"no layer":                   func() { LightningDecays(2, 3, 3) },
		"Rotary":                     func() { Rotary[float32](node(2, 3, 11), 4, 3, nil) },
		"Rotary of no heads":         func() { Rotary[float32](node(2, 3, 11), 0, 3, nil) },
		"Rotary of no width":         func() { Rotary[float32](node(2, 3, 11), 4, 0, nil) },
		"patches of no rows":         func() { PatchEmbedding[float32](node(2, 24), node(3, 6), node(3), 0, 3, 2) },
		"patches of no height":       func() { PatchEmbedding[float32](node(2, 24), node(3, 6), node(3), 4, 0, 2) },
		"patches of no width":        func() { PatchEmbedding[float32](node(2, 24), node(3, 6), node(3), 4, 2, 0) },
		"patches of half rows":       func() { PatchEmbedding[float32](node(2, 24), node(3, 5), node(3), 5, 5, 1) },
		"patches beside columns":     func() { PatchEmbedding[float32](node(2, 24), node(3, 8), node(3), 4, 2, 4) },
		"no axis":                    func() { DiagScan[float32](node(2, 3), node(2, 3), node(2), -3) },
		"no axis of logarithms":      func() { LogDiagScan[float32](node(2, 3), node(2, 3), node(2), 2) },
		"signs": func() {
			SignedLogAttention[float32](node(2, 3, 6), node(2, 3, 6), node(2, 3, 8), node(2, 3, 6), 2, false, nil)
		},
		"a sequence to convolve": func() { ShortConv[float32](node(2, 6), node(6, 1, 4), nil, true, nil, nil) },
		"reset of another length": func() {
			reset := G.NewTensor(g, tensor.Int32, 2, G.WithShape(2, 5), G.WithName("reset"))
			ShortConv[float32](node(2, 6, 3), node(3, 1, 4), nil, true, reset, nil)
		},
		"GLA of no heads": func() {
			GLA[float32](node(2, 3, 6), node(2, 3, 6), node(2, 3, 8), node(2, 3, 6), GLASizes{Heads: 0, DKey: 3, DValue: 4}, nil, nil)
		},
		"GLA of no keys": func() {
			GLA[float32](node(2, 3, 0), node(2, 3, 0), node(2, 3, 8), node(2, 3, 0), GLASizes{Heads: 2, DKey: 0, DValue: 4}, nil, nil)
		},
		"positions": func() { AddPositions[float32](node(2, 6, 3), node(5, 3), nil, nil) },
		"SwiGLU":    func() { SwiGLU[float32](node(2, 3)) },
		"dropout":   func() { Dropout[float32](node(2, 3), nil, 1, "site", NewNoise(1)) },
		"dropped":   func() { Dropout[float32](node(2, 3), node(2, 4), 0.5, "site", NewNoise(1)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || strings.HasPrefix(fmt.Sprint(r), "runtime error") {
					t.Errorf("panic %v, want one that says what is wrong", r)
				}
			}()
			build()
		})
	}
}
