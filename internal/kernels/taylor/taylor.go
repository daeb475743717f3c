package taylor

import (
	"fmt"

	"goomtrain/internal/kernels/multihead"
	"goomtrain/internal/kernels/workspace"
	"goomtrain/internal/simd"
)

// MaxTerms is the largest number of terms P.
const MaxTerms = 8

// Kernel is the fast attention of one size and number of terms, in its quadratic or its chunked form.
type Kernel[F simd.Float] struct {
	multihead.Size
	terms    int
	scale    F            // K^(-1/4), of queries and of keys: together 1/sqrt(K)
	series   []F          // [P] 1/p!
	features *Features[F] // nil in the quadratic form
	columns  int          // M: length of a row of the state of a carry
	span     int          // C: positions between two additions to the state; all of them in the quadratic form
	tile     int          // L: keys and queries that are scored together
	pool     workspace.Pool[scratch[F]]
	inverse  []F       // [B, H, T] 1/z_t of the last Forward; 0 where z_t is zero
	started  int       // positions of the sequences before the last Forward
	start    *Carry[F] // a copy of the carry as it was before the last Forward
	want     bool      // Backward will be called

	carry             *Carry[F] // operands of the running call
	q, k, v           multihead.Rows[F]
	dq, dk, dv        multihead.Rows[F]
	y, dy             []F
	forward, backward func(task int)
	tokens            func(lo, hi int)
	grain, stretch    int           // heads of one token that a worker takes: at least, and in the running call
	tokenScratch      []*scratch[F] // of each stretch

	part             bool // see NewPart
	left, last       []F  // of LeaveBack and Backward
	leave, leaveBack func(task int)
}

// scratch is the memory of one worker; L is the tile, W = V+1.
type scratch[F simd.Float] struct {
	keys, values    []F // tiles of the span: [K, L] and [W, L] each
	queries         *featureMemory[F]
	past            *featureMemory[F] // of keys
	one             *oneMemory[F]     // of one query
	state, adjoint  []F               // [m, W]
	sums            []F               // [W, L]
	weights, slopes []F               // [L, L], key by key
	dots            []F               // [L, L]
	grads, gradRows []F               // dn: [W, L] and [L, W]
	queryRows       []F               // [L, K]
}

// New returns the kernel in the form that Cost says is cheaper. carried says that Forward will be given
// carries; the form is then the chunked one.
func New[F simd.Float](size multihead.Size, terms int, carried bool) *Kernel[F] {
	size.Check("taylor")
	chunked := carried || Cost(size, terms).Chunked()
	return newForm[F](size, terms, chunked)
}

// newForm returns the kernel in the chunked or in the quadratic form.
func newForm[F simd.Float](size multihead.Size, terms int, chunked bool) *Kernel[F] {
	if terms < 1 || terms > MaxTerms {
		panic(fmt.Sprintf("taylor: kernel with %d terms, want 1 to %d", terms, MaxTerms))
	}
	k := &Kernel[F]{Size: size, terms: terms, scale: scaleOf[F](size.DKey), series: seriesOf[F](terms), tile: tileLength, span: size.Keys, inverse: make([]F, size.Tasks()*size.Queries)}
	if chunked {
		k.features = NewFeatures[F](size.DKey, terms)
		k.tile = chunkLength(k.features.Len())
		k.span = k.tile
		k.columns = paddedColumns(k.features.Len())
		k.grain = tokenGrain(size, terms)
	}
	k.pool.Create = k.newScratch
	k.forward, k.backward, k.tokens = k.forwardHead, k.backwardHead, k.forwardToken
	return k
}

// newScratch makes the memory of a worker.
func (k *Kernel[F]) newScratch() *scratch[F] {
	w, l := k.DValue+1, k.tile
	tiles := simd.Pieces(k.span, l)
	s := &scratch[F]{
		keys: workspace.Make[F](tiles * k.DKey * l), values: workspace.Make[F](tiles * l * w),
		sums: workspace.Make[F](w * l), weights: workspace.Make[F](l * l), slopes: workspace.Make[F](l * l), dots: workspace.Make[F](l * l),
		grads: workspace.Make[F](w * l), gradRows: workspace.Make[F](l * w), queryRows: workspace.Make[F](l * k.DKey),
	}
	if k.features == nil { // only the scaled vectors are needed
		s.queries = NewFeatures[F](k.DKey, 1).memory(l)
		return s
	}
	s.queries, s.past = k.features.memory(l), k.features.memory(l)
	s.one = k.features.oneMemory()
	s.state, s.adjoint = workspace.Make[F](k.features.Len()*w), workspace.Make[F](k.features.Len()*w)
	return s
}

// WantGradients makes every later Forward keep the carry as it was before, which Backward needs.
func (k *Kernel[F]) WantGradients() { k.want = true }

// Resize makes it the kernel of batch sequences of length queries and as many keys, at most as many as New was given. The
// form remains that of New.
func (k *Kernel[F]) Resize(batch, length int) { k.Batch, k.Queries, k.Keys = batch, length, length }

// Forward writes y [B, Tq, H*V]. If carry is not nil the sequences continue from it, and it receives the
// last state.
func (k *Kernel[F]) Forward(y []F, q, keys, values multihead.Rows[F], carry *Carry[F]) {
	k.started, k.carry = 0, carry
	if carry != nil {
		k.CheckCarry(carry)
		if carry.length[0] < 0 { // a restored state may say anything
			carry.Reset()
		}
		k.started = int(carry.length[0])
		if k.want {
			if k.start == nil {
				k.start = NewCarry[F](k.Batch, k.Heads, k.DKey, k.DValue, k.terms)
			}
			k.start.copy(carry)
		}
	}
	k.y, k.q, k.k, k.v = y, q, keys, values
	if k.Queries == 1 && k.Keys == 1 && k.features != nil && !k.part {
		k.forwardOne()
	} else {
		k.run(k.forward)
	}
	if carry != nil {
		carry.length[0] += int64(k.Keys)
	}
}

// run calls body for every head of every sequence, in parallel.
func (k *Kernel[F]) run(body func(task int)) {
	k.pool.For(k.Tasks(), body)
}
