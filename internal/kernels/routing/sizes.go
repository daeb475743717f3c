package routing

import (
	"fmt"

	"goomtrain/internal/simd"
)

// VectorSize is the size of a vector routing.
type VectorSize struct {
	Batch, Inputs, Outputs, DIn, DOut int // B, n, m, d, h
	Iterations                        int
	Shared                            bool // all inputs have the same parameters, so their number may vary
	Normalize                         bool // outputs have mean 0 and variance 1
}

// Check panics unless every size is at least 1.
func (s VectorSize) Check() {
	if min(s.Batch, s.Inputs, s.Outputs, s.DIn, s.DOut, s.Iterations) < 1 {
		panic(fmt.Sprintf("routing: sizes %+v, want at least 1", s))
	}
}

// inputs returns for how many inputs there are parameters.
func (s VectorSize) inputs() int {
	if s.Shared {
		return 1
	}
	return s.Inputs
}

// normal reports whether outputs are normalized where the algorithm says so: an output of one number is left as it is.
func (s VectorSize) normal() bool { return s.DOut > 1 }

// VectorParameters are the parameters of a vector routing, or their gradients. Of n inputs that share them there is one
// row instead of n, and Use and Ign are maps [m, d] with biases.
type VectorParameters[F simd.Float] struct {
	WA, BA           []F // [n, d], [n]
	WF1, WF2, BF2    []F // [m, d], [d, h], [m, h]
	WG1, WG2, BG2    []F // [h, d], [m, d], [m, d]
	WS, BS           []F // [n, m]
	Use, Ign         []F // [n, m], or [m, d] if shared
	UseBias, IgnBias []F // [m] if shared
}

// A Mask tells which inputs an output ignores: those for which a number is not 0. The number of input i and output j of
// sample b is Data[b*Batch + i*Input + j*Output], where Output is 1, or 0 if outputs do not differ. Without data nothing is
// ignored.
type Mask struct {
	Data                 []int32
	Batch, Input, Output int
}

// hides reports whether output j ignores input i.
func (m Mask) hides(b, i, j int) bool {
	return m.Data != nil && m.Data[b*m.Batch+i*m.Input+j*m.Output] != 0
}

// of returns the numbers of an input: one for each output, or a single one for all.
func (m Mask) of(b, i, outputs int) []int32 {
	return m.Data[b*m.Batch+i*m.Input:][:1+(outputs-1)*m.Output]
}

// open returns how many of the outputs do not ignore the input.
func (m Mask) open(b, i, outputs int) int {
	if m.Data == nil {
		return outputs
	}
	hidden := m.of(b, i, outputs)
	n := 0
	for _, h := range hidden {
		if h == 0 {
			n++
		}
	}
	return n * outputs / len(hidden)
}

// seen returns how many of the inputs are not ignored by all outputs.
func (m Mask) seen(b, inputs, outputs int) int {
	if m.Data == nil {
		return inputs
	}
	n := 0
	for i := range inputs {
		if m.open(b, i, outputs) > 0 {
			n++
		}
	}
	return n
}

// MatrixSize is the size of a matrix routing.
type MatrixSize struct {
	Batch, Inputs, Outputs int // B, n, m
	Cov, DIn, DOut         int // c, d, h: inputs are c x d, votes and outputs c x h
	Iterations             int
	Shared                 bool    // all inputs have the same parameters, so their number may vary
	KMeans                 bool    // shares by distance alone (soft k-means), not by the density of a Gaussian
	Epsilon                float64 // added to variances and to sums of weights
}

// Check panics unless every size is at least 1 and epsilon is positive.
func (s MatrixSize) Check() {
	if min(s.Batch, s.Inputs, s.Outputs, s.Cov, s.DIn, s.DOut, s.Iterations) < 1 || !(s.Epsilon > 0) {
		panic(fmt.Sprintf("routing: sizes %+v, want at least 1 and a positive epsilon", s))
	}
}

// inputs returns for how many inputs there are parameters.
func (s MatrixSize) inputs() int {
	if s.Shared {
		return 1
	}
	return s.Inputs
}

// vote returns how many numbers a vote has.
func (s MatrixSize) vote() int { return s.Cov * s.DOut }

// MatrixParameters are the parameters of a matrix routing, or their gradients. Of n inputs that share them there is one row
// instead of n.
type MatrixParameters[F simd.Float] struct {
	W, B     []F // [n, m, d, h], [n, m, c, h]
	Use, Ign []F // [n, m]
}

// Arrays lists the parameters in the order of the fields.
func (p *MatrixParameters[F]) Arrays() []*[]F { return []*[]F{&p.W, &p.B, &p.Use, &p.Ign} }

// MatrixOutputs are the results of a matrix routing, or gradients of the loss with respect to them.
type MatrixOutputs[F simd.Float] struct {
	A, Mu, Sigma2 []F // [B, m], [B, m, c, h] twice
	Phi           []F // [B, n, m]
}
