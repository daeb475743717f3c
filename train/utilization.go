package train

import (
	"math"
	"time"

	"goomtrain/internal/simd"
	"goomtrain/internal/simd/floats"
	"goomtrain/internal/simd/peak"
	"goomtrain/params"
)

// work is the time that the matrix products of a training step would take at the peak of what trains: the measured one of
// the machine, or that of the GPU without tensor cores. It is zero where the peak is not known.
type work struct {
	position float64 // seconds
	target   float64 // seconds, in addition to that of its position
}

// workOf counts the operations, at that many in a second; 0: it is not known.
func workOf[F params.Float](ps []*params.Param[F], peak float64) (w work) {
	if peak == 0 {
		return w
	}
	position, target := operations(ps)
	return work{position / peak, target / peak}
}

// measuredPeak measures the most floating-point operations of F in a second on all threads; 0: it is not known.
func measuredPeak[F params.Float]() (operations float64) {
	if !floats.Single[F]() {
		return 0
	}
	best := 0.0
	for range 40 {
		best = max(best, peak.GFLOPS())
	}
	return best * 1e9 * float64(simd.Threads())
}

// operations counts the floating-point operations of the matrix products of a position and, in addition, of a
// counted target: six for each weight and vector that it multiplies, forward and backward. Vectors and rows that are
// only looked up cost next to nothing. The token table is multiplied as the head, once for each target.
func operations[F params.Float](ps []*params.Param[F]) (position, target float64) {
	for _, p := range ps {
		n := 6 * float64(len(p.Value)) * float64(max(p.Vectors, 1))
		switch p.Role {
		case params.Matrix, params.Recurrent:
			position += n
		case params.Embedding:
			target += n
		}
	}
	return position, target
}

// A pace measures the speed of training, without evaluations and saving.
type pace struct {
	positions, targets int
	seconds            float64
}

func (p *pace) add(positions, targets int, d time.Duration) {
	p.positions += positions
	p.targets += targets
	p.seconds += d.Seconds()
}

// rate is in positions per second; NaN if nothing was measured.
func (p *pace) rate() float64 {
	if p.seconds == 0 {
		return math.NaN()
	}
	return float64(p.positions) / p.seconds
}

// utilization is the share of the machine's peak that the products of the model reached (MFU), NaN if not
// known.
func (p *pace) utilization(w work) float64 {
	if p.seconds == 0 || w == (work{}) {
		return math.NaN()
	}
	return (float64(p.positions)*w.position + float64(p.targets)*w.target) / p.seconds
}
