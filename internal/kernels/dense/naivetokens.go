package dense

import "math"

// NaiveEmbedding is Embedding by its definition.
type NaiveEmbedding struct {
	Vocab, Width int
	Tokens       []int32   // [R]
	W            []float64 // [S, D]
}

// Forward returns y [R, D].
func (n NaiveEmbedding) Forward() (y []float64) {
	for _, t := range n.Tokens {
		y = append(y, n.W[int(t)*n.Width:(int(t)+1)*n.Width]...)
	}
	return y
}

// Backward returns the gradient of sum(dy * y).
func (n NaiveEmbedding) Backward(dy []float64) (dw []float64) {
	dw = make([]float64, n.Vocab*n.Width)
	for r, t := range n.Tokens {
		for i := range n.Width {
			dw[int(t)*n.Width+i] += dy[r*n.Width+i]
		}
	}
	return dw
}

// NaiveHead is Head by its definition, row by row.
type NaiveHead struct {
	Rows, Width, Vocab int
	X, W               []float64 // [R, D], [S, D]
	Targets            []int32   // [R], -1 for a row that is not counted
	Weight             float64
}

// logits returns those of row r, [S].
func (n NaiveHead) logits(r int) (l []float64) {
	l = make([]float64, n.Vocab)
	for s := range l {
		for i := range n.Width {
			l[s] += n.X[r*n.Width+i] * n.W[s*n.Width+i]
		}
	}
	return l
}

// softmax returns the probabilities of logits, and the logarithm of the sum of their exponentials.
func softmax(logits []float64) (p []float64, logSum float64) {
	largest, sum := math.Inf(-1), 0.0
	for _, l := range logits {
		largest = max(largest, l)
	}
	for _, l := range logits {
		sum += math.Exp(l - largest)
	}
	for _, l := range logits {
		p = append(p, math.Exp(l-largest)/sum)
	}
	return p, largest + math.Log(sum)
}

// Forward returns the weighted loss.
func (n NaiveHead) Forward() (loss float64) {
	return n.Weight * n.Stats(1).Loss
}

// Stats returns the loss without its weight, and how many rows, and sequences of that many, are counted and correct.
func (n NaiveHead) Stats(length int) (s HeadStats) {
	counted, wrong := map[int]bool{}, map[int]bool{} // by sequence
	for r, target := range n.Targets {
		if target < 0 {
			continue
		}
		counted[r/length] = true
		logits := n.logits(r)
		_, logSum := softmax(logits)
		s.Loss += logSum - logits[target]
		s.Counted++
		best := 0
		for i, l := range logits {
			if l > logits[best] {
				best = i
			}
		}
		if best == int(target) {
			s.Correct++
		} else {
			wrong[r/length] = true
		}
	}
	s.Sequences, s.CorrectSequences = len(counted), len(counted)-len(wrong)
	return s
}

// Backward returns the gradients of dloss * loss.
func (n NaiveHead) Backward(dloss float64) (dx, dw []float64) {
	dx, dw = make([]float64, len(n.X)), make([]float64, len(n.W))
	for r, target := range n.Targets {
		if target < 0 {
			continue
		}
		p, _ := softmax(n.logits(r))
		p[target]--
		for s := range p {
			g := dloss * n.Weight * p[s]
			for i := range n.Width {
				dx[r*n.Width+i] += g * n.W[s*n.Width+i]
				dw[s*n.Width+i] += g * n.X[r*n.Width+i]
			}
		}
	}
	return dx, dw
}
