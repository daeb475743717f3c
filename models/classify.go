package models

import (
	"errors"
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/layers"
)

// A Classification is what a classifier makes of one sequence.
type Classification struct {
	Class         int       // of the largest score
	Probabilities []float64 // [C] softmax of the scores
	// Credit is, for each class, the credit that its score gives to each token [C][T]: positive if the class uses the
	// token, negative if it ignores it, in units of the standard deviation over all classes and positions. The tokens
	// of a patch share its credit. Nil if the network is not Crediting.
	Credit [][]float64
}

// Classify classifies one sequence of tokens. It builds a graph for their number at each call. It returns an error if the
// model does not classify, or for tokens outside its vocabulary.
func (m *Model[F]) Classify(tokens []int32) (Classification, error) {
	net, ok := m.net.(Classifying[F])
	if !ok {
		return Classification{}, errors.New("models: the model does not classify: it predicts the next token")
	}
	targets := make([]int32, len(tokens))
	for i := range targets {
		targets[i] = -1
	}
	if err := m.check(tokens, targets, 1, len(tokens)); err != nil {
		return Classification{}, err
	}
	building.Lock()
	defer building.Unlock()
	g := layers.NewGraph[F](1, len(tokens))
	s := newSpans(1, len(tokens))
	s.set(make([]int32, 1), targets, 0)
	addSpans(g, s)
	hidden := m.hidden(g, tokens)
	var nodes []*G.Node // the scores, then the credit of each routing
	crediting, credited := net.(Crediting[F])
	if credited {
		scores, credit := crediting.Credit(g, hidden)
		nodes = append(append(nodes, scores), credit...)
	} else {
		nodes = append(nodes, net.Scores(g, hidden))
	}
	exec, err := executor.New(g.ExprGraph, nodes...)
	if err != nil {
		return Classification{}, err
	}
	if err := exec.RunAll(); err != nil {
		return Classification{}, err
	}
	values := make([][]float64, len(nodes))
	for i, n := range nodes {
		v, err := exec.Value(n)
		if err != nil {
			return Classification{}, err
		}
		for _, x := range v.Data().([]F) {
			values[i] = append(values[i], float64(x))
		}
	}
	c := newClassification(values[0])
	if len(values) > 1 {
		product := creditProduct(values[1:], nodes[1].Shape()[1], m.domain.Classes)
		c.Credit = make([][]float64, m.domain.Classes)
		for class := range c.Credit {
			for t := range tokens {
				c.Credit[class] = append(c.Credit[class], product[crediting.Position(t)*m.domain.Classes+class])
			}
		}
	}
	return c, nil
}

// newClassification returns the class and the probabilities of scores.
func newClassification(scores []float64) (c Classification) {
	largest, sum := slices.Max(scores), 0.0
	for i, x := range scores {
		if x > scores[c.Class] {
			c.Class = i
		}
		p := math.Exp(x - largest)
		c.Probabilities = append(c.Probabilities, p)
		sum += p
	}
	for i := range c.Probabilities {
		c.Probabilities[i] /= sum
	}
	return c
}

// creditProduct is the credit of a stack of routings from end to end (arXiv 2211.11754, appendix A): the product of their
// credits [n, m1], [m1, m2], .., [.., C], scaled to a standard deviation of 1 after each factor -> [n, C].
func creditProduct(factors [][]float64, inputs, classes int) []float64 {
	product := scaled(factors[0])
	for _, factor := range factors[1:] {
		inner := len(product) / inputs
		outputs := len(factor) / inner
		next := make([]float64, inputs*outputs)
		for i := range inputs {
			for k := range inner {
				for j := range outputs {
					next[i*outputs+j] += product[i*inner+k] * factor[k*outputs+j]
				}
			}
		}
		product = scaled(next)
	}
	if len(product) != inputs*classes {
		panic(fmt.Sprintf("models: the credit of %d inputs has %d numbers, want one for each of %d classes", inputs, len(product), classes))
	}
	return product
}

// scaled returns x divided by its standard deviation, or x if that is 0. It divides by the largest magnitude first, so
// that squares neither overflow nor vanish.
func scaled(x []float64) []float64 {
	largest := math.Max(slices.Max(x), -slices.Min(x))
	if largest == 0 {
		return x
	}
	y := make([]float64, len(x))
	mean, sum := 0.0, 0.0
	for i, v := range x {
		y[i] = v / largest
		mean += y[i] / float64(len(x))
	}
	for _, v := range y {
		sum += (v - mean) * (v - mean)
	}
	deviation := math.Sqrt(sum / float64(max(1, len(x)-1)))
	if deviation == 0 {
		return x
	}
	for i := range y {
		y[i] /= deviation
	}
	return y
}
