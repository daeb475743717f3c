package trees

import (
	"fmt"
	"math"

	"goomtrain/params"
)

// MapDense maps scores [N, C] to the dense tensor of the reference implementation, dst [N, L, C]: at each level the scores
// of the classes that stand there, and minScore, usually -Inf, in the place of all others. It takes L times the time and
// memory of Scores and is meant for small trees and for comparison. It panics if the sizes are others.
func MapDense[F params.Float](t *Tree, dst, scores []F, minScore F) {
	n, levels := t.Classes(), t.Levels()
	if len(scores)%n != 0 || len(dst) != len(scores)*levels {
		panic(fmt.Sprintf("trees: MapDense: %d scores to %d, in a tree of %d classes at %d levels", len(scores), len(dst), n, levels))
	}
	for r := range len(scores) / n {
		for l := range levels {
			row := dst[(r*levels+l)*n:][:n]
			for c := range row {
				if row[c] = minScore; int(t.level[c]) == l {
					row[c] = scores[r*n+c]
				}
			}
		}
	}
}

// NaiveLoss is Loss by its definition, from the dense tensor.
type NaiveLoss struct {
	Tree   *Tree
	Scores []float64 // [N, C]
	Labels []int32   // [N]
}

// eachPair calls do for each pair of a counted label and a level of its path, with the pair's row of the dense tensor, and
// returns the number of pairs.
func (n NaiveLoss) eachPair(do func(row int, scores []float64, class int32)) (pairs int) {
	levels, classes := n.Tree.Levels(), n.Tree.Classes()
	dense := make([]float64, len(n.Labels)*levels*classes)
	MapDense(n.Tree, dense, n.Scores, math.Inf(-1))
	for r, label := range n.Labels {
		if label < 0 {
			continue
		}
		for l, class := range n.Tree.Path(label) {
			do(r, dense[(r*levels+l)*classes:][:classes], class)
			pairs++
		}
	}
	return pairs
}

// softmax returns the probabilities of scores, and the logarithm of the sum of their exponentials.
func softmax(scores []float64) (p []float64, logSum float64) {
	top, sum := math.Inf(-1), 0.0
	for _, s := range scores {
		top = max(top, s)
	}
	p = make([]float64, len(scores))
	for c, s := range scores {
		p[c] = math.Exp(s - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p, top + math.Log(sum)
}

// Forward returns the loss.
func (n NaiveLoss) Forward() float64 {
	sum := 0.0
	pairs := n.eachPair(func(_ int, scores []float64, class int32) {
		_, logSum := softmax(scores)
		sum += logSum - scores[class]
	})
	return sum / float64(max(1, pairs))
}

// Backward returns the gradient of dloss * loss, [N, C].
func (n NaiveLoss) Backward(dloss float64) []float64 {
	dscores := make([]float64, len(n.Scores))
	pairs := n.eachPair(func(row int, scores []float64, class int32) {
		p, _ := softmax(scores)
		p[class]--
		for c := range p {
			dscores[row*len(p)+c] += dloss * p[c]
		}
	})
	for i := range dscores {
		dscores[i] /= float64(max(1, pairs))
	}
	return dscores
}
