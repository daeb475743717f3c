package layers_test

import (
	"fmt"
	"strings"
	"testing"

	"goomtrain/layers"
	"goomtrain/params"
)

// TestStateMistakes: what would spoil a state panics with its name or sizes.
func TestStateMistakes(t *testing.T) {
	set := params.NewSet[float64](1)
	mixer := newMovingAverage(set, 2, 0.5)
	other := layers.NewGOOMSSM(set.Sub("other"), 2, 2, 1, 1)
	forward := func(g *layers.Graph[float64], mixer layers.Mixer[float64]) {
		mixer.Forward(g, g.Input("x", make([]float64, g.Batch*2), g.Batch, 1, 2))
	}
	for want, mistake := range map[string]func(states *layers.States){
		`"average" is requested twice`: func(states *layers.States) {
			g := layers.NewStreaming[float64](1, 1, states)
			forward(g, mixer)
			forward(g, mixer)
		},
		`"other.state" is a *layers_test.average[float64] in one graph`: func(states *layers.States) {
			forward(layers.NewStreaming[float64](1, 1, states), &movingAverage[float64]{2, 0.5, "other.state"})
			forward(layers.NewStreaming[float64](1, 1, states), other)
		},
		"a graph of 2 sequences has states of 1": func(states *layers.States) {
			layers.NewStreaming[float64](1, 1, states)
			layers.NewStreaming[float64](2, 1, states)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panic %q, want one with %q", got, want)
				}
			}()
			mistake(layers.NewStates())
		}()
	}
}

// bounded is a state of sequences that may still have some positions.
type bounded struct{ left int }

func (b *bounded) Reset()                       {}
func (b *bounded) Arrays(string) []params.Array { return nil }
func (b *bounded) Left() int                    { return b.left }

// TestLeft: of several bounds the smallest holds.
func TestLeft(t *testing.T) {
	states := layers.NewStates()
	g := layers.NewStreaming[float64](1, 1, states)
	mixer := newMovingAverage(params.NewSet[float64](1), 2, 0.5)
	mixer.Forward(g, g.Input("x", make([]float64, 2), 1, 1, 2))
	if n, limited := states.Left(); limited || n != 0 {
		t.Errorf("without a bound %d, %v", n, limited)
	}
	for i, left := range []int{7, 3, 5} {
		layers.StateOf(g, fmt.Sprint(i), func() *bounded { return &bounded{left} })
	}
	if n, limited := states.Left(); !limited || n != 3 {
		t.Errorf("%d positions are left, limited: %v, want 3", n, limited)
	}
}
