// Command lyapunov estimates the Lyapunov exponents of well-known chaotic systems by three methods and prints
// them beside the literature's: sequential QR, the parallel spectrum by a GOOM scan with selective resetting, and
// the largest exponent by a GOOM reduction.
//
//	go run ./examples/lyapunov -steps 1000000
//	go run ./examples/lyapunov -only lorenz, -lorenz 16,45.92,4
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"goomtrain/goom/lyapunov"
)

func main() {
	steps := flag.Int("steps", 100000, "steps of each system")
	only := flag.String("only", "", "only systems whose name contains this")
	out := flag.String("out", "lyapunov.png", "picture of convergence to write (.png, .svg, .pdf); empty for none")
	list := systems(flag.CommandLine)
	flag.Parse()
	if *steps < 100 {
		fmt.Fprintf(os.Stderr, "lyapunov: -steps: %d, want at least 100\n", *steps)
		os.Exit(2)
	}
	if err := run(os.Stdout, *list, *steps, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "lyapunov:", err)
		os.Exit(1)
	}
}

// estimate holds the results of the three methods for one system, and their convergence.
type estimate struct {
	system       *lyapunov.System
	steps        int
	sequential   []float64
	parallel     []float64
	largest      float64
	seconds      [3]float64
	after        []int     // steps after which convergence was noted
	trackSeq     []float64 // largest exponent then, by each method
	trackPar     []float64
	trackLargest []float64
}

func run(w io.Writer, list []sharedSystem, steps int, only, out string) error {
	var done []*estimate
	for _, s := range list {
		if !strings.Contains(strings.ToLower(s.Name), strings.ToLower(only)) {
			continue
		}
		e, err := measure(s.System, max(100, int(s.share*float64(steps))))
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		done = append(done, e)
		if err := e.print(w); err != nil {
			return err
		}
	}
	if len(done) == 0 {
		return fmt.Errorf("no system's name contains %q", only)
	}
	if out == "" {
		return nil
	}
	if err := picture(out, done); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "picture:", out)
	return err
}

// measure runs the three estimators over one orbit.
func measure(s *lyapunov.System, steps int) (*estimate, error) {
	e := &estimate{system: s, steps: steps}
	u := make([]float64, s.Dim)
	for i := range u {
		u[i] = 1 / float64(i+1)
	}
	seq, par, top := lyapunov.NewSequential(s.Dim, s.Dt, nil), lyapunov.NewParallel(s.Dim, s.Dt, nil), lyapunov.NewLargest(s.Dim, s.Dt, u)
	skip := int(50 / s.Dt) // let the orbit reach the attractor
	err := s.Orbit(skip, steps, max(1, steps/100), func(jac []float64) error {
		for i, add := range []func([]float64){seq.Add, par.Add, top.Add} {
			start := time.Now()
			add(jac)
			e.seconds[i] += time.Since(start).Seconds()
		}
		var err1, err2, err3 error
		e.sequential, err1 = seq.Exponents()
		e.parallel, err2 = par.Exponents()
		e.largest, err3 = top.Exponent()
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		e.after = append(e.after, seq.Steps())
		e.trackSeq = append(e.trackSeq, e.sequential[0])
		e.trackPar = append(e.trackPar, e.parallel[0])
		e.trackLargest = append(e.trackLargest, e.largest)
		return nil
	})
	return e, err
}

// print writes a table: at most eight exponents and the sum.
func (e *estimate) print(w io.Writer) error {
	s := e.system
	fmt.Fprintf(w, "%s, %d steps of %g (sequential %.2f s, parallel %.2f s, largest %.2f s)\n", s.Name, e.steps, s.Dt, e.seconds[0], e.seconds[1], e.seconds[2])
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tsequential\tparallel\tlargest\tknown\t")
	for i := range min(8, s.Dim) {
		largest, known := "", ""
		if i == 0 {
			largest = fmt.Sprintf("%.4f", e.largest)
		}
		if !math.IsNaN(s.Known[i]) {
			known = fmt.Sprintf("%.4f", s.Known[i])
		}
		fmt.Fprintf(t, "%d\t%.4f\t%.4f\t%s\t%s\t\n", i+1, e.sequential[i], e.parallel[i], largest, known)
	}
	fmt.Fprintf(t, "sum of all %d\t%.4f\t%.4f\t\t\t\n", s.Dim, sum(e.sequential), sum(e.parallel))
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}
