package taylor

import (
	"math"

	"goomtrain/internal/simd"
)

// oneVector is the plan for the features of a single vector, where there are no rows of many vectors to
// multiply. The monomials are runs, x_i times a tail of the degree before, and a further factor gives them
// their weights. Weights by scaled factors, as in Features, would cut the runs into shorter ones, by how
// often a monomial begins with its first index.
//
// Each degree has its own place in the working memory, with a gap behind it. Runs are computed in whole
// vectors of the processor; without the gap a run could read, beyond its degree, what another run has just
// written, and would have to wait for it.
type oneVector[F simd.Float] struct {
	place           []int // of each degree
	size            int
	multiply, weigh *simd.Runs
	weight          []F // [m+7] 1/sqrt(prod(counts!))
}

// oneMemory is the memory for the features of one vector.
type oneMemory[F simd.Float] struct {
	phi    []F // [m+7]: the last run may write beyond its end
	work   []F
	scaled []F // [K] the vector times K^(-1/4), within work
}

// vectorSlack is how many numbers the runs of simd may write beyond their ends.
const vectorSlack = 7

// planOne makes the lists of runs.
func (f *Features[F]) planOne() {
	o := &f.one
	for p := range max(2, f.terms) { // the vector has a place even if there is no degree 1
		o.place = append(o.place, o.size)
		m := f.width
		if p < f.terms {
			m = f.Degree(p)
		}
		o.size += (m + 2*vectorSlack) / 8 * 8
	}
	o.size += vectorSlack
	o.weight = make([]F, f.Len()+vectorSlack)
	o.weight[0] = 1
	var multiply, weigh []simd.Run
	for p := range f.terms {
		for _, r := range f.runs[p] {
			c := r.x/f.width + 1
			for j := range r.n {
				o.weight[r.to+j] = o.weight[r.from+j] / F(math.Sqrt(float64(c)))
			}
		}
		if top := f.terms - 1; p == top && p > 1 { // no others are made of these, so they get their weights at once
			weigh = append(weigh, f.vectorRuns(p, f.start[p])...)
			continue
		}
		multiply = append(multiply, f.vectorRuns(p, o.place[p])...)
		weigh = append(weigh, simd.Run{To: f.start[p], From: o.place[p], N: f.Degree(p)}) // times the 1 of degree 0
	}
	o.multiply, o.weigh = simd.NewRuns(multiply), simd.NewRuns(weigh)
}

// vectorRuns returns the runs that write the monomials of degree p from place to on: none for degrees 0 and
// 1, which are the number 1 and the vector.
func (f *Features[F]) vectorRuns(p, to int) (runs []simd.Run) {
	for i := 0; p > 1 && i < f.width; i++ {
		n := f.tail[p-1][i]
		runs = append(runs, simd.Run{To: to, From: f.one.place[p-1] + f.Degree(p-1) - n, N: n, X: f.one.place[1] + i})
		to += n
	}
	return runs
}

// oneMemory makes the memory for one vector.
func (f *Features[F]) oneMemory() *oneMemory[F] {
	m := &oneMemory[F]{phi: make([]F, f.Len()+vectorSlack), work: make([]F, f.one.size)}
	m.work[0] = 1 // the monomial of degree 0
	m.scaled = m.work[f.one.place[1]:][:f.width]
	return m
}

// scaleOne is the first step of single. It has too few numbers for a call of simd.
func (f *Features[F]) scaleOne(m *oneMemory[F], x []F) {
	scale, dst := f.scale[1], m.scaled
	for i, v := range x[:len(dst)] {
		dst[i] = v * scale
	}
}

// single writes to phi the features [m] of one vector x [K].
func (f *Features[F]) single(m *oneMemory[F], x []F) {
	f.scaleOne(m, x)
	simd.MultiplyRuns(m.work, f.one.multiply)
	simd.WeighRuns(m.phi, m.work, f.one.weight, f.one.weigh)
}
