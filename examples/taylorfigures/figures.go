package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/softmax"
	"goomtrain/internal/kernels/taylor"
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
	fmt.Fprint(w, "## Tight packing: numbers of a head's state (V = K)\n\n| K | P | all d^p monomials | symmetric basis | smaller by | FLOPs a token |\n|---|---|---|---|---|---|\n")
	var lines []any
	for _, terms := range []int{3, 4, 5, 6} {
		var xy plotter.XYs
		for _, width := range []int{4, 8, 16, 32, 64} {
			_, total := taylor.Table(width, width, terms)
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
	fmt.Fprint(w, "## State and FLOPs of a token against a key-value cache, P = 4\n\n| K = V | state | FLOPs | context where the cache is as large | ... as much work |\n|---|---|---|---|---|\n")
	var lines []any
	for _, width := range []int{8, 16, 32} {
		_, total := taylor.Table(width, width, 4)
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

// operands are queries, keys and values of one head, unit normal.
func operands(tokens, width int) (q, k, v multihead.Rows[float64]) {
	r := rng.New(1, "operands")
	var rows [3]multihead.Rows[float64]
	for i := range rows {
		x := make([]float64, tokens*width)
		for j := range x {
			x[j] = r.NormFloat64()
		}
		rows[i] = multihead.Packed(x, 1, width)
	}
	return rows[0], rows[1], rows[2]
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
		size := multihead.Size{Batch: 1, Queries: tokens, Keys: tokens, Heads: 1, DKey: width, DValue: width, Causal: true}
		q, k, v := operands(tokens, width)
		exact, y := make([]float64, tokens*width), make([]float64, tokens*width)
		softmax.New[float64](size).Forward(exact, q, k, v, nil)
		var lines []any
		for terms := 3; terms <= 6; terms++ {
			taylor.New[float64](size, terms, false).Forward(y, q, k, v, nil)
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

// clock is the time of one call: the best of rounds of some calls, so that what else the machine does in
// between does not count.
func clock(rounds, calls int, call func()) float64 {
	best := math.Inf(1)
	for range rounds {
		start := time.Now()
		for range calls {
			call()
		}
		best = min(best, time.Since(start).Seconds()/float64(calls))
	}
	return best
}

// streaming measures one token of 8 heads at growing contexts, in float32.
func streaming(w io.Writer, out string, longest int) error {
	const heads, terms = 8, 4
	fmt.Fprintf(w, "## Measured time of a token, %d heads, P = %d, float32, microseconds\n\n| context |", heads, terms)
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
		size := multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: heads, DKey: width, DValue: width, Causal: true}
		r, x, y := rng.New(2, "streaming"), make([]float32, 3*heads*width), make([]float32, heads*width)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		q, k, v := multihead.SplitQKV(x, heads, width, width)
		streaming, carry := taylor.New[float32](size, terms, true), taylor.NewCarry[float32](1, heads, width, width, terms)
		cached, cache := softmax.New[float32](size), softmax.NewCache[float32](1, heads, width, width)
		for context := 32; context <= longest; context *= 2 {
			for carry.Len() < context {
				streaming.Forward(y, q, k, v, carry)
			}
			fill(cache, context-3, heads, width) // the 7 tokens to come are around that context
			name := fmt.Sprintf("Taylor, %d", width)
			times[name] = append(times[name], plotter.XY{X: float64(context), Y: 1e6 * clock(16, 128, func() { streaming.Forward(y, q, k, v, carry) })})
			name = fmt.Sprintf("cache, %d", width)
			times[name] = append(times[name], plotter.XY{X: float64(context), Y: 1e6 * clock(7, 1, func() { cached.Forward(y, q, k, v, cache) })})
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
		one := multihead.Size{Batch: 1, Queries: 1, Keys: 1, Heads: 1, DKey: width, DValue: width, Causal: true}
		c := taylor.Cost(one, terms)
		fmt.Fprintf(w, "\nHead size %d: the cost model puts the crossing at a context of %.0f, on one core.", width, c.Crossing())
	}
	fmt.Fprint(w, "\n\n")
	for _, name := range names {
		lines = append(lines, name, times[name])
	}
	return curves(out, "streaming", "Measured time of a token, 8 heads, P = 4", "context", "microseconds", lines...)
}

// fill brings a cache to that context by one long stretch.
func fill(cache *softmax.Cache[float32], context, heads, width int) {
	for cache.Len() < context {
		n := min(1<<14, context-cache.Len())
		size := multihead.Size{Batch: 1, Queries: 1, Keys: n, Heads: heads, DKey: width, DValue: width}
		x := make([]float32, n*heads*width)
		for i := range x {
			x[i] = float32(math.Sin(float64(i))) // their values do not change the time
		}
		rows := multihead.Packed(x, heads, width)
		one := multihead.Packed(x[:heads*width], heads, width)
		softmax.New[float32](size).Forward(make([]float32, heads*width), one, rows, rows, cache)
	}
}
