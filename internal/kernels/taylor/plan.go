package taylor

// A featureGroup is a range of features that are computed together. The features of the highest degree need
// not all be in memory at once, because no others are made of them.
type featureGroup struct {
	lo, hi int // features
	row    int // of feature lo in memory
	first  int // leading indices first..last-1 of the highest degree; the first of several groups has none
	last   int
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

// A featureRun makes features [to, to+n) of features [from, from+n): these times one scaled number of the
// vector, row x of scaled.
type featureRun struct{ to, from, n, x int }

// makeRuns returns the runs of degree p > 0: p of them for each leading index i, which is repeated c = p, ...,
// 1 times.
func (f *Features[F]) makeRuns(p int) []featureRun {
	var runs []featureRun
	for i := range f.width {
		to, from := f.start[p+1]-f.tail[p][i], f.start[p]-f.tail[p-1][i]
		done := 0
		for c := p; c >= 1; c-- { // most repetitions first: there is one monomial with p of them
			// the monomials that begin with at least c times i are i^c times the tail of degree p-c
			upTo := f.tail[p-c][i]
			runs = append(runs, featureRun{to + done, from + done, upTo - done, (c-1)*f.width + i})
			done = upTo
		}
	}
	return runs
}

// of returns the runs of degree p whose leading indices are first..last-1.
func (f *Features[F]) of(p, first, last int) []featureRun { return f.runs[p][first*p : last*p] }
