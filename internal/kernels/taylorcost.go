package kernels

// TaylorCosts are the multiplications, or operations that take as long, of one position of one head, in
// the forms of Taylor attention, and the numbers of its state. Benchmarks of the forms, over head sizes
// 8, 16 and 32, 3 to 6 terms and 64 to 4096 positions, put the crossing where these formulas do, to a
// factor of 1.5.
type TaylorCosts struct {
	Features  int     // m
	State     int     // m (V+1), numbers of a streaming state
	Quadratic float64 // T/2 (K + V+1 + 6P): scores, values, and the polynomial, which is not a matrix product
	Linear    float64 // C/2 (K + V+1 + 6P) + 2m (V+1 + 4): inside a chunk; add to the state and read it; features
	Cached    float64 // T (K + V + 20): softmax over a cache of T keys and values, one token; 20: the exponential
}

// polynomialCost is the time of a term of the polynomial beside that of a multiplication in a product.
const polynomialCost = 6

// TaylorCost is the cost model. T is the number of keys; a causal query sees half of them.
func TaylorCost(size AttentionSize, terms int) TaylorCosts {
	m := CountTaylorFeatures(size.DKey, terms)
	seen := float64(size.Keys)
	if size.Causal {
		seen = float64(size.Keys+taylorTile) / 2
	}
	w := float64(size.DValue + 1)
	scored := float64(size.DKey) + w + polynomialCost*float64(terms)
	return TaylorCosts{
		Features: m, State: m * (size.DValue + 1),
		Quadratic: seen * scored,
		Linear:    float64(taylorChunk(m))*0.75*scored + 2*float64(m)*(w+4),
		Cached:    float64(size.Keys) * float64(size.DKey+size.DValue+20),
	}
}

// Chunked says whether the chunked form is the cheaper one. It needs a state of less than
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
