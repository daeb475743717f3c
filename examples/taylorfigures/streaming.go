package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"gonum.org/v1/plot/plotter"
	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/rng"
)

// clock is the time of one call: the best of rounds of some calls, so that what else the machine does in
// between does not count.
func clock(rounds, calls int, call func() error) (float64, error) {
	best := math.Inf(1)
	for range rounds {
		start := time.Now()
		for range calls {
			if err := call(); err != nil {
				return 0, err
			}
		}
		best = min(best, time.Since(start).Seconds()/float64(calls))
	}
	return best, nil
}

// token returns a function that reads one more position of a stream, by an attention of heads of that width.
func token(heads, width int, attention func(qkv *G.Node) *G.Node) (func() error, error) {
	r, x := rng.New(2, "streaming"), make([]float32, 3*heads*width)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	g := layers.NewGraph[float32](1, 1)
	run, err := executor.New(g.ExprGraph, attention(g.Input("qkv", x, 1, 1, len(x))))
	if err != nil {
		return nil, err
	}
	return run.RunAll, nil
}

// streaming measures one token of 8 heads at growing contexts, in float32.
func streaming(w io.Writer, out string, longest int) error {
	const heads, terms = 8, 4
	fmt.Fprintf(w, "## Time per token, %d heads, P = %d, float32, microseconds\n\n| context |", heads, terms)
	var names []string
	var lines []any
	times := map[string]plotter.XYs{}
	for _, width := range []int{8, 16} {
		names = append(names, fmt.Sprintf("Taylor, %d", width), fmt.Sprintf("cache, %d", width))
	}
	for _, name := range names {
		fmt.Fprintf(w, " %s |", name)
	}
	fmt.Fprint(w, "\n|---|---|---|---|---|\n")
	for _, width := range []int{8, 16} {
		carry, cache := ops.NewTaylorCarry[float32](1, heads, width, width, terms), ops.NewKVCache[float32](1, heads, width, width)
		taylor, err := token(heads, width, func(qkv *G.Node) *G.Node {
			return ops.TaylorSelfAttention[float32](qkv, heads, width, terms, nil, carry)
		})
		if err != nil {
			return err
		}
		softmax, err := token(heads, width, func(qkv *G.Node) *G.Node { return ops.SoftmaxSelfAttention[float32](qkv, heads, width, nil, cache) })
		if err != nil {
			return err
		}
		for context := 32; context <= longest; context *= 2 {
			for carry.Len() < context {
				if err := taylor(); err != nil {
					return err
				}
			}
			if err := fill(cache, context-3, heads, width); err != nil { // the 7 tokens to come are around that context
				return err
			}
			constant, err := clock(16, 128, taylor)
			if err != nil {
				return err
			}
			growing, err := clock(7, 1, softmax)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("Taylor, %d", width)
			times[name] = append(times[name], plotter.XY{X: float64(context), Y: 1e6 * constant})
			name = fmt.Sprintf("cache, %d", width)
			times[name] = append(times[name], plotter.XY{X: float64(context), Y: 1e6 * growing})
		}
	}
	for i := range times[names[0]] {
		fmt.Fprintf(w, "| %.0f |", times[names[0]][i].X)
		for _, name := range names {
			fmt.Fprintf(w, " %.1f |", times[name][i].Y)
		}
		fmt.Fprintln(w)
	}
	for _, width := range []int{8, 16} {
		fmt.Fprintf(w, "\nHead size %d: the cost model puts the crossing at a context of %.0f, on one core.", width, ops.TaylorCrossing(width, width, terms))
	}
	fmt.Fprint(w, "\n\n")
	for _, name := range names {
		lines = append(lines, name, times[name])
	}
	return curves(out, "streaming", "Measured time of a token, 8 heads, P = 4", "context", "microseconds", lines...)
}

// fill brings a cache to that context by long stretches of keys and values, each read by one query.
func fill(cache *ops.KVCache[float32], context, heads, width int) error {
	for cache.Len() < context {
		n := min(1<<14, context-cache.Len())
		x := make([]float32, n*heads*width)
		for i := range x {
			x[i] = float32(math.Sin(float64(i))) // their values do not change the time
		}
		g := layers.NewGraph[float32](1, n)
		q, rows := g.Input("q", x[:heads*width], 1, 1, heads*width), g.Input("rows", x, 1, n, heads*width)
		run, err := executor.New(g.ExprGraph, ops.SoftmaxAttention[float32](q, rows, rows, heads, false, cache))
		if err != nil {
			return err
		}
		if err := run.RunAll(); err != nil {
			return err
		}
	}
	return nil
}
