package main

import (
	"context"
	"image/png"
	"io"
	"math"
	"math/cmplx"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"goomtrain/models"
	"goomtrain/train"
)

// newTracker returns an untrained model with these sizes.
func newTracker(t *testing.T, group string, vocab, heads, width int) *tracker {
	t.Helper()
	c, err := models.NewConfig("goom-rnn", "nano")
	if err != nil {
		t.Fatal(err)
	}
	sizes := c.Sizes.(*models.GOOMRNN)
	sizes.Vocab, sizes.DEmb, sizes.Layers, sizes.Heads, sizes.DHead, sizes.Transition = vocab, 4, 1, heads, width, "full"
	m := &tracker{name: group, group: group, heads: heads, width: width}
	if m.model, err = models.New[float32](c, 1); err != nil {
		t.Fatal(err)
	}
	clear(m.weight("res_layers.0.ssm_over_gooms.B").Value) // the state is x_0 times transitions alone
	return m
}

// byHand is a model whose first head has the transitions 3 and -1, so that its sign is the parity and it grows
// by a factor of 3 for each 0, and whose second head has the transitions 1 and 1.
func byHand(t *testing.T) *tracker {
	t.Helper()
	m := newTracker(t, "z2", 2, 2, 1)
	copy(m.weight("head").Value, []float32{1, 1, -1, -1, -1, -1, 1, 1}) // LayerNorm leaves them
	copy(m.weight("res_layers.0.ssm_over_gooms.A").Value, []float32{0.5, 0, 0.5, 0, -0.5, 0, -0.5, 0})
	return m
}

// TestTransitions: the states of a stream are those that the transitions say, head by head.
func TestTransitions(t *testing.T) {
	m := newTracker(t, "s3", 6, 4, 3)
	all, err := m.transitions()
	if err != nil {
		t.Fatal(err)
	}
	tokens := []int32{5, 0, 3, 3, 1}
	seen, err := m.follow(tokens)
	if err != nil {
		t.Fatal(err)
	}
	x0 := m.weight("res_layers.0.ssm_over_gooms.init_states").Value
	for head := range m.heads {
		x := mat.NewDense(1, m.width, nil)
		for i := range m.width {
			x.Set(0, i, float64(x0[head*m.width+i]))
		}
		for at, token := range tokens {
			var next mat.Dense
			next.Mul(x, all[token][head])
			x = &next
			most := max(mat.Max(x), -mat.Min(x))
			for i := range m.width {
				want := x.At(0, i) / most
				if got := seen.direction[head][at*m.width+i]; math.Abs(got-want) > 1e-4 {
					t.Errorf("head %d, position %d, number %d: direction %v, want %v", head, at, i, got, want)
				}
			}
			if got, want := seen.exponent[head][at], int64(math.Floor(math.Log2(most)))+1; got != want {
				t.Errorf("head %d, position %d: exponent %d, want %d", head, at, got, want)
			}
		}
	}
}

// TestWalkBeyondFloats: a state of more than 2^1024 still tells the parity, and one that does not change tells nothing.
func TestWalkBeyondFloats(t *testing.T) {
	m := byHand(t)
	inputs, states, err := m.sequence(4000)
	if err != nil {
		t.Fatal(err)
	}
	parity, zeros := int32(0), 0
	seen, err := m.follow(inputs)
	if err != nil {
		t.Fatal(err)
	}
	x0 := math.Log2(math.Abs(float64(m.weight("res_layers.0.ssm_over_gooms.init_states").Value[0])))
	left := -1
	for at, token := range inputs {
		parity ^= token
		zeros += 1 - int(token)
		if states[at] != parity {
			t.Fatalf("position %d: state %d, want %d", at, states[at], parity)
		}
		want := x0 + float64(zeros)*math.Log2(3)
		if got := float64(seen.exponent[0][at]); got < want-0.1 || got > want+1.1 {
			t.Fatalf("position %d: exponent %v, want %v rounded up", at, got, want)
		}
		if left < 0 && want >= float64Bits {
			left = at
		}
	}
	if told := seen.told(0, states); told != 1 {
		t.Errorf("the sign tells %v of the states, want all", told)
	}
	if told := seen.told(1, states); told < 0.4 || told > 0.6 {
		t.Errorf("a constant tells %v of the states, want about 1/2", told)
	}
	if at := seen.leaves(0, float64Bits); left < 0 || at < left-2 || at > left+2 {
		t.Errorf("beyond float64 at %d, want %d", at, left)
	}
	if at := seen.leaves(1, float32Bits); at != -1 {
		t.Errorf("a constant is beyond float32 at %d", at)
	}
}

// TestAnswers: the answers of a stream are those of the whole sequence at once.
func TestAnswers(t *testing.T) {
	m := newTracker(t, "s3", 6, 4, 3)
	inputs, states, err := m.sequence(500)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := m.follow(inputs)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := m.model.Evaluate(inputs, states, 1, len(inputs))
	if err != nil {
		t.Fatal(err)
	}
	if n, _, _ := seen.wrong(states); n != len(inputs)-whole.Correct || n == 0 || n == len(inputs) {
		t.Errorf("%d of %d answers wrong, want %d", n, len(inputs), len(inputs)-whole.Correct)
	}
}

// TestSigns: a head whose direction is the sign of the permutation tells all signs and a third of the states, in one
// stream with the products that the table of signs is about.
func TestSigns(t *testing.T) {
	m := &tracker{group: "s3"}
	inputs, states, err := m.sequence(3 * fitted)
	if err != nil {
		t.Fatal(err)
	}
	w, sign := &walk{width: 1, direction: make([][]float64, 1)}, 1.0
	for _, x := range inputs {
		if signsOfS3[x] == 1 {
			sign = -sign
		}
		w.direction[0] = append(w.direction[0], sign)
	}
	var text strings.Builder
	if printSigns(&text, w, states); !strings.Contains(text.String(), " 100.0 %\n") {
		t.Error(text.String())
	}
	if told := w.told(0, states); told < 0.28 || told > 0.38 {
		t.Errorf("the sign tells %v of the states, want about 1/3", told)
	}
}

func TestLeaves(t *testing.T) {
	w := &walk{exponent: [][]int64{{3}, {-5, 128, 129, 2000}}} // the largest float32 has exponent 128
	if at := w.leaves(1, float32Bits); at != 2 {
		t.Errorf("beyond float32 at %d, want 2", at)
	}
	if at := w.leaves(0, float32Bits); at != -1 {
		t.Errorf("never beyond float32, but at %d", at)
	}
}

func TestWrong(t *testing.T) {
	w := &walk{answers: []int32{0, 1, 1, 0, 1}}
	for _, c := range []struct {
		states         []int32
		n, first, last int
	}{{[]int32{0, 1, 1, 0, 1}, 0, -1, -1}, {[]int32{0, 0, 1, 1, 1}, 2, 1, 3}} {
		if n, first, last := w.wrong(c.states); n != c.n || first != c.first || last != c.last {
			t.Errorf("%v: %d wrong, first %d, last %d, want %d, %d, %d", c.states, n, first, last, c.n, c.first, c.last)
		}
	}
}

// TestEigenvalues: a transposition has 1, 1, -1, a 3-cycle the cube roots of unity, up to scale.
func TestEigenvalues(t *testing.T) {
	swap := mat.NewDense(3, 3, []float64{0, -5, 0, -5, 0, 0, 0, 0, -5}) // -5 times it
	cycle := mat.NewDense(3, 3, []float64{0, 2, 0, 0, 0, 2, 2, 0, 0})
	root := cmplx.Exp(complex(0, 2*math.Pi/3))
	for name, c := range map[string]struct {
		a     *mat.Dense
		want  []complex128
		scale float64
	}{
		"transposition": {swap, []complex128{5, -5, -5}, 5},
		"cycle":         {cycle, []complex128{2, 2 * root, 2 * cmplx.Conj(root)}, 2},
		"unequal":       {mat.NewDense(2, 2, []float64{1, 9, 0, -4}), []complex128{1, -4}, 4},
	} {
		got := eigenvalues(c.a)
		if !slices.EqualFunc(got, c.want, func(x, y complex128) bool { return cmplx.Abs(x-y) < 1e-12 }) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got := scale(got); math.Abs(got-c.scale) > 1e-12 {
			t.Errorf("%s: scale %v, want %v", name, got, c.scale)
		}
	}
}

func TestFormats(t *testing.T) {
	for want, z := range map[string]complex128{"-0.500": -0.5, "2.000 at 90.0°": 2i, "1.414 at -45.0°": 1 - 1i} {
		if got := number(z); got != want {
			t.Errorf("%v: %q, want %q", z, got, want)
		}
	}
	if first, never := position(0), position(-1); first != "1" || never != "never" {
		t.Errorf("positions %q and %q", first, never)
	}
}

// trained makes a run of a few steps and returns its folder.
func trained(t *testing.T, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "run")
	call, err := train.Parse(append(args, "-steps", "2", "-batch", "2", "-eval-every", "0", "-eval-lengths", "8", "-out", out))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Launch(context.Background(), call.Config, io.Discard); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRun makes tables and pictures of runs of both tasks.
func TestRun(t *testing.T) {
	model := strings.Fields("-model goom-rnn -transition full -d-emb 8 -layers 1 -seq 8 -task")
	for name, more := range map[string]string{"parity": "parity -heads 3 -d-head 1", "s3": "group -group s3 -heads 2 -d-head 3"} {
		t.Run(name, func(t *testing.T) {
			from, out := trained(t, append(model, strings.Fields(more)...)...), filepath.Join(t.TempDir(), "pictures")
			var text strings.Builder
			if err := run(&text, from, out, 2*fitted); err != nil {
				t.Fatal(err)
			}
			if want := "\n2000 answers, "; !strings.Contains(text.String(), want) {
				t.Errorf("no line %q in\n%s", want, text.String())
			}
			for _, picture := range []string{"eigenvalues", "path", "exponents"} {
				f, err := os.Open(filepath.Join(out, name+"-"+picture+".png"))
				if err != nil {
					t.Fatal(err)
				}
				_, err = png.Decode(f)
				f.Close()
				if err != nil {
					t.Errorf("%s: %v", picture, err)
				}
			}
		})
	}
}

// TestLoadRefuses: other models and tasks are errors that say what is wanted.
func TestLoadRefuses(t *testing.T) {
	small := strings.Fields("-d-emb 8 -heads 2 -d-head 2 -seq 8 -task")
	for args, want := range map[string]string{
		"parity -model goom-rnn -layers 1":                   "-transition full",
		"parity -model goom-rnn -transition full -layers 2":  "-layers 1",
		"modular -model goom-rnn -transition full -layers 1": "want parity or group",
		"parity -model gla -layers 1":                        "want goom-rnn",
	} {
		if _, err := load(trained(t, append(small, strings.Fields(args)...)...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an error with %q", args, err, want)
		}
	}
}
