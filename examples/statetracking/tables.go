package main

import (
	"cmp"
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
		return cmp.Or(cmp.Compare(real(y), real(x)), cmp.Compare(imag(y), imag(x)))
	})
	return values
}

// scale is the largest magnitude of eigenvalues.
func scale(values []complex128) float64 {
	most := 0.0
	for _, z := range values {
		most = max(most, cmplx.Abs(z))
	}
	return most
}

// number formats an eigenvalue, complex ones as magnitude and angle.
func number(z complex128) string {
	if imag(z) == 0 {
		return fmt.Sprintf("%.3f", real(z))
	}
	return fmt.Sprintf("%.3f at %.1f°", cmplx.Abs(z), cmplx.Phase(z)*180/math.Pi)
}

// printEigenvalues writes a table of the eigenvalues of each token and head, divided by the largest magnitude among them.
func printEigenvalues(w io.Writer, all [][]*mat.Dense) {
	fmt.Fprint(w, "| head | token | largest magnitude | eigenvalues / largest magnitude |\n|---|---|---|---|\n")
	for head := range all[0] {
		for token := range all {
			values := eigenvalues(all[token][head])
			most := scale(values)
			var texts []string
			for _, z := range values {
				texts = append(texts, number(z/complex(most, 0)))
			}
			fmt.Fprintf(w, "| %d | %d | %.3f | %s |\n", head+1, token, most, strings.Join(texts, ", "))
		}
	}
	fmt.Fprintln(w)
}

// Exponents above which numbers overflow.
const (
	float32Bits = 128
	float64Bits = 1024
)

// printWalk writes what the stream showed.
func printWalk(w io.Writer, seen *walk, states []int32) {
	wrong, first, last := seen.wrong(states)
	fmt.Fprintf(w, "%d answers, %d wrong; first wrong position: %s, last: %s\n\n", len(states), wrong, position(first), position(last))
	fmt.Fprint(w, "| head | states told by the direction | exponent at the end | beyond float32 at | beyond float64 at |\n|---|---|---|---|---|\n")
	for head, e := range seen.exponent {
		fmt.Fprintf(w, "| %d | %.1f %% | %d | %s | %s |\n", head+1, 100*seen.told(head, states), e[len(e)-1],
			position(seen.leaves(head, float32Bits)), position(seen.leaves(head, float64Bits)))
	}
	fmt.Fprintln(w)
}

// signsOfS3 are 1 for the odd permutations of three things, in lexicographic order.
var signsOfS3 = []int32{0, 1, 1, 0, 0, 1}

// printSigns writes how much of the signs of permutations the heads tell.
func printSigns(w io.Writer, seen *walk, states []int32) {
	signs := make([]int32, len(states))
	for t, s := range states {
		signs[t] = signsOfS3[s]
	}
	fmt.Fprint(w, "signs of permutations told by the heads:")
	for head := range seen.direction {
		fmt.Fprintf(w, " %.1f %%", 100*seen.told(head, signs))
	}
	fmt.Fprint(w, "\n\n")
}

// position counts from 1; -1 is never.
func position(at int) string {
	if at < 0 {
		return "never"
	}
	return fmt.Sprint(at + 1)
}
