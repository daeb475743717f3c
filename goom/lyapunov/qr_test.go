package lyapunov

import (
	"math"
	"testing"

	"goomtrain/rng"
)

// Q is orthogonal, R triangular with a diagonal that is not negative, and Q R = A, also for singular, huge and
// tiny matrices.
func TestQR(t *testing.T) {
	r := rng.New(1, "qr")
	for _, d := range []int{0, 1, 2, 3, 8, 21} {
		const n = 7
		a := make([]float64, n*d*d)
		for i := range a {
			a[i] = r.NormFloat64()
		}
		for i := range d * d {
			if d > 0 && i%d == d-1 {
				a[i] = 2 * a[i-min(1, d-1)] // the first: its last column is a multiple of another
			}
			if n > 3 {
				a[d*d+i] *= 1e200
				a[2*d*d+i] *= 1e-200
				a[3*d*d+i] = 0
			}
		}
		q, rr := make([]float64, len(a)), make([]float64, len(a))
		QR(q, rr, a, n, d)
		for m := range n {
			q, rr, a := q[m*d*d:][:d*d], rr[m*d*d:][:d*d], a[m*d*d:][:d*d]
			scale := math.Max(largestOf(a), 1e-300)
			for i := range d {
				for j := range d {
					qq, qr := 0.0, 0.0
					for k := range d {
						qq += q[k*d+i] * q[k*d+j]
						qr += q[i*d+k] * (rr[k*d+j] / scale)
					}
					want := 0.0
					if i == j {
						want = 1
					}
					if math.Abs(qq-want) > 1e-14*float64(1+d) {
						t.Fatalf("d = %d, matrix %d: (Q^T Q)[%d,%d] = %v", d, m, i, j, qq)
					}
					if math.Abs(qr-a[i*d+j]/scale) > 1e-14*float64(1+d) {
						t.Fatalf("d = %d, matrix %d: (Q R)[%d,%d] is off by %v", d, m, i, j, qr-a[i*d+j]/scale)
					}
					if (i > j && rr[i*d+j] != 0) || (i == j && rr[i*d+j] < 0) {
						t.Fatalf("d = %d, matrix %d: R[%d,%d] = %v", d, m, i, j, rr[i*d+j])
					}
				}
			}
		}
	}
}
