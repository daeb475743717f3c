package layers_test

import (
	"math"
	"testing"

	"goomtrain/layers"
	"goomtrain/params"
)

// TestInitialDecays: decays and gates begin where their papers let them: time steps between 0.001 and 0.1, rates up to 16,
// and gates near 1.
func TestInitialDecays(t *testing.T) {
	s := params.NewSet[float64](1)
	delta := layers.NewDeltaNet(s.Sub("delta"), layers.DeltaNetSizes{In: 4, KeyHeads: 500, ValueHeads: 500, DKey: 1, DValue: 1, Householders: 1, ForgetGate: true})
	reflections := layers.NewGOOMHouseholder(s.Sub("reflections"), 4, 4, 500, 1, 2, 1)
	steps, rates, gates := make([]float64, 500), make([]float64, 500), make([]float64, 500)
	for i := range 500 {
		steps[i] = math.Log1p(math.Exp(delta.DtBias.Value[i])) // softplus
		rates[i] = math.Exp(delta.ALog.Value[i])
		gates[i] = 1 / (1 + math.Exp(-reflections.Gate.Bias.Value[i]))
	}
	for name, c := range map[string]struct {
		values       []float64
		low, high    float64 // of all
		below, above float64 // a value is beyond each
	}{
		"steps": {steps, 0.001, 0.1, 0.002, 0.05}, // their logarithms are uniform
		"rates": {rates, 0, 16, 1, 15},
		"gates": {gates, 0.96, 0.99, 0.98, 0.985},
	} {
		least, most := math.Inf(1), math.Inf(-1)
		for _, x := range c.values {
			least, most = math.Min(least, x), math.Max(most, x)
		}
		if !(least >= c.low*(1-1e-12) && most <= c.high*(1+1e-12) && least < c.below && most > c.above) {
			t.Errorf("%s from %g to %g, want %g to %g", name, least, most, c.low, c.high)
		}
	}
}

// TestInitialTransitions: the matrices of a table begin around the identity, and the rates and frequencies of S4D as its
// paper has them.
func TestInitialTransitions(t *testing.T) {
	const vocab, heads, width = 100, 2, 3
	table := layers.NewGOOMTable(params.NewSet[float64](1), vocab, 4, 4, heads, 1, width)
	var mean, square [width][width]float64
	for i, x := range table.A.Value {
		row, column := i/width%width, i%width
		mean[row][column] += x / (vocab * heads)
		square[row][column] += x * x / (vocab * heads)
	}
	for row := range width {
		for column := range width {
			want := 0.0
			if row == column {
				want = 1
			}
			deviation := math.Sqrt(square[row][column] - mean[row][column]*mean[row][column])
			if math.Abs(mean[row][column]-want) > 0.15 || math.Abs(deviation-0.5) > 0.1 {
				t.Errorf("row %d, column %d: mean %g, want %g, deviation %g, want 0.5", row, column, mean[row][column], want, deviation)
			}
		}
	}
	s4d := layers.NewS4D(params.NewSet[float64](1), 200, 2, "lin")
	least, most := math.Inf(1), math.Inf(-1)
	for h, x := range s4d.LogDt.Value {
		least, most = math.Min(least, math.Exp(x)), math.Max(most, math.Exp(x))
		if a, b := s4d.AImag.Value[2*h], s4d.AImag.Value[2*h+1]; a != 0 || b != math.Pi {
			t.Errorf("channel %d has the frequencies %g and %g, want 0 and pi", h, a, b)
		}
	}
	if !(least >= 0.001 && least < 0.002 && most > 0.05 && most <= 0.1) {
		t.Errorf("steps from %g to %g, want 0.001 to 0.1", least, most)
	}
}

// TestPatch: Patch names the patch on whose vector a pixel has an influence, of images that are no squares.
func TestPatch(t *testing.T) {
	const rows, columns, high, wide = 4, 9, 2, 3
	l := layers.NewPatchEmbedding(params.NewSet[float64](1), rows, columns, high, wide, 2)
	if shape := l.Linear.Weight.Shape; len(shape) != 2 || shape[0] != 2 || shape[1] != high*wide {
		t.Fatalf("weights of shape %v", shape)
	}
	pixels := make([]int32, rows*columns*rows*columns) // one white pixel in each image
	for i := range rows * columns {
		pixels[i*rows*columns+i] = 255
	}
	g := layers.NewGraph[float64](rows*columns+1, rows*columns)
	y := run(t, g, l.Forward(g, g.Input("pixels", append(pixels, make([]int32, rows*columns)...), rows*columns+1, rows*columns)))[0]
	patches := rows * columns / (high * wide)
	black := y[rows*columns*patches*2:]
	for i := range rows * columns {
		for p := range patches {
			at := (i*patches + p) * 2
			if differs := y[at] != black[2*p]; differs != (p == l.Patch(i)) {
				t.Errorf("pixel %d is in patch %d, but patch %d differs from black: %v", i, l.Patch(i), p, differs)
			}
		}
	}
}
