package taylor

import (
	"fmt"
	"math"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// Features is the feature map of Taylor attention (arXiv 2602.00294): for P terms and vectors of
// K numbers,
//
//	Phi(x) . Phi(y) = sum over p < P of (x . y / sqrt(K))^p / p!
//
// Degree p has m_p = C(K+p-1, p) features, one for each monomial x_i1 ... x_ip with i1 <= ... <= ip, in
// lexicographic order, multiplied by the square root of its number of orderings p!/prod(counts!) and
// of 1/(p! K^(p/2)), that is of K^(-p/2)/prod(counts!).
//
// A monomial of degree p is x_i times one of degree p-1 that begins with i or later. In lexicographic
// order those that begin with i are x_i times the tail of the degree before it, so no index is kept;
// and where the monomial begins with c times i, the factor is x_i / sqrt(c sqrt(K)), which makes the
// weight. Thus a feature costs one multiplication. The features of n vectors are rows of n numbers.
type Features[F simd.Float] struct {
	width, terms int
	start        []int   // [P+1] first feature of each degree; start[P] is m, their number
	tail         [][]int // [P][K+1] monomials of a degree that begin with i or later
	scale        []F     // [P] K^(-1/4)/sqrt(c) of c = 1.. (scale[0] is unused)
	runs         [][]featureRun
	groups       []featureGroup
	one          oneVector[F]
	rows         int // of the memory that holds a group at a time
}

// A featureGroup is a run of features that are computed together. Those of the highest degree need not
// all be in memory at once: nothing is made of them.
type featureGroup struct {
	lo, hi int // features
	row    int // of feature lo in memory
	first  int // leading indices first..last-1 of the highest degree; none in the first of several groups
	last   int
}

// groupFeatures is the number of features from which the highest degree is cut into groups.
const groupFeatures = 640

// MaxFeatures is the largest number of features that a state may have.
const MaxFeatures = 1 << 20

// CountFeatures is m, the number of features of P terms of K numbers, or MaxFeatures+1 if
// it is larger than that.
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
		panic(fmt.Sprintf("taylor: %d Taylor terms of vectors of %d numbers: want at least one of each and at most %d features", terms, width, MaxFeatures))
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

// plan cuts the features into groups.
func (f *Features[F]) plan() {
	top := f.terms - 1
	stem := f.start[top]
	if m := f.Len(); m <= groupFeatures || top == 0 {
		f.groups, f.rows = []featureGroup{{0, m, 0, 0, f.width}}, m
		return
	}
	f.groups, f.rows = []featureGroup{{0, stem, 0, 0, 0}}, stem
	for i := 0; i < f.width; {
		g := featureGroup{lo: f.Len() - f.tail[top][i], row: stem, first: i}
		for i < f.width && (i == g.first || f.Len()-f.tail[top][i+1]-g.lo <= groupFeatures) {
			i++
		}
		g.last, g.hi = i, f.Len()-f.tail[top][i]
		f.groups = append(f.groups, g)
		f.rows = max(f.rows, stem+g.hi-g.lo)
	}
}

// Len is m, the number of features.
func (f *Features[F]) Len() int { return f.start[f.terms] }

// Degree is m_p, the number of features of one degree.
func (f *Features[F]) Degree(p int) int { return f.tail[p][0] }

// A featureRun is features [to, to+n) that are those [from, from+n) times the same scaled number of the
// vector, row x of scaled.
type featureRun struct{ to, from, n, x int }

// makeRuns lists the runs of degree p > 0: p of them for each leading index i, c times i first.
func (f *Features[F]) makeRuns(p int) []featureRun {
	var runs []featureRun
	for i := range f.width {
		to, from := f.start[p+1]-f.tail[p][i], f.start[p]-f.tail[p-1][i]
		done := 0
		for c := p; c >= 1; c-- { // most repetitions first: p of them is one monomial
			// of those that begin with i, as many begin with it c times as the tail of degree p-c counts
			upTo := f.tail[p-c][i]
			runs = append(runs, featureRun{to + done, from + done, upTo - done, (c-1)*f.width + i})
			done = upTo
		}
	}
	return runs
}

// of is the runs of degree p whose leading indices are first..last-1.
func (f *Features[F]) of(p, first, last int) []featureRun { return f.runs[p][first*p : last*p] }

// featureMemory is what the features of up to stride vectors need, and their gradient.
type featureMemory[F simd.Float] struct {
	stride        int
	scaled, phi   []F // [max(1,P-1), K, stride], [rows, stride]
	dscaled, dphi []F // of the same shapes
	product       []F // [stride]
}

func (f *Features[F]) memory(stride int) *featureMemory[F] {
	blocks := (len(f.scale) - 1) * f.width * stride
	return &featureMemory[F]{stride: stride, scaled: workspace.Make[F](blocks), phi: workspace.Make[F](f.rows * stride),
		dscaled: workspace.Make[F](blocks), dphi: workspace.Make[F](f.rows * stride), product: workspace.Make[F](stride)}
}

// load takes n vectors, rows of x that are stride numbers apart.
func (f *Features[F]) load(m *featureMemory[F], n int, x []F, stride int) {
	for i := range f.width {
		first := m.scaled[i*m.stride:][:n]
		for t := range first {
			first[t] = x[t*stride+i] * f.scale[1]
		}
	}
	f.spread(m, n)
}

// spread computes the further scaled copies of loaded vectors.
func (f *Features[F]) spread(m *featureMemory[F], n int) {
	for c := 2; c < len(f.scale); c++ {
		for i := range f.width {
			simd.Scale(m.scaled[((c-1)*f.width+i)*m.stride:][:n], f.scale[c]/f.scale[1], m.scaled[i*m.stride:][:n])
		}
	}
}

// group computes the features of one group; the first group comes first.
func (f *Features[F]) group(m *featureMemory[F], n int, g featureGroup) {
	top := f.terms - 1
	if g.lo == 0 {
		ones := m.phi[:n]
		for t := range ones {
			ones[t] = 1
		}
		for p := 1; p < top; p++ {
			f.multiply(m, n, p, 0, f.width, 0)
		}
	}
	if top > 0 {
		f.multiply(m, n, top, g.first, g.last, g.lo-g.row)
	}
}

// multiply computes the monomials of degree p that begin with indices first..last-1; feature j is in
// row j-shift.
func (f *Features[F]) multiply(m *featureMemory[F], n, p, first, last, shift int) {
	for _, r := range f.of(p, first, last) {
		simd.MulRows(m.phi[(r.to-shift)*m.stride:], m.phi[r.from*m.stride:], m.scaled[r.x*m.stride:][:n], r.n, m.stride)
	}
}

// walk adds to dscaled, and to dphi of lower degrees, what the gradients dphi of degree p give, for
// monomials that begin with indices first..last-1, by the product rule.
func (f *Features[F]) walk(m *featureMemory[F], n, p, first, last, shift int) {
	for _, r := range f.of(p, first, last) {
		d, dx := m.dphi[(r.to-shift)*m.stride:], m.dscaled[r.x*m.stride:][:n]
		if p == 1 { // the number itself
			simd.Add(dx, dx, d[:n])
			continue
		}
		simd.MulRowsBackward(dx, m.dphi[r.from*m.stride:], d, m.phi[r.from*m.stride:], m.scaled[r.x*m.stride:][:n], r.n, m.stride)
	}
}

// backward adds to dscaled the gradient of sum(dphi * phi). fill writes dphi of a group. phi must hold
// the features below the highest degree.
func (f *Features[F]) backward(m *featureMemory[F], n int, fill func(g featureGroup)) {
	top := f.terms - 1
	for _, g := range f.groups {
		fill(g)
		if top > 0 {
			f.walk(m, n, top, g.first, g.last, g.lo-g.row)
		}
	}
	for p := top - 1; p > 0; p-- {
		f.walk(m, n, p, 0, f.width, 0)
	}
}

// unload adds to n vectors, rows of dx that are stride numbers apart, the gradients dscaled.
func (f *Features[F]) unload(m *featureMemory[F], n int, dx []F, stride int) {
	for i := range f.width {
		sum := m.product[:n]
		clear(sum)
		for c := 1; c < len(f.scale); c++ {
			simd.AddScaled(sum, f.scale[c], m.dscaled[((c-1)*f.width+i)*m.stride:][:n])
		}
		for t, v := range sum {
			dx[t*stride+i] += v
		}
	}
}

// Forward writes the features [m, n] of n vectors x [n, K]: what tests and users look at. The kernels
// use them group by group.
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

// NaiveFeatures is Phi of one vector by its definition: every multiset of indices.
func NaiveFeatures(x []float64, terms int) []float64 {
	var out []float64
	for p := range terms {
		var visit func(from int, monomial float64, counts []int, left int)
		visit = func(from int, monomial float64, counts []int, left int) {
			if left == 0 {
				weight := math.Pow(float64(len(x)), -float64(p)/2)
				for _, c := range counts {
					weight /= math.Gamma(float64(c) + 1)
				}
				out = append(out, monomial*math.Sqrt(weight))
				return
			}
			for i := from; i < len(x); i++ {
				more := append([]int(nil), counts...)
				more[i]++
				visit(i, monomial*x[i], more, left-1)
			}
		}
		visit(0, 1, make([]int, len(x)), p)
	}
	return out
}
