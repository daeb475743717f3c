package ops

import (
	"goomtrain/internal/kernels/scan"
	"goomtrain/params"
)

// logScanParts is the exchange of an AddLogScan: of states, and of the products of the decays of each part.
type logScanParts[F params.Float] struct {
	exchange[F, F]
	k     *scan.Gated[F]
	state *LogScanCarry[F] // before this part
}

func newLogScanParts[F params.Float](p *Part, k *scan.Gated[F], batch, width int) *logScanParts[F] {
	n := batch * width
	return &logScanParts[F]{exchange: newExchange[F, F](p, 2*n, 2*n, n), k: k, state: NewLogScanCarry[F](batch, width)}
}

// enter returns the state before this part, in memory y of the output. Without parts it is carry.
func (s *logScanParts[F]) enter(carry *LogScanCarry[F], y, gates []F) *LogScanCarry[F] {
	if s == nil {
		return carry
	}
	s.forward(func(mine []F) { s.k.Leave(mine, y, gates) }, s.state.Enter)
	return s.state
}

// arrive returns the gradient of the last state of this part, in memory of that of the gates. Without parts it is nil.
func (s *logScanParts[F]) arrive(dgates, gates, dy []F) []F {
	if s == nil {
		return nil
	}
	return s.backward(func(left []F) { s.k.LeaveBack(left, dgates, gates, dy) }, scan.ArriveGated[F])
}
