package models

import (
	"math"
	"slices"
	"testing"
)

// TestClassify: one sequence gets the class and the probability that Evaluate gives it in a batch, for every head, and
// credit for every token and class where there are routings.
func TestClassify(t *testing.T) {
	eachClassifier(t, func(t *testing.T, c Config) {
		const length = 9
		m := build[float64](t, c)
		classes := c.Sizes.(*Classifier).Classes
		inputs, targets := batchOf(c, 1, length)
		stats, err := m.Evaluate(inputs, targets, 1, length)
		if err != nil {
			t.Fatal(err)
		}
		predicted := int(m.Predicted(nil)[0]) - 12
		got, err := m.Classify(inputs)
		if err != nil {
			t.Fatal(err)
		}
		right := int(targets[length-1]) - 12
		if got.Class != predicted || math.Abs(-math.Log(got.Probabilities[right])-stats.Loss) > 1e-12 {
			t.Errorf("class %d with %v, want %d and a loss of %v", got.Class, got.Probabilities, predicted, stats.Loss)
		}
		if c.Sizes.(*Classifier).Pool != "routing" {
			if got.Credit != nil {
				t.Errorf("credit %v", got.Credit)
			}
			return
		}
		var all []float64
		for _, of := range got.Credit {
			if len(of) != length {
				t.Fatalf("credit of %d tokens", len(of))
			}
			all = append(all, of...)
		}
		if len(got.Credit) != classes || math.Abs(deviation(all)-1) > 1e-12 {
			t.Errorf("credit %v", got.Credit)
		}
	})
}

// deviation is the standard deviation of a sample.
func deviation(x []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(len(x)-1))
}

// TestCreditProduct: the product of two credits computed by hand, up to its scale; zeros stay zeros, and the product of
// large or small factors is finite.
func TestCreditProduct(t *testing.T) {
	first, second := []float64{1, 2, 0, -1, 3, 1}, []float64{1, 0, 2, 1} // [3, 2], [2, 2]
	want := []float64{5, 2, -2, -1, 5, 1}
	for _, scale := range []float64{1, 1e-300, 1e300} {
		big := make([]float64, len(first))
		for i, v := range first {
			big[i] = scale * v
		}
		got := creditProduct([][]float64{big, second}, 3, 2)
		for i := range want {
			if math.Abs(got[i]*deviation(want)-want[i]) > 1e-12 {
				t.Errorf("scale %g: %v, want %v in units of %v", scale, got, want, deviation(want))
				break
			}
		}
	}
	if got := creditProduct([][]float64{make([]float64, 6), second}, 3, 2); slices.Max(got) != 0 || slices.Min(got) != 0 {
		t.Errorf("zeros become %v", got)
	}
}

// TestCreditOfPatches: the pixels of a patch share its credit, and pixels of others have another.
func TestCreditOfPatches(t *testing.T) {
	c := smallClassifier(t, "vocab", "261", "patch", "2x3", "image-size", "4x6", "pool", "routing", "routing", "3")
	m := build[float64](t, c)
	pixels, _ := images(1, 24, 5)
	got, err := m.Classify(pixels)
	if err != nil {
		t.Fatal(err)
	}
	for class, credit := range got.Credit {
		for i := range credit {
			for j := range credit {
				same := i/6/2 == j/6/2 && i%6/3 == j%6/3
				if same != (credit[i] == credit[j]) {
					t.Fatalf("class %d: credit %v and %v of pixels %d and %d", class, credit[i], credit[j], i, j)
				}
			}
		}
	}
}

func TestClassifyRefuses(t *testing.T) {
	if _, err := build[float32](t, smallest(t, "hybrid")).Classify([]int32{1}); err == nil {
		t.Error("hybrid classifies")
	}
	m := build[float32](t, smallClassifier(t))
	for _, tokens := range [][]int32{nil, {12}, {-1}} {
		if _, err := m.Classify(tokens); err == nil {
			t.Errorf("%v is classified", tokens)
		}
	}
}

// TestClassOfScores: of equal scores the first class wins, and large scores do not overflow.
func TestClassOfScores(t *testing.T) {
	c := newClassification([]float64{1e4, 1e4, 9e3})
	if c.Class != 0 || !slices.Equal(c.Probabilities, []float64{0.5, 0.5, 0}) {
		t.Errorf("%+v", c)
	}
}
