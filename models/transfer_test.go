package models

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/params"
)

// TestFrozenGradients: the gradients of the other parameters have the same bits, whatever is frozen, and a frozen
// parameter gets none.
func TestFrozenGradients(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		inputs, targets := batchOf(c, 2, 7)
		whole := build[float32](t, c)
		for name, frozen := range map[string]func(i int) bool{
			"first half":  func(i int) bool { return i < len(whole.Params())/2 },
			"second half": func(i int) bool { return i >= len(whole.Params())/2 },
			"every other": func(i int) bool { return i%2 == 0 },
			"all but one": func(i int) bool { return i != len(whole.Params())-1 },
		} {
			if testing.Short() && name != "every other" {
				continue
			}
			m := build[float32](t, c)
			for i, p := range m.Params() {
				p.Frozen = frozen(i)
			}
			for _, m := range []*Model[float32]{whole, m} {
				params.ZeroGrad(m.Params())
				if _, err := m.Step(inputs, targets, 2, 7, 10); err != nil {
					t.Fatal(name, err)
				}
			}
			for i, p := range m.Params() {
				if want := whole.Params()[i].Grad; !p.Frozen && !slices.Equal(p.Grad, want) {
					t.Errorf("%s: the gradient of %s differs", name, p.Name)
				}
				if p.Frozen && slices.ContainsFunc(p.Grad, func(g float32) bool { return g != 0 }) {
					t.Errorf("%s: %s is frozen but has a gradient", name, p.Name)
				}
			}
		}
	})
}

// TestFrozenChanges: parameters may be frozen and released between two steps.
func TestFrozenChanges(t *testing.T) {
	c := smallest(t, "softmax-attention")
	m := build[float32](t, c)
	inputs, targets := batchOf(c, 2, 7)
	first := m.Params()[0]
	var whole []float32
	for i, frozen := range []bool{false, true, false} {
		first.Frozen = frozen
		params.ZeroGrad(m.Params())
		if _, err := m.Step(inputs, targets, 2, 7, 10); err != nil {
			t.Fatal(err)
		}
		has := slices.ContainsFunc(first.Grad, func(g float32) bool { return g != 0 })
		if i == 0 {
			whole = slices.Clone(first.Grad)
		}
		if has == frozen || !frozen && !slices.Equal(first.Grad, whole) {
			t.Errorf("step %d: frozen %t, but it has a gradient: %t", i, frozen, has)
		}
	}
}

// save writes the weights of a model to a file, and a configuration beside it.
func save(t *testing.T, m *Model[float32]) Saved {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.safetensors")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	config := m.Config()
	if err := errors.Join(checkpoints.WriteTensors(f, params.Weights(m.Params()), nil), f.Close(),
		os.WriteFile(filepath.Join(filepath.Dir(path), checkpoints.ConfigFile), []byte(config.Settings().TOML()), 0o644)); err != nil {
		t.Fatal(err)
	}
	saved, err := Find(path)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// TestTake: a model of the same sizes takes all of every model; one with more tokens keeps its own values in the new
// rows.
func TestTake(t *testing.T) {
	eachModel(t, func(t *testing.T, c Config) {
		from := build[float32](t, c)
		larger := c.Clone()
		larger.Common().Vocab += 4
		to, err := New[float32](larger, 8)
		if err != nil {
			t.Fatal(err)
		}
		own, err := New[float32](larger, 8)
		if err != nil {
			t.Fatal(err)
		}
		taken, err := Take(save(t, from), to)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range to.Params() {
			was := from.Params()[i].Value
			if taken.Read[i] != len(was) || !slices.Equal(p.Value[:len(was)], was) || !slices.Equal(p.Value[len(was):], own.Params()[i].Value[len(was):]) {
				t.Errorf("%s: %d of %d elements taken, or their values are others", p.Name, taken.Read[i], len(was))
			}
		}
		if len(taken.Left) > 0 || taken.Average {
			t.Errorf("%+v", taken)
		}
	})
}

// TestTakeFromAnother: a model of another kind takes what has the same names, and one that shares none is refused, as
// is one with another shape, in one line.
func TestTakeFromAnother(t *testing.T) {
	saved := save(t, build[float32](t, smallest(t, "softmax-attention")))
	to := build[float32](t, smallest(t, "taylor-attention"))
	taken, err := Take(saved, to)
	if err != nil || taken.Read[0] != len(to.Params()[0].Value) {
		t.Errorf("%+v, error %v", taken, err)
	}
	wide := smallest(t, "softmax-attention")
	set(t, wide, "d-emb", "32")
	if _, err := Take(saved, build[float32](t, wide)); err == nil || !strings.Contains(err.Error(), "[17 24] in the file but [17 32]") {
		t.Errorf("another shape: error %v", err)
	}
	set := params.NewSet[float32](1)
	set.New("other", params.Matrix, params.Constant(0), 2)
	if _, err := Take(saved, &Model[float32]{params: set.All()}); err == nil || !strings.Contains(err.Error(), "no tensor with the name of a parameter") || strings.Contains(err.Error(), "\n") {
		t.Errorf("no name in common: error %v", err)
	}
}
