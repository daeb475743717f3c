package checkpoints

import (
	"math"
	"slices"
	"testing"

	"goomtrain/params"
)

// TestStatistics: numbers worked out by hand, of floats with numbers that are not finite, of integers, of complex numbers,
// of nothing and of what cannot be decoded.
func TestStatistics(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	long := make([]float64, 3*valuesAtATime+1) // of several reads: -1 and 3 by turns, far from zero
	for i := range long {
		long[i] = 1e6 + float64(i%2*4-1)
	}
	n := float64(len(long))
	threes := float64(len(long) / 2)
	mean := 1e6 - 1 + 4*threes/n
	deviation := 4 * math.Sqrt(threes/n*(1-threes/n))
	f, err := openBytes(encodeTensors(t, []params.Array{
		{Name: "floats", Shape: []int{2, 4}, Data: []float32{1, float32(nan), -2, 4, float32(inf), 5, float32(-inf), -3}},
		{Name: "one", Shape: []int{}, Data: []float64{-7}},
		{Name: "integers", Shape: []int{4}, Data: []int32{-5, -5, -1, -1}},
		{Name: "long", Shape: []int{len(long)}, Data: long},
		{Name: "no number", Shape: []int{2}, Data: []float32{float32(nan), float32(inf)}},
		{Name: "empty", Shape: []int{0, 3}, Data: []float32{}},
	}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Statistics{
		"floats":    {1, math.Sqrt(10), -3, 5, math.Sqrt(11), 3}, // of 1, -2, 4, 5 and -3: squares 55
		"one":       {-7, 0, -7, -7, 7, 0},
		"integers":  {-3, 2, -5, -1, math.Sqrt(13), 0},
		"long":      {mean, deviation, 1e6 - 1, 1e6 + 3, math.Hypot(mean, deviation), 0},
		"no number": {nan, nan, nan, nan, nan, 2},
		"empty":     {nan, nan, nan, nan, nan, 0},
	} {
		got, err := f.Statistics(name)
		if err != nil || !near(got, want) {
			t.Errorf("%s: %+v, error %v, want %+v", name, got, err, want)
		}
	}
	if got, err := fileOf(t, C64, 1, []byte("\x00\x00\x80\x3f\x00\x00\x40\xc0")).Statistics("x"); err != nil || !near(got, Statistics{-1, 2, -3, 1, math.Sqrt(5), 0}) {
		t.Errorf("1 - 3i: %+v, error %v", got, err)
	}
	if got, err := fileOf(t, "F6_E2M3", 4, make([]byte, 3)).Statistics("x"); err != nil || !near(got, Statistics{nan, nan, nan, nan, nan, 0}) {
		t.Errorf("a type that cannot be decoded: %+v, error %v", got, err)
	}
	if _, err := f.Statistics("none"); err == nil {
		t.Error("a tensor that is not there has statistics")
	}
}

// near reports whether statistics agree to 12 digits; NaN agrees with NaN.
func near(a, b Statistics) bool {
	equal := func(x, y float64) bool { return math.Abs(x-y) <= 1e-12*math.Abs(y) || math.IsNaN(x) && math.IsNaN(y) }
	return slices.EqualFunc([]float64{a.Mean, a.Deviation, a.Smallest, a.Largest, a.RMS}, []float64{b.Mean, b.Deviation, b.Smallest, b.Largest, b.RMS}, equal) &&
		a.NonFinite == b.NonFinite
}

// TestSame: tensors are the same if shape and numbers are, whatever their types, wherever they differ.
func TestSame(t *testing.T) {
	long := make([]float32, valuesAtATime+3)
	other := slices.Clone(long)
	other[len(other)-1] = 1
	nan := float32(math.NaN())
	f, err := openBytes(encodeTensors(t, []params.Array{
		{Name: "a", Shape: []int{3}, Data: []float32{1, -2, nan}},
		{Name: "wide", Shape: []int{3}, Data: []float64{1, -2, math.NaN()}},
		{Name: "row", Shape: []int{1, 3}, Data: []float32{1, -2, nan}},
		{Name: "short", Shape: []int{2}, Data: []float32{1, -2}},
		{Name: "b", Shape: []int{3}, Data: []float32{1, -2, 3}},
		{Name: "long", Shape: []int{len(long)}, Data: long},
		{Name: "copy", Shape: []int{len(long)}, Data: slices.Clone(long)},
		{Name: "other", Shape: []int{len(long)}, Data: other},
		{Name: "nothing", Shape: []int{0}, Data: []float32{}},
		{Name: "no bytes", Shape: []int{0}, Data: []uint8{}},
	}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		one, two string
		want     bool
	}{
		{"a", "a", true}, {"a", "wide", true}, {"a", "row", false}, {"a", "short", false}, {"a", "b", false},
		{"long", "copy", true}, {"long", "other", false}, {"nothing", "no bytes", true},
	} {
		for range 2 {
			if same, err := f.Same(c.one, c.two); err != nil || same != c.want {
				t.Errorf("%s and %s: %v, error %v", c.one, c.two, same, err)
			}
			c.one, c.two = c.two, c.one
		}
	}
	for _, pair := range [][2]string{{"a", "none"}, {"none", "a"}} {
		if _, err := f.Same(pair[0], pair[1]); err == nil {
			t.Errorf("%v: no error", pair)
		}
	}
	mixed, err := openBytes(append(raw(`{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 0), make([]byte, 12)...))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := mixed.Same("a", "b"); err != nil || same {
		t.Errorf("a complex number and a real one: %v, error %v", same, err)
	}
}

// TestTiedTensorsDiffer: one array cannot be read from two tensors that are not the same.
func TestTiedTensorsDiffer(t *testing.T) {
	for _, last := range []float32{2, 3} {
		f, err := openBytes(encodeTensors(t, []params.Array{
			{Name: "embed", Shape: []int{2}, Data: []float32{1, 2}}, {Name: "head", Shape: []int{2}, Data: []float32{1, last}},
		}, nil))
		if err != nil {
			t.Fatal(err)
		}
		names, err := f.match([]params.Array{{Name: "embed", Aliases: []string{"head"}, Shape: []int{2}, Data: make([]float32, 2)}}, nil, "model", false, false)
		if last == 2 && (err != nil || !slices.Equal(names, []string{"embed"})) {
			t.Errorf("two tensors that are the same: %v, error %v", names, err)
		}
		const want = `test.safetensors: tensor "embed": it differs from tensor "head", but the model has one array for both; tie them in the program that wrote the file, or remove one`
		if last == 3 && (err == nil || err.Error() != want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
