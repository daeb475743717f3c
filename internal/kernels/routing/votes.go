package routing

import (
	"math"

	"goomtrain/internal/simd"
)

// VotesSize is the size of a Votes.
type VotesSize struct {
	Batch, Inputs, Outputs, DOut int  // B, n, m, h
	Fixed                        bool // votes are the same for all samples
}

// Votes sums votes by their credit: out_j = sum over i of phi_ij V_ij, for phi [B, n, m], V [B, n, m, h] or [n, m, h] and
// out [B, m, h].
type Votes[F simd.Float] struct {
	VotesSize
	out, phi, votes, dphi, dvotes, dout []F
	forward, credit, backward           func(task int)
}

// NewVotes returns the kernel of that size.
func NewVotes[F simd.Float](size VotesSize) *Votes[F] {
	k := &Votes[F]{VotesSize: size}
	k.forward, k.credit, k.backward = k.forwardTask, k.creditTask, k.backwardTask
	return k
}

// Forward writes out.
func (k *Votes[F]) Forward(out, phi, votes []F) {
	k.out, k.phi, k.votes = out, phi, votes
	simd.For(k.Batch*k.Outputs, k.forward)
}

// Backward writes the gradients of phi and of the votes.
func (k *Votes[F]) Backward(dphi, dvotes, phi, votes, dout []F) {
	k.dphi, k.dvotes, k.phi, k.votes, k.dout = dphi, dvotes, phi, votes, dout
	simd.For(k.Batch*k.Inputs, k.credit)
	simd.For(k.Inputs, k.backward)
}

// ofSample returns the votes of sample b.
func (k *Votes[F]) ofSample(x []F, b int) []F {
	if k.Fixed {
		b = 0
	}
	return rowOf(x, b, k.Inputs*k.Outputs*k.DOut)
}

func (k *Votes[F]) forwardTask(task int) {
	b, j := task/k.Outputs, task%k.Outputs
	out := rowOf(k.out, task, k.DOut)
	clear(out)
	simd.AddWeighted(out, rowOf(k.phi, b, k.Inputs*k.Outputs)[j:], k.ofSample(k.votes, b)[j*k.DOut:], k.Inputs, k.Outputs, k.Outputs*k.DOut)
}

// creditTask computes the gradients of the credit of one input of one sample.
func (k *Votes[F]) creditTask(task int) {
	b, i := task/k.Inputs, task%k.Inputs
	votes := rowOf(k.ofSample(k.votes, b), i, k.Outputs*k.DOut)
	for j := range k.Outputs {
		k.dphi[task*k.Outputs+j] = simd.Dot(rowOf(k.dout, b*k.Outputs+j, k.DOut), rowOf(votes, j, k.DOut))
	}
}

// backwardTask computes the gradients of the votes of one input of all samples.
func (k *Votes[F]) backwardTask(i int) {
	for b := range k.Batch {
		dvotes := rowOf(k.ofSample(k.dvotes, b), i, k.Outputs*k.DOut)
		if b == 0 && k.Fixed {
			clear(dvotes)
		}
		for j := range k.Outputs {
			phi, dout := k.phi[(b*k.Inputs+i)*k.Outputs+j], rowOf(k.dout, b*k.Outputs+j, k.DOut)
			if row := rowOf(dvotes, j, k.DOut); k.Fixed {
				simd.AddScaled(row, phi, dout)
			} else {
				simd.Scale(row, phi, dout)
			}
		}
	}
}

// Scores are products of inputs and their predictions, x pred^T / sqrt(d), for x [B, n, d] and pred [B, m, d].
type Scores[F simd.Float] struct{ Batch, Inputs, Outputs, DIn int }

// scale is 1/sqrt(d).
func (k *Scores[F]) scale() F { return F(1 / math.Sqrt(float64(k.DIn))) }

// Forward writes the scores [B, n, m].
func (k *Scores[F]) Forward(scores, x, pred []F) {
	multiplyBy(k.scale(), k.Batch, false, true, k.Inputs, k.Outputs, k.DIn, x, pred, 0, scores)
}

// Backward writes the gradients of x and pred.
func (k *Scores[F]) Backward(dx, dpred, x, pred, dscores []F) {
	multiplyBy(k.scale(), k.Batch, false, false, k.Inputs, k.DIn, k.Outputs, dscores, pred, 0, dx)
	multiplyBy(k.scale(), k.Batch, true, false, k.Outputs, k.DIn, k.Inputs, dscores, x, 0, dpred)
}
