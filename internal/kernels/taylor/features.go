package taylor

import (
	"fmt"
	"math"

	"goomtrain/internal/simd"
)

// Features is the feature map of Taylor attention (arXiv 2602.00294): for P terms and vectors of
// K numbers,
//
//	Phi(x) . Phi(y) = sum over p < P of (x . y / sqrt(K))^p / p!
//
// Degree p has m_p = C(K+p-1, p) features, one for each monomial x_i1 ... x_ip with i1 <= ... <= ip, in
// lexicographic order, times the square root of K^(-p/2)/prod(counts!): of its number of orderings,
// p!/prod(counts!), and of the weight 1/(p! K^(p/2)) of the degree.
//
// A monomial of degree p is x_i times one of degree p-1 that begins with i or a later index. In
// lexicographic order the monomials that begin with i are x_i times the tail of the degree before, so no
// indices are stored. Where a monomial begins with c times i, the factor is x_i / sqrt(c sqrt(K)), which
// makes the weight too: a feature costs one multiplication. The features of n vectors are rows of n
// numbers.
type Features[F simd.Float] struct {
	width, terms int
	start        []int   // [P+1] first feature of each degree; start[P] is m, the number of features
	tail         [][]int // [P][K+1] how many monomials of a degree begin with i or a later index
	scale        []F     // [P] K^(-1/4)/sqrt(c) of c = 1.. (scale[0] is unused)
	runs         [][]featureRun
	groups       []featureGroup
	one          oneVector[F]
	rows         int // of the memory that holds one group at a time
}

// groupFeatures is the number of features from which the highest degree is cut into groups.
const groupFeatures = 640

// MaxFeatures is the largest number of features that a state may have.
const MaxFeatures = 1 << 20

// CountFeatures returns m, the number of features of P = terms terms of K = width numbers, or
// MaxFeatures+1 if there are more than MaxFeatures.
func CountFeatures(width, terms int) int {
	// sum of C(K+p-1, p) over p < P is C(K+P-1, P-1)
	m := 1
	for p := 1; p < terms; p++ {
		m = m * (width + p) / p
		if m > MaxFeatures {
			return MaxFeatures + 1
		}
	}
	return m
}

// NewFeatures returns the map of P = terms terms for vectors of K = width numbers.
func NewFeatures[F simd.Float](width, terms int) *Features[F] {
	if width < 1 || terms < 1 || CountFeatures(width, terms) > MaxFeatures {
		panic(fmt.Sprintf("taylor: %d terms of vectors of %d numbers: want at least one of each and at most %d features", terms, width, MaxFeatures))
	}
	f := &Features[F]{width: width, terms: terms, start: make([]int, terms+1), scale: make([]F, max(2, terms))}
	for c := 1; c < len(f.scale); c++ {
		f.scale[c] = F(math.Pow(float64(width), -0.25) / math.Sqrt(float64(c)))
	}
	for p := range terms {
		tail := make([]int, width+1)
		for i := width - 1; i >= 0; i-- {
			if tail[i] = tail[i+1]; p > 0 {
				tail[i] += f.tail[p-1][i]
			}
		}
		if p == 0 { // the empty monomial: it may follow any index
			for i := range tail {
				tail[i] = 1
			}
		}
		f.tail = append(f.tail, tail)
		f.start[p+1] = f.start[p] + tail[0]
		var runs []featureRun
		if p > 0 {
			runs = f.makeRuns(p)
		}
		f.runs = append(f.runs, runs)
	}
	f.plan()
	f.planOne()
	return f
}

// Len returns m, the number of features.
func (f *Features[F]) Len() int { return f.start[f.terms] }

// Degree returns m_p, the number of features of one degree.
func (f *Features[F]) Degree(p int) int { return f.tail[p][0] }

// Forward writes the features [m, n] of n vectors x [n, K]. Kernel does not call it: it uses the features
// group by group.
func (f *Features[F]) Forward(dst, x []F) {
	n := len(x) / f.width
	m := f.memory(n)
	f.load(m, n, x, f.width)
	for _, g := range f.groups {
		f.group(m, n, g)
		copy(dst[g.lo*n:g.hi*n], m.phi[g.row*n:])
	}
}

// Backward writes the gradient dx [n, K] of sum(dphi * Forward(x)), dphi [m, n].
func (f *Features[F]) Backward(dx, x, dphi []F) {
	n := len(x) / f.width
	m := f.memory(n)
	f.load(m, n, x, f.width)
	f.group(m, n, f.groups[0])
	clear(dx)
	clear(m.dscaled)
	f.backward(m, n, func(g featureGroup) { copy(m.dphi[g.row*n:], dphi[g.lo*n:g.hi*n]) })
	f.unload(m, n, dx, f.width)
}
