package trees

import (
	"fmt"

	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Scores are N rows of scores of all classes, sorted by level. They say what the dense tensor [N, L, C] of arXiv
// 2209.10288 says, in which all scores but those of the level's own classes are masked, in 1/L of its memory. A call
// allocates nothing. Scores are not safe for concurrent use.
type Scores[F params.Float] struct {
	tree *Tree
	rows int
	data []F // [N, C], by place

	in, out            []F // of the running call
	sort, softmax, add func(lo, hi int)
}

// NewScores returns memory for the scores of that many rows. Map fills it.
func NewScores[F params.Float](t *Tree, rows int) *Scores[F] {
	s := &Scores[F]{tree: t, rows: rows, data: make([]F, rows*t.Classes())}
	n := t.Classes()
	s.sort = func(lo, hi int) {
		for r := lo; r < hi; r++ {
			sortRow(s.data[r*n:(r+1)*n], s.in[r*n:(r+1)*n], t)
		}
	}
	s.softmax = func(lo, hi int) {
		for r := lo; r < hi; r++ {
			for l := range t.Levels() {
				logSoftmax(s.Level(r, l))
			}
		}
	}
	s.add = func(lo, hi int) {
		for r := lo; r < hi; r++ {
			addPaths(s.out[r*n:(r+1)*n], s.data[r*n:(r+1)*n], t)
		}
	}
	return s
}

// grain is the number of rows of that many scores that a goroutine takes at a time.
func grain(classes int) int { return max(1, simd.Grain/classes) }

// run calls a stored body on all rows.
func (s *Scores[F]) run(body func(lo, hi int)) { simd.ForRange(s.rows, grain(s.tree.Classes()), body) }

// Map copies scores [N, C], sorted by level.
func (s *Scores[F]) Map(scores []F) {
	s.checkSize("Map", scores)
	s.in = scores
	s.run(s.sort)
	s.in = nil
}

// Level returns the scores of a row for the classes that stand at a level, in the order of Tree.At. The slice belongs to
// the Scores.
func (s *Scores[F]) Level(row, level int) []F {
	from := row * s.tree.Classes()
	return s.data[from+s.tree.start[level] : from+s.tree.start[level+1] : from+s.tree.start[level+1]]
}

// Best returns the class with the largest score of those that stand at a level, the first if there are several, and that
// of a NaN if there is one.
func (s *Scores[F]) Best(row, level int) int32 {
	return s.tree.class[s.tree.start[level]+simd.ArgMax(s.Level(row, level))]
}

// LogSoftmax replaces the scores by logarithms of probabilities, which sum to 1 at each level: ln softmax over the scores
// of the level.
func (s *Scores[F]) LogSoftmax() { s.run(s.softmax) }

// AddPaths writes to dst [N, C] the sum of the scores along the path to each class, in O(classes) a row. After LogSoftmax
// these are the logarithms of the joint probabilities of the paths, if levels are taken as independent. Unlike the best
// class of each level they belong to paths that exist.
func (s *Scores[F]) AddPaths(dst []F) {
	s.checkSize("AddPaths", dst)
	s.out = dst
	s.run(s.add)
	s.out = nil
}

func (s *Scores[F]) checkSize(method string, x []F) {
	if len(x) != len(s.data) {
		panic(fmt.Sprintf("trees: Scores.%s: %d scores, want %d rows of %d classes", method, len(x), s.rows, s.tree.Classes()))
	}
}

// logSoftmax subtracts the logarithm of the sum of the exponentials of x from x.
func logSoftmax[F params.Float](x []F) {
	best := simd.ArgMax(x)
	top := x[best]
	log, _ := simd.CrossEntropy(x, best) // of the sum of exp(x - top)
	for i, v := range x {
		x[i] = (v - top) - log
	}
}

// addPaths writes the sums along the paths of one row x [C], by place, to dst [C], by class. Parents come before their
// children.
func addPaths[F params.Float](dst, x []F, t *Tree) {
	for i, c := range t.class {
		if p := t.above[i]; p >= 0 {
			dst[c] = x[i] + dst[t.class[p]]
		} else {
			dst[c] = x[i]
		}
	}
}

// sortRow writes one row of scores x [C], by class, to dst [C] by place. It reads x in its order and writes one sequence
// for each level, so that both are found in the cache. Four at a time take three quarters of the time of a plain loop, as
// does the same loop in assembly: where there are many classes, it waits for memory.
func sortRow[F params.Float](dst, x []F, t *Tree) {
	if t.sorted {
		copy(dst, x)
		return
	}
	place := t.place
	for len(place) >= 4 && len(x) >= 4 {
		p, v := (*[4]int32)(place), (*[4]F)(x)
		dst[p[0]], dst[p[1]], dst[p[2]], dst[p[3]] = v[0], v[1], v[2], v[3]
		place, x = place[4:], x[4:]
	}
	for i, p := range place {
		dst[p] = x[i]
	}
}

// unsortRow is the inverse of sortRow, for a tree that is not sorted.
func unsortRow[F params.Float](dst, x []F, t *Tree) {
	place := t.place
	for len(place) >= 4 && len(dst) >= 4 {
		p, v := (*[4]int32)(place), (*[4]F)(dst)
		v[0], v[1], v[2], v[3] = x[p[0]], x[p[1]], x[p[2]], x[p[3]]
		place, dst = place[4:], dst[4:]
	}
	for i, p := range place {
		dst[i] = x[p]
	}
}
