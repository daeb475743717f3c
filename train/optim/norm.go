package optim

import (
	"math"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/params"
)

// A Norm measures the gradients of a fixed set of parameters.
type Norm[F params.Float] struct {
	ps     []*params.Param[F]
	grads  [][]F // of the parameters, for scaledNorm
	pieces []piece
	sums   []float64 // one a piece, added in order: the same bits for any number of threads and processes
	body   func(i int)
	own    [2]int       // pieces that this process measures
	fetch  func() error // gets all gradients where this process has only its own; nil: it has all
	device *deviceNorm  // nil: gradients are in the memory of the host
}

// NewNorm returns a Norm of the gradients of the parameters.
func NewNorm[F params.Float](ps []*params.Param[F]) *Norm[F] {
	n := &Norm[F]{ps: ps, grads: make([][]F, len(ps))}
	for i, p := range ps {
		n.pieces = appendPieces(n.pieces, i, len(p.Grad))
	}
	n.sums = make([]float64, len(n.pieces))
	n.own[1] = len(n.pieces)
	n.body = func(i int) {
		i += n.own[0]
		at := n.pieces[i]
		n.sums[i] = sumSquares(n.ps[at.index].Grad[at.lo:at.hi])
	}
	return n
}

// Global returns the Euclidean norm of all gradients together. It is finite unless a gradient is not, or the
// norm exceeds the range of float64.
func (n *Norm[F]) Global() float64 {
	n.Measure()
	norm, _ := n.Total() // nothing is fetched
	return norm
}

// Divide makes this the Norm of one of several processes, each of which has the sum of the gradients of the parts that it
// updates: those of Divide, number rank of them. fetch is called by all processes at once, and gets the others; it is needed
// where squares leave the range of float64. Measure and Total replace Global.
func (n *Norm[F]) Divide(parts [][]Part[F], rank int, fetch func() error) {
	n.fetch = fetch
	counts := n.Counts(parts)
	n.own = [2]int{}
	for r := 0; r <= rank; r++ {
		n.own[0], n.own[1] = n.own[1], n.own[1]+counts[r]
	}
}

// Counts returns how many of the Sums each process measures. They are in the order of the processes.
func (n *Norm[F]) Counts(parts [][]Part[F]) []int {
	counts := make([]int, len(parts))
	for r, own := range parts {
		for _, part := range own {
			counts[r] += len(appendPieces(nil, 0, part.Hi-part.Lo))
		}
	}
	return counts
}

// Measure computes the Sums of this process.
func (n *Norm[F]) Measure() { simd.For(n.own[1]-n.own[0], n.body) }

// Sums returns the sums of squares of all pieces of the gradients. Those of other processes are to be set before Total.
func (n *Norm[F]) Sums() []float64 { return n.sums }

// Own returns the Sums of this process.
func (n *Norm[F]) Own() []float64 { return n.sums[n.own[0]:n.own[1]] }

// Total returns the norm that the Sums give. The error is that of fetching the gradients of other processes.
func (n *Norm[F]) Total() (float64, error) {
	sum := 0.0
	for _, s := range n.sums {
		sum += s
	}
	if inRange(sum) {
		return math.Sqrt(sum), nil
	}
	if n.fetch != nil {
		if err := n.fetch(); err != nil {
			return 0, err
		}
	}
	for i, p := range n.ps {
		n.grads[i] = p.Grad
	}
	return scaledNorm(n.grads...), nil
}

// Each returns the norms of the parameters together in each of some groups, of the gradients that Global has measured last:
// group i is of the parameters of which of says i. It is called before the gradients change. The error is that of fetching the
// gradients of other processes.
func (n *Norm[F]) Each(groups int, of func(p *params.Param[F]) int) ([]float64, error) {
	n.fetchSums()
	squares := make([]float64, groups)
	for i, s := range n.sums {
		squares[of(n.ps[n.pieces[i].index])] += s
	}
	fetched := n.fetch == nil
	for g, sum := range squares {
		if squares[g] = math.Sqrt(sum); !inRange(sum) {
			if !fetched {
				if err := n.fetch(); err != nil {
					return nil, err
				}
				fetched = true
			}
			var parts [][]F
			for _, p := range n.ps {
				if of(p) == g {
					parts = append(parts, p.Grad)
				}
			}
			squares[g] = scaledNorm(parts...)
		}
	}
	return squares, nil
}

// norm is the Euclidean norm of x.
func norm[F params.Float](x []F) float64 {
	if sum := sumSquares(x); inRange(sum) {
		return math.Sqrt(sum)
	}
	return scaledNorm(x)
}

// leastPrecise is the smallest sum of float32 squares without loss of precision: what its terms lose below the
// normal numbers, at most 2^-150 each, is negligible.
const leastPrecise = 1e-30

// sumSquares adds up in the element type and, where squares leave the range of float32, again in float64.
func sumSquares[F params.Float](x []F) float64 {
	if s := float64(simd.SumSquares(x)); s >= leastPrecise && s <= math.MaxFloat64 {
		return s
	}
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

// inRange reports whether a sum of squares in float64 has neither overflowed nor lost digits to underflow.
func inRange(sum float64) bool { return sum >= 1e-280 && sum <= math.MaxFloat64 }

// scaledNorm is the norm of all parts together. It divides all numbers by the largest first, so that their
// squares may exceed the range of float64.
func scaledNorm[F params.Float](parts ...[]F) float64 {
	largest := 0.0
	for _, x := range parts {
		for _, v := range x {
			largest = max(largest, math.Abs(float64(v)))
		}
	}
	if largest == 0 || !(largest <= math.MaxFloat64) {
		return largest // 0, infinite or NaN, as a number of the parts is
	}
	sum := 0.0
	for _, x := range parts {
		for _, v := range x {
			part := float64(v) / largest
			sum += part * part
		}
	}
	return largest * math.Sqrt(sum)
}

// smallestNormal is the smallest normal number of F.
func smallestNormal[F params.Float]() float64 {
	if floats.Single[F]() {
		return 0x1p-126
	}
	return 0x1p-1022
}

// FirstNonFinite returns the name of the first parameter whose gradient has a number that is not finite, or "".
func (n *Norm[F]) FirstNonFinite() string {
	for _, p := range n.ps {
		for _, g := range p.Grad {
			if x := float64(g); math.IsNaN(x) || math.IsInf(x, 0) {
				return p.Name
			}
		}
	}
	return ""
}

// ClipScale returns the factor that reduces a norm to limit: 1 if the norm is not larger or limit is 0.
func ClipScale(norm, limit float64) float64 {
	if limit <= 0 || norm <= limit {
		return 1
	}
	return limit / norm
}
