package lyapunov

import (
	"fmt"
	"math"

	"goomtrain/internal/simd"
)

// QR factors n small matrices a [n, d, d] into orthogonal q and upper triangular r with diagonals that are not
// negative, by Householder reflections: q is orthogonal to rounding even where a is singular. q may be a; r
// may be nil. Long lists are shared out over the cores.
func QR(q, r, a []float64, n, d int) {
	if n < 0 || d < 0 || len(a) != n*d*d || len(q) != len(a) || (r != nil && len(r) != len(a)) {
		panic(fmt.Sprintf("lyapunov: QR of %d matrices of %d by %d: a has %d numbers, q %d, r %d", n, d, d, len(a), len(q), len(r)))
	}
	simd.ForRange(n, max(1, 2000/(1+d*d)), func(lo, hi int) {
		work := newReflections(d)
		for i := lo; i < hi; i++ {
			var out []float64
			if r != nil {
				out = r[i*d*d:][:d*d]
			}
			work.factor(q[i*d*d:][:d*d], out, a[i*d*d:][:d*d])
		}
	})
}

// reflections is the memory of one factorization.
type reflections struct {
	d    int
	r    []float64 // [d, d], becomes triangular
	v    []float64 // [d, d], the vector of the k-th reflection in row k
	sign []float64
}

func newReflections(d int) *reflections {
	return &reflections{d: d, r: make([]float64, d*d), v: make([]float64, d*d), sign: make([]float64, d)}
}

// factor writes q and, unless nil, r. Columns are scaled by their largest element before they are squared, so
// that no magnitude overflows.
func (w *reflections) factor(q, r, a []float64) {
	d := w.d
	copy(w.r, a)
	for k := range d {
		v := w.v[k*d:][:d]
		w.sign[k] = w.reflect(v, k)
	}
	if r != nil {
		for i := range d {
			for j := range d {
				r[i*d+j] = 0
				if j >= i {
					r[i*d+j] = w.sign[i] * w.r[i*d+j]
				}
			}
		}
	}
	clear(q)
	for i := range d {
		q[i*d+i] = w.sign[i] // the signs that make the diagonal of r positive
	}
	for k := d - 1; k >= 0; k-- { // q = H_0 H_1 ... diag(sign)
		v := w.v[k*d:][:d]
		for j := range d {
			s := 0.0
			for i := k; i < d; i++ {
				s += v[i] * q[i*d+j]
			}
			for i := k; i < d; i++ {
				q[i*d+j] -= 2 * s * v[i]
			}
		}
	}
}

// reflect makes column k of r zero below the diagonal, leaves the unit vector of the reflection in v (zeros if
// none is needed), and returns the sign of the diagonal element.
func (w *reflections) reflect(v []float64, k int) (sign float64) {
	d, r := w.d, w.r
	clear(v)
	top := 0.0
	for i := k; i < d; i++ {
		top = math.Max(top, math.Abs(r[i*d+k]))
	}
	if top == 0 || math.IsInf(top, 0) || math.IsNaN(top) {
		return 1
	}
	norm := 0.0
	for i := k; i < d; i++ {
		v[i] = r[i*d+k] / top
		norm += v[i] * v[i]
	}
	norm = math.Copysign(math.Sqrt(norm), v[k])
	v[k] += norm // away from cancellation
	length := 0.0
	for i := k; i < d; i++ {
		length += v[i] * v[i]
	}
	length = math.Sqrt(length)
	for i := k; i < d; i++ {
		v[i] /= length
	}
	for j := k; j < d; j++ {
		s := 0.0
		for i := k; i < d; i++ {
			s += v[i] * r[i*d+j]
		}
		for i := k; i < d; i++ {
			r[i*d+j] -= 2 * s * v[i]
		}
	}
	r[k*d+k] = -norm * top
	for i := k + 1; i < d; i++ {
		r[i*d+k] = 0
	}
	return -math.Copysign(1, norm)
}
