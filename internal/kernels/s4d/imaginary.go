package s4d

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Imaginary returns initial values of aImag for the N/2 = modes of a channel, in ascending order but for inv (arXiv
// 2206.11893, section 4):
//
//	lin    pi n for n = 0, 1, ..
//	inv    N/pi (N/(2n+1) - 1)
//	legs   the eigenvalues of the HiPPO-LegS matrix plus a matrix of rank 1 that makes it normal
//
// An unknown kind is an error, and so are fewer than 1 modes.
func Imaginary(kind string, modes int) ([]float64, error) {
	if modes < 1 {
		return nil, fmt.Errorf("s4d: %d modes, want at least 1", modes)
	}
	w, size := make([]float64, modes), float64(2*modes)
	switch kind {
	case "lin":
		for n := range w {
			w[n] = math.Pi * float64(n)
		}
	case "inv":
		for n := range w {
			w[n] = size / math.Pi * (size/float64(2*n+1) - 1)
		}
	case "legs":
		return legs(modes)
	default:
		return nil, fmt.Errorf("s4d: no initial values %q, want lin, inv or legs", kind)
	}
	return w, nil
}

// legs returns the positive imaginary parts of the eigenvalues of the normal part of HiPPO-LegS, ascending. That matrix is
// -1/2 plus a skew-symmetric one, whose singular values are the magnitudes of its eigenvalues, in pairs.
func legs(modes int) ([]float64, error) {
	n := 2 * modes
	skew := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range i {
			v := math.Sqrt(float64((2*i+1)*(2*j+1))) / 2
			skew.Set(i, j, -v)
			skew.Set(j, i, v)
		}
	}
	var svd mat.SVD
	if !svd.Factorize(skew, mat.SVDNone) {
		return nil, fmt.Errorf("s4d: the eigenvalues of the HiPPO-LegS matrix of %d rows were not found", n)
	}
	values, w := svd.Values(nil), make([]float64, modes)
	for i := range w {
		w[i] = values[n-1-2*i]
	}
	return w, nil
}
