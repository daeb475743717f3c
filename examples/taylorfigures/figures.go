package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/rng"
)

// curves draws named lines on logarithmic axes.
func curves(out, name, title, x, y string, lines ...any) error {
	if out == "" {
		return nil
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	if err := plotutil.AddLines(p, lines...); err != nil {
		return err
	}
	return p.Save(16*vg.Centimeter, 11*vg.Centimeter, filepath.Join(out, name+".png"))
}

// packing shows the features of all index tuples against those of sorted ones.
func packing(w io.Writer, out string) error {
	fmt.Fprint(w, "## Size of a head's state in numbers (V = K)\n\n| K | P | all K^p monomials | symmetric basis | ratio | FLOPs per token |\n|---|---|---|---|---|---|\n")
	var lines []any
	for _, terms := range []int{3, 4, 5, 6} {
		var xy plotter.XYs
		for _, width := range []int{4, 8, 16, 32, 64} {
			_, total := ops.TaylorTable(width, width, terms)
			all := 0.0
			for p := range terms {
				all += math.Pow(float64(width), float64(p)) * float64(width+1)
			}
			xy = append(xy, plotter.XY{X: float64(width), Y: all / float64(total.State)})
			if width == 8 || width == 16 || width == 32 {
				fmt.Fprintf(w, "| %d | %d | %.0f | %d | %.2f | %d |\n", width, terms, all, total.State, all/float64(total.State), total.FLOPs)
			}
		}
		lines = append(lines, fmt.Sprintf("P = %d", terms), xy)
	}
	fmt.Fprintln(w)
	return curves(out, "packing", "State with all monomials / symmetric basis", "head size", "factor", lines...)
}

// contexts shows state and work against those of a key-value cache.
func contexts(w io.Writer, out string) error {
	fmt.Fprint(w, "## State and FLOPs per token, compared with a key-value cache, P = 4\n\n| K = V | state | FLOPs | context where the cache is as large | context where it is as much work |\n|---|---|---|---|---|\n")
	var lines []any
	for _, width := range []int{8, 16, 32} {
		_, total := ops.TaylorTable(width, width, 4)
		cacheState, cacheWork := 2*width, 4*width+4 // numbers and FLOPs of a position of context
		fmt.Fprintf(w, "| %d | %d | %d | %d | %d |\n", width, total.State, total.FLOPs, total.State/cacheState, total.FLOPs/cacheWork)
		var constant, cache plotter.XYs
		for n := 10.0; n <= 1e6; n *= 10 {
			constant, cache = append(constant, plotter.XY{X: n, Y: float64(total.FLOPs)}), append(cache, plotter.XY{X: n, Y: n * float64(cacheWork)})
		}
		lines = append(lines, fmt.Sprintf("Taylor, %d", width), constant, fmt.Sprintf("cache, %d", width), cache)
	}
	fmt.Fprintln(w)
	return curves(out, "contexts", "Work of a token, P = 4, by head size", "context", "FLOPs", lines...)
}

// operands are queries, keys and values of one head, unit normal, each [T, K].
func operands(tokens, width int) (all [3][]float64) {
	r := rng.New(1, "operands")
	for i := range all {
		all[i] = make([]float64, tokens*width)
		for j := range all[i] {
			all[i][j] = r.NormFloat64()
		}
	}
	return all
}

// causal runs an attention among the positions of operands of one head and returns its result [T, K].
func causal(operands [3][]float64, width int, attention func(q, k, v *G.Node) *G.Node) ([]float64, error) {
	length := len(operands[0]) / width
	g := layers.NewGraph[float64](1, length)
	var in [3]*G.Node
	for i, name := range []string{"q", "k", "v"} {
		in[i] = g.Input(name, operands[i], 1, length, width)
	}
	y := attention(in[0], in[1], in[2])
	run, err := executor.New(g.ExprGraph, y)
	if err != nil {
		return nil, err
	}
	if err := run.RunAll(); err != nil {
		return nil, err
	}
	v, err := run.Value(y)
	if err != nil {
		return nil, err
	}
	return v.Data().([]float64), nil
}

// distances shows the distance to softmax attention by position, both in float64.
func distances(w io.Writer, out string, tokens int) error {
	bands := [][2]int{{0, tokens / 100}, {tokens / 100, tokens / 10}, {tokens / 10, tokens}}
	fmt.Fprintf(w, "## Mean distance to softmax attention in float64, unit-normal inputs, %d positions\n\n| K | P |", tokens)
	for _, b := range bands {
		fmt.Fprintf(w, " positions %d to %d |", b[0]+1, b[1])
	}
	fmt.Fprint(w, "\n|---|---|---|---|---|\n")
	for _, width := range []int{8, 16, 32} {
		qkv := operands(tokens, width)
		exact, err := causal(qkv, width, func(q, k, v *G.Node) *G.Node { return ops.SoftmaxAttention[float64](q, k, v, 1, true, nil) })
		if err != nil {
			return err
		}
		var lines []any
		for terms := 3; terms <= 6; terms++ {
			y, err := causal(qkv, width, func(q, k, v *G.Node) *G.Node { return ops.TaylorAttention[float64](q, k, v, 1, terms, true, nil) })
			if err != nil {
				return err
			}
			distance := func(lo, hi int) float64 {
				sum := 0.0
				for i := lo * width; i < hi*width; i++ {
					sum += math.Abs(y[i] - exact[i])
				}
				return sum / float64((hi-lo)*width)
			}
			fmt.Fprintf(w, "| %d | %d |", width, terms)
			for _, b := range bands {
				fmt.Fprintf(w, " %.2e |", distance(b[0], b[1]))
			}
			fmt.Fprintln(w)
			var xy plotter.XYs
			for lo := 2; 2*lo <= tokens; lo *= 2 {
				xy = append(xy, plotter.XY{X: float64(lo), Y: distance(lo, 2*lo)})
			}
			lines = append(lines, fmt.Sprintf("P = %d", terms), xy)
		}
		if err := curves(out, fmt.Sprintf("error%d", width), fmt.Sprintf("Mean distance to softmax attention, head size %d", width), "position", "distance", lines...); err != nil {
			return err
		}
	}
	fmt.Fprintln(w)
	return nil
}
