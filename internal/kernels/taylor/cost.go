package taylor

import "goomtrain/internal/kernels/multihead"

// Costs are the costs of one position of one head in the forms of Taylor attention, in units of one
// multiplication, and the size of its state.
//
// The weights were fitted on an Intel Xeon of the Sapphire Rapids kind (two cores, AVX-512, 2 MiB of second
// cache each), one thread, float32: those of Quadratic and Linear to the quotient of the times of forward
// and backward in 55 sizes, twice, K = V in 4, 8, 16, 32, P from 2 to 5, T from 128 to 2048; Token and
// Cached to the times of a token where the state fits the second cache. BenchmarkForms and
// BenchmarkCrossing show how well they do.
type Costs struct {
	Features  int     // m
	State     int     // m (V+1), numbers of a streaming state
	Quadratic float64 // T/2 (K+V+1 + P/2 + 1) + 90 (K+V+1): scores, values and the polynomial; loading a position
	Linear    float64 // C of the same, + (1 - C/T) (m (2.7 (V+1) + 8) + 90 (K+V+1)): what is in the state
	Token     float64 // m (1.3 (V+1) + 8.3): of a stream, whatever its context
	Cached    float64 // K+V+1 + 21: softmax over one key of a cache. Both calls cost about as much again as 4000
}

const (
	termCost     = 0.5 // of a term of the polynomial
	scoreCost    = 1   // of a score, besides
	positionCost = 90  // of each number of a position that is loaded, or loaded for the state
	stateCost    = 2.7 // of a number of the state: twice read, twice added to, once its adjoint
	featureCost  = 8   // of a feature

	tokenStateCost   = 1.3 // of a number of the state: read, and a part of what it takes to add to it later
	tokenFeatureCost = 8.3
	cachedKeyCost    = 21 // of the exponential of a key's score, besides its products
)

// Cost is the cost model. A causal query sees half of the keys on average, and half of its tile is computed
// for nothing; inside a chunk, which is one tile, all scores are computed. The last chunk is not added to a
// state.
func Cost(size multihead.Size, terms int) Costs {
	m := CountFeatures(size.DKey, terms)
	w, chunk := float64(size.DValue+1), float64(chunkLength(m))
	seen, inside, stateful := float64(size.Keys), chunk/2, 1.0
	if size.Causal {
		seen, inside = float64(size.Keys+tileLength)/2, chunk
		stateful = max(0, 1-chunk/float64(size.Keys))
	}
	position := float64(size.DKey) + w
	scored := position + termCost*float64(terms) + scoreCost
	return Costs{
		Features: m, State: m * (size.DValue + 1),
		Quadratic: seen*scored + positionCost*position,
		Linear:    inside*scored + positionCost*position + stateful*(float64(m)*(stateCost*w+featureCost)+positionCost*position),
		Token:     float64(m) * (tokenStateCost*w + tokenFeatureCost),
		Cached:    position + cachedKeyCost,
	}
}

// Chunked reports whether the chunked form is the cheaper one. It needs a state of at most MaxFeatures
// features.
func (c Costs) Chunked() bool { return c.Features <= MaxFeatures && c.Linear < c.Quadratic }

// Crossing returns the context from which on a token costs less than one of softmax attention with a cache.
func (c Costs) Crossing() float64 { return c.Token / c.Cached }

// A Degree is the size and work of one degree of the feature form.
type Degree struct {
	Features int // m_p
	State    int // m_p (V+1), numbers
	FLOPs    int // (2 + 2(p+1) + 4V) m_p, forward, of one query head and position
}

// Table returns the degrees 0..P-1 and their total, as the paper counts them (arXiv 2602.00294).
func Table(keys, values, terms int) (degrees []Degree, total Degree) {
	m := 1
	for p := range terms {
		d := Degree{Features: m, State: m * (values + 1), FLOPs: (2 + 2*(p+1) + 4*values) * m}
		degrees = append(degrees, d)
		total = Degree{total.Features + d.Features, total.State + d.State, total.FLOPs + d.FLOPs}
		m = m * (keys + p) / (p + 1)
	}
	return degrees, total
}
