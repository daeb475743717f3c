package layers

import (
	G "gorgonia.org/gorgonia"

	"goomtrain/ops"
	"goomtrain/params"
)

// Positions adds a learned vector for each position of a sequence, up to a longest length.
type Positions[F params.Float] struct {
	Table *params.Param[F] // [C, D]
	state string
}

// NewPositions makes "weight" [context, width], normal with standard deviation 0.02.
func NewPositions[F params.Float](s params.Set[F], context, width int) *Positions[F] {
	return &Positions[F]{Table: s.New("weight", params.Positions, params.Normal(0.02), context, width), state: s.Name("state")}
}

// Forward adds the vector of its position to each position of x [B, T, D].
func (l *Positions[F]) Forward(g *Graph[F], x *G.Node) *G.Node {
	position := StateOf(g, l.state, func() *boundedPosition { return &boundedPosition{context: l.Table.Shape[0]} })
	if position == nil {
		return ops.AddPositions[F](x, g.Weight(l.Table), g.Reset, nil)
	}
	return ops.AddPositions[F](x, g.Weight(l.Table), nil, &position.Position)
}

// boundedPosition is the position in a sequence with a longest length: a BoundedState.
type boundedPosition struct {
	ops.Position
	context int
}

// Left implements BoundedState. It is 0 if a position beyond the context was restored.
func (p *boundedPosition) Left() int {
	if next := p.Next(); next >= 0 && next < int64(p.context) {
		return p.context - int(next)
	}
	return 0
}
