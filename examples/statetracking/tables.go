package main

import (
	"fmt"
	"io"
	"math"
	"math/cmplx"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// eigenvalues returns those of a square matrix, the largest real part first, then the largest imaginary part.
func eigenvalues(a *mat.Dense) []complex128 {
	var e mat.Eigen
	if !e.Factorize(a, mat.EigenNone) {
		panic(fmt.Sprintf("statetracking: no eigenvalues of %v", mat.Formatted(a)))
	}
	values := e.Values(nil)
	slices.SortFunc(values, func(x, y complex128) int {
		if real(x) != real(y) {
			return descending(real(x), real(y))
		}
		return descending(imag(x), imag(y))
	})
	return values
}

func descending(x, y float64) int {
	if x > y {
		return -1
	}
	return 1
}

// scale is |det A|^(1/D), the geometric mean of the magnitudes of the eigenvalues.
func scale(a *mat.Dense) float64 {
	n, _ := a.Dims()
	return math.Pow(math.Abs(mat.Det(a)), 1/float64(n))
}

// number formats an eigenvalue.
func number(z complex128) string {
	if imag(z) == 0 {
		return fmt.Sprintf("%.3f", real(z))
	}
	return fmt.Sprintf("%.3f%+.3fi (|.| %.3f, %.1f°)", real(z), imag(z), cmplx.Abs(z), cmplx.Phase(z)*180/math.Pi)
}

// printEigenvalues writes a table of the eigenvalues of each token and head, divided by their scale.
func printEigenvalues(w io.Writer, all [][]*mat.Dense) {
	fmt.Fprint(w, "| head | token | scale | eigenvalues / scale |\n|---|---|---|---|\n")
	for head := range all[0] {
		for token := range all {
			a := all[token][head]
			var texts []string
			for _, z := range eigenvalues(a) {
				texts = append(texts, number(z/complex(scale(a), 0)))
			}
			fmt.Fprintf(w, "| %d | %d | %.3f | %s |\n", head+1, token, scale(a), strings.Join(texts, ", "))
		}
	}
	fmt.Fprintln(w)
}

// Exponents above which numbers overflow.
const (
	float32Bits = 128
	float64Bits = 1024
)

// printWalk writes what the stream showed. Positions count from 1, and 0 stands for never.
func printWalk(w io.Writer, seen *walk, states []int32) {
	wrong, first, last := seen.wrong(states)
	fmt.Fprintf(w, "%d answers, %d wrong, the first at position %d, the last at position %d\n\n", len(states), wrong, first+1, last+1)
	fmt.Fprint(w, "| head | states told by the direction | exponent at the end | bits a token | beyond float32 at | beyond float64 at |\n|---|---|---|---|---|---|\n")
	for head, e := range seen.exponent {
		end := e[len(e)-1]
		fmt.Fprintf(w, "| %d | %.3f %% | %d | %.3f | %d | %d |\n", head+1, 100*seen.told(head, states), end, float64(end)/float64(len(e)),
			seen.leaves(head, float32Bits)+1, seen.leaves(head, float64Bits)+1)
	}
	fmt.Fprintln(w)
}
