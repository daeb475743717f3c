// Command chains multiplies random normal matrices, X_1 X_2 X_3 ..., and shows how long such chains get in
// float32, in float64 and over GOOMs. This is the first experiment of arXiv 2510.03426. Floats overflow after
// some hundred products or fewer; block-scaled GOOMs do not overflow.
//
//	go run ./examples/chains -dims 8,16,32,64,128,256,512,1024 -steps 1000000 -budget 5s
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"goomtrain/executor"
	"goomtrain/goom"
	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/rng"
)

// options are the command's flags.
type options struct {
	dims   []int
	steps  int
	budget time.Duration // of each size; 0: none
	seed   uint64
	out    string // picture; empty: none
}

func main() {
	o := options{}
	dims := flag.String("dims", "8,16,32,64,128,256,512,1024", "sizes of the matrices")
	flag.IntVar(&o.steps, "steps", 1000000, "products of a chain at most")
	flag.DurationVar(&o.budget, "budget", 5*time.Second, "time for each size; 0 is without bound")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of the matrices")
	flag.StringVar(&o.out, "out", "chains.png", "picture to write (.png, .svg, .pdf); empty for none")
	flag.Parse()
	if err := o.parse(*dims); err != nil {
		fmt.Fprintln(os.Stderr, "chains:", err)
		os.Exit(2)
	}
	if err := run(os.Stdout, o); err != nil {
		fmt.Fprintln(os.Stderr, "chains:", err)
		os.Exit(1)
	}
}

// parse reads the sizes and checks the rest.
func (o *options) parse(dims string) error {
	for _, s := range strings.Split(dims, ",") {
		d, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || d < 1 || d > 1<<14 {
			return fmt.Errorf("-dims: %q is no size from 1 to %d", s, 1<<14)
		}
		o.dims = append(o.dims, d)
	}
	if o.steps < 1 {
		return fmt.Errorf("-steps: %d, want at least 1", o.steps)
	}
	if o.budget < 0 {
		return errors.New("-budget: want no negative time")
	}
	return nil
}

// result is one size's row of the table.
type result struct {
	dim            int
	single, double int // the product at which floats overflow; 0: none within steps and budget
	goom           int // products done
	largest        goom.Scaled
	seconds        float64
	ended          string // by what
}

func run(w io.Writer, o options) error {
	results := make([]result, 0, len(o.dims))
	for _, d := range o.dims {
		r := result{dim: d}
		var err error
		if r.single, err = overflow[float32](d, o); err != nil {
			return err
		}
		if r.double, err = overflow[float64](d, o); err != nil {
			return err
		}
		chain(&r, o)
		results = append(results, r)
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "d\tfloat32 fails at\tfloat64 fails at\tGOOM products\tlargest element\tproducts/s\tended by\t")
	for _, r := range results {
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\t%.0f\t%s\t\n", r.dim, failure(r.single), failure(r.double), r.goom,
			r.largest.Text(4), float64(r.goom)/r.seconds, r.ended)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if o.out == "" {
		return nil
	}
	if err := picture(o.out, results); err != nil {
		return err
	}
	fmt.Fprintln(w, "picture:", o.out)
	return nil
}

func failure(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// normals fills x with the chain's next matrix entries.
func normals[F params.Float](r *rng.Stream, x []F) {
	for i := range x {
		x[i] = F(r.NormFloat64())
	}
}

// overflow multiplies in plain floats until an element is not finite, and returns the number of that product;
// 0 if the steps or the time are used up before.
func overflow[F params.Float](d int, o options) (int, error) {
	r := rng.New(o.seed, fmt.Sprint("chain ", d))
	y, x := make([]F, d*d), make([]F, d*d)
	g := layers.NewGraph[F](1, d)
	product := ops.MatMul[F](g.Input("y", y, d, d), g.Input("x", x, d, d), nil)
	run, err := executor.New(g.ExprGraph, product)
	if err != nil {
		return 0, err
	}
	normals(r, y)
	start := time.Now()
	for step := 2; step <= o.steps; step++ {
		normals(r, x)
		if err := run.RunAll(); err != nil {
			return 0, err
		}
		v, err := run.Value(product)
		if err != nil {
			return 0, err
		}
		copy(y, v.Data().([]F))
		if slices.ContainsFunc(y, func(v F) bool { return v-v != 0 }) { // infinite or NaN
			return step, nil
		}
		if o.budget > 0 && time.Since(start) > o.budget {
			break
		}
	}
	return 0, nil
}

// pool is the number of different random matrices that a chain uses in turn: drawing new ones would take longer
// than multiplying.
const pool = 512

// chain multiplies over GOOMs, in float32 mantissas, until the steps or the time are used up.
func chain(r *result, o options) {
	d := r.dim
	n := min(o.steps, max(1, min(pool, 1<<24/(d*d))))
	x := make([]float32, n*d*d)
	normals(rng.New(o.seed, fmt.Sprint("chain ", d)), x)
	factors := goom.MatricesOf(x, n, d, d)
	c := goom.NewChain[float32](d)
	start := time.Now()
	r.ended = "steps"
	for r.goom < o.steps {
		m := min(n, o.steps-r.goom)
		part := goom.Matrices[float32]{N: m, Rows: d, Cols: d, Mant: factors.Mant[:m*d*d], Exp: factors.Exp[:m]}
		c.Mul(part)
		r.goom += m
		if o.budget > 0 && time.Since(start) > o.budget && r.goom < o.steps {
			r.ended = "budget"
			break
		}
	}
	r.seconds = time.Since(start).Seconds()
	for i := range d {
		for j := range d {
			if v := c.At(i, j); larger(v, r.largest) {
				r.largest = v
			}
		}
	}
}

// larger compares magnitudes.
func larger(a, b goom.Scaled) bool {
	if x, y := a.Number(), b.Number(); x.Log != y.Log {
		return x.Log > y.Log
	}
	return false
}
