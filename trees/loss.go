package trees

import (
	"fmt"

	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
	"goomtrain/params"
)

// Loss is the softmax cross-entropy of scores at every level of the path to a label, without the dense tensor of levels
// and classes:
//
//	loss = 1/P sum over labels, and levels l of the label's path, of (ln sum_c exp(score_c) - score_path[l])
//	dscore_c = 1/P (softmax_l(score)_c - [c is in the path])    at a level l of the path, 0 at the others
//
// where c runs over the classes that stand at level l, and P counts the pairs of a label and a level. Labels of -1 count
// nothing. The loss of no labels is 0.
//
// Only the scores are read, twice: Backward computes the exponentials again, because to store them and read them back
// would take longer where there are many classes, and as much memory as the scores. A call allocates nothing. A Loss is
// not safe for concurrent use.
type Loss[F params.Float] struct {
	tree *Tree
	rows int

	nll    []F    // [N, L] at the levels of the paths, in nats
	hit    []bool // [N, L] likewise: the class of the path has the largest score
	labels []int32
	pairs  int // P of the last Forward

	scores, dscores   []F // of the running call
	weight            F
	pool              workspace.Pool[scratch[F]]
	forward, backward func(piece int)
}

// scratch has one row of scores by place.
type scratch[F params.Float] struct{ row []F }

// NewLoss returns the loss of that many rows of scores of the classes of a tree.
func NewLoss[F params.Float](t *Tree, rows int) *Loss[F] {
	k := &Loss[F]{tree: t, rows: rows, nll: make([]F, rows*t.Levels()), hit: make([]bool, rows*t.Levels()), labels: make([]int32, rows)}
	for r := range k.labels {
		k.labels[r] = -1
	}
	k.pool.Create = func() *scratch[F] { return &scratch[F]{workspace.Make[F](t.Classes())} }
	k.forward = func(piece int) { k.each(piece, k.forwardRow) }
	k.backward = func(piece int) { k.each(piece, k.backwardRow) }
	return k
}

// Forward returns the loss of scores [N, C] for labels [N]. It panics on a label that is no class and not -1, and if the
// sizes are others.
func (k *Loss[F]) Forward(scores []F, labels []int32) F {
	k.checkSizes("Forward", len(scores), len(labels))
	k.pairs = 0
	for i, label := range labels {
		if err := k.tree.checkLabel(i, label); err != nil {
			panic(err.Error())
		}
		if label >= 0 {
			k.pairs += int(k.tree.level[label]) + 1
		}
	}
	copy(k.labels, labels)
	k.scores = scores
	k.run(k.forward)
	k.scores = nil
	if k.pairs == 0 {
		return 0
	}
	sum := 0.0
	for r, label := range labels {
		if label >= 0 {
			at := r * k.tree.Levels()
			for _, v := range k.nll[at : at+int(k.tree.level[label])+1] {
				sum += float64(v)
			}
		}
	}
	return F(sum / float64(k.pairs))
}

// Backward writes the gradient of dloss times the loss of the last Forward, of the same scores, to dscores [N, C], which
// must not overlap scores.
func (k *Loss[F]) Backward(dscores, scores []F, dloss F) {
	k.checkSizes("Backward", len(scores), k.rows)
	k.checkSizes("Backward", len(dscores), k.rows)
	k.scores, k.dscores, k.weight = scores, dscores, F(float64(dloss)/float64(k.pairs)) // of a label: there is a pair then
	k.run(k.backward)
	k.scores, k.dscores = nil, nil
}

// run calls a stored body on all pieces of the rows.
func (k *Loss[F]) run(body func(piece int)) {
	k.pool.For(simd.Pieces(k.rows, grain(k.tree.Classes())), body)
}

// each calls body for each row of a piece.
func (k *Loss[F]) each(piece int, body func(r int, s *scratch[F])) {
	s := k.pool.Take()
	n := grain(k.tree.Classes())
	for r := piece * n; r < min(k.rows, (piece+1)*n); r++ {
		body(r, s)
	}
	k.pool.Give(s)
}

func (k *Loss[F]) forwardRow(r int, s *scratch[F]) {
	class := k.labels[r]
	if class < 0 {
		return
	}
	t, n := k.tree, k.tree.Classes()
	row := k.scores[r*n : (r+1)*n] // by place
	if !t.sorted {
		sortRow(s.row, row, t)
		row = s.row
	}
	for l := int(t.level[class]); l >= 0; l-- {
		target := int(t.place[class]) - t.start[l]
		nll, best := simd.CrossEntropy(row[t.start[l]:t.start[l+1]], target)
		k.nll[r*t.Levels()+l], k.hit[r*t.Levels()+l] = nll, best == target
		class = t.parent[class]
	}
}

func (k *Loss[F]) backwardRow(r int, s *scratch[F]) {
	t, n := k.tree, k.tree.Classes()
	class, scores, dscores := k.labels[r], k.scores[r*n:(r+1)*n], k.dscores[r*n:(r+1)*n]
	if class < 0 {
		clear(dscores)
		return
	}
	row := dscores // by place
	if !t.sorted {
		row = s.row
	}
	sortRow(row, scores, t)
	depth := int(t.level[class])
	for l := depth; l >= 0; l-- {
		at := row[t.start[l]:t.start[l+1]]
		simd.CrossEntropyBackward(at, at, int(t.place[class])-t.start[l], k.weight)
		class = t.parent[class]
	}
	clear(row[t.start[depth+1]:]) // the levels below the label
	if !t.sorted {
		unsortRow(dscores, row, t)
	}
}

func (k *Loss[F]) checkSizes(method string, scores, labels int) {
	if want := k.rows * k.tree.Classes(); scores != want || labels != k.rows {
		panic(fmt.Sprintf("trees: Loss.%s: %d scores and %d labels, want %d rows of %d classes", method, scores, labels, k.rows, k.tree.Classes()))
	}
}
