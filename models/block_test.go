package models

import (
	"fmt"
	"strings"
	"testing"

	"goomtrain/layers"
	"goomtrain/params"
)

const blockWidth = 12

// testMixers makes one mixer of each kind, of width 12.
func testMixers() map[string]func(s params.Set[float64]) layers.Mixer[float64] {
	sizes := layers.MixerSizes{Vocab: 17, Width: blockWidth, Layers: 2, Heads: 2, DHead: 5, DValue: 7, ShortConv: true, NegativeEigenvalues: true,
		ForgetGate: true, OutputGate: true, Householders: 2, TaylorTerms: 3, Window: 4, Epsilon: 1e-6}
	all := map[string]func(s params.Set[float64]) layers.Mixer[float64]{}
	for _, name := range layers.MixerNames() {
		all[name] = func(s params.Set[float64]) layers.Mixer[float64] { return layers.NewMixer(name, s.Sub("mixer"), sizes) }
	}
	return all
}

// testBlocks makes one block of each kind around a mixer.
var testBlocks = map[string]func(s params.Set[float64], mixer func(params.Set[float64]) layers.Mixer[float64]) Block[float64]{
	"RecurrentBlock": func(s params.Set[float64], mixer func(params.Set[float64]) layers.Mixer[float64]) Block[float64] {
		return NewRecurrentBlock(s, blockWidth, 0.1, mixer)
	},
	"LogAttentionBlock": func(s params.Set[float64], mixer func(params.Set[float64]) layers.Mixer[float64]) Block[float64] {
		return NewLogAttentionBlock(s, blockWidth, 0.1, mixer)
	},
	"TransformerBlock": func(s params.Set[float64], mixer func(params.Set[float64]) layers.Mixer[float64]) Block[float64] {
		return NewTransformerBlock(s, blockWidth, 0.1, mixer, func(s params.Set[float64]) *MLP[float64] {
			return NewGELUMLP(s, blockWidth, 20, 0.1)
		})
	},
	"LinearAttentionBlock": func(s params.Set[float64], mixer func(params.Set[float64]) layers.Mixer[float64]) Block[float64] {
		return NewLinearAttentionBlock(s, blockWidth, 20, 1e-6, 0.1, mixer)
	},
}

// TestEveryMixerInEveryBlock: each of them learns, streams, and has the gradients of Gorgonia's own machine.
func TestEveryMixerInEveryBlock(t *testing.T) {
	for blockName, block := range testBlocks {
		for mixerName, mixer := range testMixers() {
			t.Run(mixerName+" in "+blockName, func(t *testing.T) {
				model := func() *Model[float64] {
					set := params.NewSet[float64](3)
					n := &residualNetwork[float64]{embed: layers.NewEmbedding(set, "embed", 17, blockWidth)}
					for i := range 2 {
						n.blocks = append(n.blocks, block(set.Sub(fmt.Sprintf("blocks.%d", i)), mixer))
					}
					n.norm = layers.NewLayerNorm(set.Sub("norm"), blockWidth)
					return FromNetwork(set, n)
				}
				tapeMachineAgrees(t, model())
				m := model()
				learns(t, m)
				streamEqualsWhole(t, m)
			})
		}
	}
}

// TestMixersThatDoNotFit: a mixer of another width, or of an odd one before GLU, is refused with its block and
// width.
func TestMixersThatDoNotFit(t *testing.T) {
	mixer := func(in, out int) func(params.Set[float64]) layers.Mixer[float64] {
		return func(s params.Set[float64]) layers.Mixer[float64] { return layers.NewGOOMSSM(s, in, out, 1, 1) }
	}
	for want, build := range map[string]func(s params.Set[float64]){
		`the mixer of "blocks.0." reads activations of width 5, want 12`: func(s params.Set[float64]) {
			NewLogAttentionBlock(s, blockWidth, 0, mixer(5, blockWidth))
		},
		`the mixer of "blocks.0." has width 7, want an even one`: func(s params.Set[float64]) {
			NewRecurrentBlock(s, blockWidth, 0, mixer(blockWidth, 7))
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("panic %q, want one with %q", got, want)
				}
			}()
			build(params.NewSet[float64](1).Sub("blocks.0"))
		}()
	}
}
