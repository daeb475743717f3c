package layers_test

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/ops"
	"goomtrain/params"
)

// movingAverage is a mixer as another module would write it: h_t = decay h_{t-1} + (1-decay) x_t, h_0 = 0, for
// each channel.
type movingAverage[F params.Float] struct {
	width int
	decay F
	state string
}

func newMovingAverage[F params.Float](s params.Set[F], width int, decay F) *movingAverage[F] {
	return &movingAverage[F]{width: width, decay: decay, state: s.Name("average")}
}

// average is the state of a movingAverage: h [B, D].
type average[F params.Float] struct {
	batch, width int
	h            []F
}

func (s *average[F]) Reset() { clear(s.h) }

func (s *average[F]) Arrays(prefix string) []params.Array {
	return []params.Array{{Name: prefix + "h", Shape: []int{s.batch, s.width}, Data: s.h}}
}

func (l *movingAverage[F]) In() int  { return l.width }
func (l *movingAverage[F]) Out() int { return l.width }

func (l *movingAverage[F]) Forward(g *layers.Graph[F], x *G.Node) *G.Node {
	batch, length, width := g.Batch, g.Length, l.width
	create := func() *average[F] { return &average[F]{batch, width, make([]F, batch*width)} }
	state, streams := layers.StateOf(g, l.state, create), true
	if state == nil {
		state, streams = create(), false
	}
	return ops.Apply(ops.Definition[F]{
		Name:   "MovingAverage",
		Inputs: G.Nodes{x},
		Grads:  []ops.Gradient{ops.GradPrimary},
		Out:    x.Shape(),
		Forward: func(y []F, in ops.Operands[F]) {
			if !streams {
				state.Reset()
			}
			for b := range batch {
				h := state.h[b*width : (b+1)*width]
				for t := range length {
					row := (b*length + t) * width
					for c := range h {
						h[c] = l.decay*h[c] + (1-l.decay)*in.Floats(0)[row+c]
						y[row+c] = h[c]
					}
				}
			}
		},
		Backward: func(grads [][]F, _ ops.Operands[F], _, dy []F) {
			dx := grads[0] // (1-decay) times dh_t = dy_t + decay dh_{t+1}
			for b := range batch {
				for c := range width {
					var dh F
					for t := length - 1; t >= 0; t-- {
						i := (b*length+t)*width + c
						dh = dy[i] + l.decay*dh
						dx[i] = (1 - l.decay) * dh
					}
				}
			}
		},
	})
}

// TestOwnMixerGradient: the average is linear in x, so x times its gradient is y times that of y.
func TestOwnMixerGradient(t *testing.T) {
	const batch, length, width = 2, 5, 3
	mixer := newMovingAverage(params.NewSet[float64](1), width, 0.7)
	g := layers.NewGraph[float64](batch, length)
	data, dy := normal("x", batch*length*width), normal("dy", batch*length*width)
	x := g.Input("x", data, batch, length, width)
	y := mixer.Forward(g, x)
	grads, err := G.Grad(ops.Dot[float64](y, g.Input("dy", dy, batch, length, width)), x)
	if err != nil {
		t.Fatal(err)
	}
	values := run(t, g, y, grads[0])
	got, want := 0.0, 0.0
	for i := range data {
		got += data[i] * values[1][i]
		want += dy[i] * values[0][i]
	}
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("x times its gradient is %v, y times that of y %v", got, want)
	}
}
