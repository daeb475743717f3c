package kernels

// TaylorCosts are the multiplications, or operations that take as long, of one position of one head, in
// the forms of Taylor attention, and the numbers of its state. The weights of what is not a matrix
// product are estimates; BenchmarkTaylorForms times both forms around the crossing that follows from
// them. At d = 8, P = 4, T = 512 the form they choose was 6 to 14 % slower than the other.
type TaylorCosts struct {
	Features  int     // m
	State     int     // m (V+1), numbers of a streaming state
	Quadratic float64 // T/2 (K + V+1 + 2P): scores, values, and the polynomial
	Linear    float64 // 3/4 C (K + V+1 + 2P) + 2m (V+1 + 6): inside a chunk; add to the state and read it; features
	Token     float64 // C/2 (K + V+1 + 2P) + m (V+1 + 6) twice: the same for a stream, whatever its context
	Cached    float64 // K + V + 20: softmax over one key of a cache; 20: its exponential and its load from memory
}

const (
	polynomialCost = 2 // of a term of the polynomial
	featureCost    = 6 // of a feature
	cachedKeyCost  = 20
)

// TaylorCost is the cost model. A causal query sees half of the keys, and half of its tile.
func TaylorCost(size AttentionSize, terms int) TaylorCosts {
	m := CountTaylorFeatures(size.DKey, terms)
	seen := float64(size.Keys)
	if size.Causal {
		seen = float64(size.Keys+taylorTile) / 2
	}
	w, chunk := float64(size.DValue+1), float64(taylorChunk(m))
	scored := float64(size.DKey) + w + polynomialCost*float64(terms)
	state := 2 * float64(m) * (w + featureCost)
	return TaylorCosts{
		Features: m, State: m * (size.DValue + 1),
		Quadratic: seen * scored,
		Linear:    0.75*chunk*scored + state,
		Token:     0.5*chunk*scored + state,
		Cached:    float64(size.DKey + size.DValue + cachedKeyCost),
	}
}

// Chunked says whether the chunked form is the cheaper one. It needs a state of at most
// MaxTaylorFeatures features.
func (c TaylorCosts) Chunked() bool { return c.Features <= MaxTaylorFeatures && c.Linear < c.Quadratic }

// A TaylorDegree is the size and work of one degree of the feature form.
type TaylorDegree struct {
	Features int // m_p
	State    int // m_p (V+1), numbers
	FLOPs    int // (2 + 2(p+1) + 4V) m_p, forward, of one query head and position
}

// TaylorTable lists the degrees 0..P-1 and their total, as the paper counts them (arXiv 2602.00294).
func TaylorTable(keys, values, terms int) (degrees []TaylorDegree, total TaylorDegree) {
	m := 1
	for p := range terms {
		d := TaylorDegree{Features: m, State: m * (values + 1), FLOPs: (2 + 2*(p+1) + 4*values) * m}
		degrees = append(degrees, d)
		total = TaylorDegree{total.Features + d.Features, total.State + d.State, total.FLOPs + d.FLOPs}
		m = m * (keys + p) / (p + 1)
	}
	return degrees, total
}
