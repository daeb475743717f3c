package ops

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"goomtrain/executor"
	"goomtrain/internal/comm"
	"goomtrain/internal/comm/commtest"
	"goomtrain/internal/kernels/kerneltest"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// cutBatch is the batch of cutCases, a number that no parameter of theirs begins with.
const cutBatch = 2

// cutCases are the ops that can be cut over processes, on sequences of that length of which this process has a part.
func cutCases[F params.Float](length int) []opCase {
	return []opCase{
		{name: "Recurrence", floats: [][]int{{cutBatch, length, 6}, {3, 3}, {2, 3}},
			build: func(f, _ []*G.Node) *G.Node { return Recurrence[F](f[0], f[1], f[2], nil, nil) }},
		{name: "SoftmaxSelfAttention", floats: [][]int{{cutBatch, length, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return SoftmaxSelfAttention[F](f[0], 2, 3, nil, nil) }},
		{name: "WindowSelfAttention", floats: [][]int{{cutBatch, length, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return WindowSelfAttention[F](f[0], 2, 3, 4, nil, nil) }},
		{name: "WindowSelfAttention of many", floats: [][]int{{cutBatch, length, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return WindowSelfAttention[F](f[0], 2, 3, 90, nil, nil) }},
		{name: "WindowSelfAttention of one", floats: [][]int{{cutBatch, length, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return WindowSelfAttention[F](f[0], 2, 3, 1, nil, nil) }},
		{name: "LogSelfAttention", floats: [][]int{{cutBatch, length, 2 * (2*3 + 4)}},
			build: func(f, _ []*G.Node) *G.Node { return LogSelfAttention[F](f[0], 2, 3, nil, nil) }},
		{name: "LogSelfAttention of large numbers", floats: [][]int{{cutBatch, length, 2 * (2*3 + 4)}},
			build: func(f, _ []*G.Node) *G.Node { return LogSelfAttention[F](f[0], 2, 3, nil, nil) }},
		{name: "AddLogScan of large numbers", floats: [][]int{{cutBatch, length, 6}, {cutBatch, length, 3}},
			build: func(f, _ []*G.Node) *G.Node { return AddLogScan[F](f[0], f[1], nil, nil) }},
		{name: "TaylorSelfAttention", floats: [][]int{{cutBatch, length, 2*2*3 + 2*4}},
			build: func(f, _ []*G.Node) *G.Node { return TaylorSelfAttention[F](f[0], 2, 3, 5, nil, nil) }},
		{name: "ShortConv", floats: [][]int{{cutBatch, length, 3}, {3, 1, 4}},
			build: func(f, _ []*G.Node) *G.Node { return ShortConv[F](f[0], f[1], nil, false, nil, nil) }},
		{name: "ShortConv of many", floats: [][]int{{cutBatch, length, 130}, {130, 1, 30}, {130}},
			build: func(f, _ []*G.Node) *G.Node { return ShortConv[F](f[0], f[1], f[2], true, nil, nil) }},
		{name: "ShortConv of one", floats: [][]int{{cutBatch, length, 3}, {3, 1, 1}},
			build: func(f, _ []*G.Node) *G.Node { return ShortConv[F](f[0], f[1], nil, true, nil, nil) }},
		{name: "DeltaRule", floats: [][]int{{cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 35}, {cutBatch, length, 2}},
			build: func(f, _ []*G.Node) *G.Node {
				return DeltaRule[F](f[0], L2Norm[F](f[1], 3), f[2], Sigmoid[F](f[3], 1), nil, DeltaSizes{KeyHeads: 2, ValueHeads: 2, DKey: 3, DValue: 35, Steps: 1}, nil, nil)
			}},
		{name: "DeltaRule of several steps", floats: [][]int{{cutBatch, length, 2 * 34}, {cutBatch, length, 2 * 2 * 34}, {cutBatch, length, 2 * 4 * 2}, {cutBatch, length, 2 * 4}, {cutBatch, length, 4}},
			build: func(f, _ []*G.Node) *G.Node {
				return DeltaRule[F](f[0], L2Norm[F](f[1], 34), f[2], Sigmoid[F](f[3], 2), LogSigmoid[F](f[4], 16), DeltaSizes{KeyHeads: 2, ValueHeads: 4, DKey: 34, DValue: 2, Steps: 2}, nil, nil)
			}},
		{name: "GLA", floats: [][]int{{cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 34}, {cutBatch, length, 2 * 3}},
			build: func(f, _ []*G.Node) *G.Node {
				return GLA[F](f[0], f[1], f[2], LogSigmoid[F](f[3], 4), GLASizes{Heads: 2, DKey: 3, DValue: 34}, nil, nil)
			}},
		{name: "ScalarDecayAttention", floats: [][]int{{cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 4}, {cutBatch, length, 2}},
			build: func(f, _ []*G.Node) *G.Node {
				return ScalarDecayAttention[F](f[0], f[1], f[2], LogSigmoid[F](f[3], 4), GLASizes{Heads: 2, DKey: 3, DValue: 4}, nil, nil)
			}},
		{name: "FixedDecayAttention", floats: [][]int{{cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 3}, {cutBatch, length, 2 * 4}},
			build: func(f, _ []*G.Node) *G.Node {
				return FixedDecayAttention[F](f[0], f[1], f[2], RetentionDecays(2), GLASizes{Heads: 2, DKey: 3, DValue: 4}, nil, nil)
			}},
		{name: "RecurrenceFull", floats: [][]int{{cutBatch, length, 3 * 2 * 3}, {cutBatch, length, 3 * 9}, {3, 2, 3}},
			build: func(f, _ []*G.Node) *G.Node { return RecurrenceFull[F](f[0], f[1], f[2], nil, nil) }},
		{name: "RecurrenceLinear", floats: [][]int{{cutBatch, length, 3 * 2 * 3}, {cutBatch, length, 4}, {4, 3 * 9}, {3, 2, 3}},
			build: func(f, _ []*G.Node) *G.Node { return RecurrenceLinear[F](f[0], f[1], f[2], f[3], nil, nil) }},
		{name: "RecurrenceHouseholder", floats: [][]int{{cutBatch, length, 3 * 2 * 3}, {cutBatch, length, 3 * 2 * 3}, {cutBatch, length, 3 * 2}, {cutBatch, length, 3}, {3, 2, 3}},
			build: func(f, _ []*G.Node) *G.Node {
				return RecurrenceHouseholder[F](f[0], f[1], f[2], f[3], f[4], nil, nil)
			}},
		{name: "LSTM", floats: [][]int{{cutBatch, length, 12}, {12, 3}, {12}},
			build: func(f, _ []*G.Node) *G.Node { return LSTM[F](f[0], f[1], f[2], nil, nil) }},
		{name: "S4D", floats: [][]int{{cutBatch, length, 11}, {11}, {11, 3}, {11, 3}, {11, 3, 2}, {11}},
			build: func(f, _ []*G.Node) *G.Node { return S4D[F](f[0], f[1], f[2], f[3], f[4], f[5], nil, nil) }},
		{name: "AddLogScan", floats: [][]int{{cutBatch, length, 6}, {cutBatch, length, 3}},
			build: func(f, _ []*G.Node) *G.Node { return AddLogScan[F](f[0], f[1], nil, nil) }},
		{name: "Rotary", floats: [][]int{{cutBatch, length, 15}},
			build: func(f, _ []*G.Node) *G.Node { return Rotary[F](f[0], 2, 6, nil) }},
		{name: "AddPositions", floats: [][]int{{cutBatch, length, 4}, {300, 4}},
			build: func(f, _ []*G.Node) *G.Node { return AddPositions[F](f[0], f[1], nil, nil) }},
		{name: "Dropout", floats: [][]int{{cutBatch, length, 3}},
			build: func(f, _ []*G.Node) *G.Node { return Dropout[F](f[0], nil, 0.5, "site", NewNoise(1)) }},
		{name: "Dropout with residual", floats: [][]int{{cutBatch, length, 3}, {cutBatch, length, 3}},
			build: func(f, _ []*G.Node) *G.Node { return Dropout[F](f[0], f[1], 0.5, "site", NewNoise(1)) }},
	}
}

// isSequence reports whether an operand of cutCases of that shape is a sequence.
func isSequence(shape []int, length int) bool {
	return len(shape) == 3 && shape[0] == cutBatch && shape[1] == length
}

// values are the values of a problem in one process.
type values[F params.Float] struct {
	out   []F
	grads [][]F
}

// machine is the graph of a problem that can be run again and again.
func machine[F params.Float](p *problem[F]) (run func() (values[F], error), err error) {
	keep := append(G.Nodes{p.out}, p.grads...)
	vm, err := executor.New(p.graph, keep...)
	if err != nil {
		return nil, err
	}
	return func() (w values[F], err error) {
		if err := vm.RunAll(); err != nil {
			return w, err
		}
		for i, n := range keep {
			v, err := vm.Value(n)
			if err != nil {
				return w, err
			}
			if x := append([]F(nil), floats[F](v)...); i == 0 {
				w.out = x
			} else {
				w.grads = append(w.grads, x)
			}
		}
		return w, nil
	}, nil
}

// inParts runs a case on parts of sequences, in goroutines, and returns what the processes have together.
func inParts[F params.Float](t *testing.T, c func(length int) opCase, size, length int, draws func(stream string, shape ...int) []F) (w values[F]) {
	t.Helper()
	groups := commtest.Local(t, size)
	results, errs := make([]values[F], size), make([]error, size)
	var runs sync.WaitGroup
	var p *problem[F]
	for r, g := range groups {
		p = newPartOfProblem(c(length), NewPart(g), func(stream string, shape ...int) []F {
			if !isSequence(shape, length) {
				return draws(stream, shape...)
			}
			all := draws(stream, cutBatch, size*length, shape[2])
			return kerneltest.Positions(all, cutBatch, shape[2], r*length, (r+1)*length)
		})
		run, err := machine(p)
		if err != nil {
			t.Fatal(err)
		}
		runs.Go(func() {
			for range 2 { // a second run finds used buffers
				if results[r], errs[r] = run(); errs[r] != nil {
					return
				}
			}
		})
	}
	runs.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	join := func(shape []int, of func(r int) []F) []F {
		n := tensor.Shape(shape).TotalSize()
		if !isSequence(shape, length) { // a share of each process
			sum := make([]F, n)
			for r := range size {
				for i, x := range of(r) {
					sum[i] += x
				}
			}
			return sum
		}
		all, width := make([]F, size*n), length*shape[2]
		for r := range size {
			for b := range cutBatch {
				copy(all[(b*size+r)*width:], of(r)[b*width:(b+1)*width])
			}
		}
		return all
	}
	w.out = join(p.out.Shape(), func(r int) []F { return results[r].out })
	for i, n := range p.wrt {
		w.grads = append(w.grads, join(n.Shape(), func(r int) []F { return results[r].grads[i] }))
	}
	return w
}

// TestCut: parts of sequences have the outputs and gradients of whole sequences.
func TestCut(t *testing.T) {
	kerneltest.Both(t, testCut[float32], testCut[float64])
}

func testCut[F params.Float](t *testing.T) {
	for i, c := range cutCases[F](1) {
		for _, length := range []int{1, 2, 7, 63} {
			for size := 1; size <= 4; size++ {
				t.Run(fmt.Sprintf("%s of %d in %d", c.name, length*size, size), func(t *testing.T) {
					draws := func(stream string, shape ...int) []F {
						x := draw[F](stream, tensor.Shape(shape).TotalSize())
						if strings.HasSuffix(c.name, "large numbers") && strings.HasPrefix(stream, c.name) && !strings.HasSuffix(stream, "cotangent") {
							for i := range x {
								x[i] *= 200
							}
						}
						return x
					}
					of := func(length int) opCase { return cutCases[F](length)[i] }
					run, err := machine(newPartOfProblem(of(length*size), nil, draws))
					if err != nil {
						t.Fatal(err)
					}
					want, err := run()
					if err != nil {
						t.Fatal(err)
					}
					got := inParts(t, of, size, length, draws)
					kerneltest.Near(t, "y", got.out, want.out, kerneltest.Tolerance[F](1e-5, 1e-13))
					for j := range want.grads {
						kerneltest.Near(t, fmt.Sprint("gradient ", j), got.grads[j], want.grads[j], kerneltest.Tolerance[F](1e-5, 1e-13))
					}
				})
			}
		}
	}
}

// TestCutSpreadsNaN: a position that is NaN shows in the same outputs as in one process, and in the same gradients.
func TestCutSpreadsNaN(t *testing.T) {
	const length, size = 5, 3
	for i, c := range cutCases[float64](1) {
		for _, at := range []int{0, 7, 14} {
			t.Run(fmt.Sprintf("%s at %d", c.name, at), func(t *testing.T) {
				draws := func(stream string, shape ...int) []float64 {
					x := draw[float64](stream, tensor.Shape(shape).TotalSize())
					if stream == c.name+"0" {
						for b := range cutBatch {
							x[(b*length*size+at)*shape[2]] = math.NaN()
						}
					}
					return x
				}
				of := func(length int) opCase { return cutCases[float64](length)[i] }
				run, err := machine(newPartOfProblem(of(length*size), nil, draws))
				if err != nil {
					t.Fatal(err)
				}
				want, err := run()
				if err != nil {
					t.Fatal(err)
				}
				got := inParts(t, of, size, length, draws)
				for j, x := range want.out {
					if math.IsNaN(x) != math.IsNaN(got.out[j]) {
						t.Fatalf("y[%d] = %v, in one process %v", j, got.out[j], x)
					}
				}
				for g := range want.grads {
					if slices.ContainsFunc(want.grads[g], math.IsNaN) && !slices.ContainsFunc(got.grads[g], math.IsNaN) {
						t.Errorf("gradient %d has no NaN, as it has in one process", g)
					}
				}
			})
		}
	}
}

// TestCutThreads: any number of threads gives the same bits.
func TestCutThreads(t *testing.T) {
	defer simd.SetThreads(0)
	draws := func(stream string, shape ...int) []float32 {
		return draw[float32](stream, tensor.Shape(shape).TotalSize())
	}
	for i, c := range cutCases[float32](1) {
		of := func(length int) opCase { return cutCases[float32](length)[i] }
		simd.SetThreads(1)
		want := inParts(t, of, 2, 63, draws)
		simd.SetThreads(3)
		got := inParts(t, of, 2, 63, draws)
		kerneltest.Identical(t, c.name, got.out, want.out)
		for j := range want.grads {
			kerneltest.Identical(t, fmt.Sprint(c.name, " gradient ", j), got.grads[j], want.grads[j])
		}
	}
}

// TestCutNamesWholeOps: ops that need the whole sequence are named once each, and so are Gorgonia's own.
func TestCutNamesWholeOps(t *testing.T) {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float64, 3, G.WithShape(2, 3, 8), G.WithName("x"))
	w := G.NewTensor(g, tensor.Float64, 2, G.WithShape(8, 2), G.WithName("w"))
	bias := G.NewVector(g, tensor.Float64, G.WithShape(8), G.WithName("bias"))
	reset := G.NewTensor(g, tensor.Int32, 2, G.WithShape(2, 3), G.WithName("reset"))
	h := LSTM[float64](x, w, bias, reset, nil)
	h = LSTM[float64](G.Must(G.Tanh(MatMul[float64](h, G.NewTensor(g, tensor.Float64, 2, G.WithShape(2, 8), G.WithName("u")), nil))), w, bias, reset, nil)
	Last[float64](h)
	err := NewPart(commtest.Local(t, 2)[0]).Cut(g)
	if !errors.Is(err, ErrNotCut) || !strings.HasSuffix(err.Error(), ": ops that need them whole: LSTM, Last, tanh") {
		t.Errorf("error %v", err)
	}
}

// TestCutReturnsFailures: when another process fails, a run returns the error.
func TestCutReturnsFailures(t *testing.T) {
	for i, c := range cutCases[float32](3) {
		if slices.Contains([]string{"Rotary", "AddPositions", "Dropout", "Dropout with residual", "WindowSelfAttention of one", "ShortConv of one"}, c.name) { // they exchange nothing
			continue
		}
		groups := commtest.Local(t, 2)
		p := newPartOfProblem(cutCases[float32](3)[i], NewPart(groups[0]), func(stream string, shape ...int) []float32 {
			return draw[float32](stream, tensor.Shape(shape).TotalSize())
		})
		run, err := machine(p)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Millisecond)
			groups[0].Fail(errors.New("the disk is full"))
		}()
		_, err = run()
		if peer := (*comm.PeerError)(nil); !errors.As(err, &peer) || !strings.Contains(err.Error(), strings.Fields(c.name)[0]) {
			t.Errorf("%s: error %v, want that of the other process", c.name, err)
		}
		if _, again := run(); again == nil {
			t.Errorf("%s: no error from the second run", c.name)
		}
	}
}

// TestCutReturnsFailuresBackward: an exchange that fails in the backward pass ends the run.
func TestCutReturnsFailuresBackward(t *testing.T) {
	part, want := NewPart(commtest.Local(t, 1)[0]), errors.New("the network is down")
	p := newPartOfProblem(opCase{name: "op", floats: [][]int{{cutBatch, 3, 4}}, build: func(f, _ []*G.Node) *G.Node {
		return Apply(Definition[float32]{
			Name: "op", Inputs: G.Nodes{f[0]}, Grads: []Gradient{GradPrimary}, Out: f[0].Shape(), Cut: Positionwise,
			Forward:  func(out []float32, in Operands[float32]) { copy(out, in.Floats(0)) },
			Backward: func(grads [][]float32, _ Operands[float32], _, dout []float32) { copy(grads[0], dout); part.err = want },
		})
	}}, part, func(stream string, shape ...int) []float32 {
		return draw[float32](stream, tensor.Shape(shape).TotalSize())
	})
	run, err := machine(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run(); !errors.Is(err, want) {
		t.Errorf("error %v", err)
	}
}
