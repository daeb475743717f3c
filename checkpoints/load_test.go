package checkpoints

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"goomtrain/params"
)

// Every byte of the three files: any one bit flipped, or the file cut there, is found at load, and the run
// folder falls back to the checkpoint before and says so.
func TestEveryByteOfACheckpointIsGuarded(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(1), SaveOptions{})
	dir := mustSave(t, run, stateOf(2), SaveOptions{})
	for _, name := range []string{modelFile, optimizerFile, stateName} {
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, at int, damaged []byte) {
			if err := os.WriteFile(path, damaged, 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(dir); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), dir) {
				t.Fatalf("%s %s at byte %d of %d: got %v", name, what, at, len(whole), err)
			}
		}
		for i := range whole {
			flipped := bytes.Clone(whole)
			flipped[i] ^= 1 << (i % 8)
			check("flipped", i, flipped)
			check("cut", i, whole[:i])
		}
		check("grown", len(whole), append(bytes.Clone(whole), '\n'))
		c, step := mustBeWhole(t, run)
		if step != 1 || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "skipped "+dir) {
			t.Errorf("%s damaged: took step %d with notes %q", name, step, c.Notes)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s missing: %v", name, err)
		}
		mustBeWhole(t, run)
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, step := mustBeWhole(t, run); step != 2 {
		t.Errorf("repaired, but step %d is taken", step)
	}
}

func TestNothingToLoad(t *testing.T) {
	run := t.TempDir()
	none := filepath.Join(run, "none")
	text := filepath.Join(run, "config.toml")
	if err := os.WriteFile(text, []byte("steps = 1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		none: "does not exist: name a run folder or a checkpoint folder",
		run:  "holds no checkpoint",
		text: "is neither a run folder",
	} {
		for _, load := range []func(string) (*Checkpoint, error){Load, LoadWeights} {
			if _, err := load(path); !errors.Is(err, ErrNone) || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "file does not exist") {
				t.Errorf("%s: got %v, want ...%s...", path, err, want)
			}
		}
	}
	if _, err := Latest(run); !errors.Is(err, ErrNone) {
		t.Errorf("Latest: %v", err)
	}
	if entries, err := List(none); err != nil || len(entries) != 0 {
		t.Errorf("List: %v, %v", entries, err)
	}
	// All damaged: the error tells of the newest.
	dir := mustSave(t, run, stateOf(1), SaveOptions{})
	if err := os.Truncate(filepath.Join(dir, modelFile), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(run); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "none of the 1 checkpoints") || !strings.Contains(err.Error(), "it has 10 bytes") {
		t.Errorf("all damaged: %v", err)
	}
	entries, err := List(run)
	if err != nil || len(entries) != 1 || !errors.Is(entries[0].Err, ErrCorrupt) || !entries[0].Last {
		t.Errorf("List: %+v, %v", entries, err)
	}
}

// A newer format is refused, not skipped: falling back would silently cost the steps since.
func TestNewerFormat(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(1), SaveOptions{})
	path := filepath.Join(mustSave(t, run, stateOf(2), SaveOptions{}), stateName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Replace(text, []byte(`"format_version": 2`), []byte(`"format_version": 4`), 1)
	for i := range sumDigits {
		newer[len(statePrefix)+i] = '0'
	}
	sum := sha256.Sum256(newer)
	hex.Encode(newer[len(statePrefix):], sum[:])
	for name, text := range map[string][]byte{"same scheme": newer, "other scheme": []byte(`{"format_version": 4}`)} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		for _, p := range []string{run, filepath.Dir(path)} {
			if _, err := Load(p); !errors.Is(err, ErrNewerFormat) || !strings.Contains(err.Error(), "knows versions up to 3") {
				t.Errorf("%s, %s: %v", name, p, err)
			}
		}
		mustSave(t, run, stateOf(9), SaveOptions{Keep: 1})
		if !exists(path) {
			t.Fatalf("%s: a checkpoint of a newer program was removed", name)
		}
		if err := os.RemoveAll(StepDir(run, 9)); err != nil {
			t.Fatal(err)
		}
		mustSave(t, run, stateOf(1), SaveOptions{})
	}
}

func TestMismatchIsToldPlainly(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(1), SaveOptions{})
	c, err := Load(run)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(m []params.Array) []params.Array) []params.Array {
		m, _ := tensorsOf(7)
		return f(m)
	}
	for _, tc := range []struct {
		name string
		into []params.Array
		want string
	}{
		{"missing", change(func(m []params.Array) []params.Array {
			return append(m, params.Array{Name: "c", Shape: []int{1}, Data: []float32{7}})
		}), `tensor "c": the model needs it but the file lacks it (the file has 2 tensors, the model 3; 1 missing, 0 unexpected); is this a model of another size`},
		{"unexpected", change(func(m []params.Array) []params.Array { return m[:1] }),
			`tensor "b": the file has it but the model does not (the file has 2 tensors, the model 1; 0 missing, 1 unexpected)`},
		{"shape", change(func(m []params.Array) []params.Array { m[0].Shape = []int{4}; return m }),
			`tensor "w": its shape is [2 2] in the file but [4] in this model; is this a model of another size`},
		{"type", change(func(m []params.Array) []params.Array { m[1].Data = []float64{7}; return m }),
			`tensor "b": it is stored as F32 but this model computes in F64; use the configuration that the file was made with, or set dtype = "float32" in it`},
	} {
		before := tc.into[0].Data.([]float32)[0]
		err := c.ReadModel(tc.into)
		if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), modelFile) {
			t.Errorf("%s: got %v, want ...%s...", tc.name, err, tc.want)
		}
		if tc.into[0].Data.([]float32)[0] != before {
			t.Errorf("%s: the model was changed before the refusal", tc.name)
		}
	}
	if err := c.ReadOptimizer(change(func(m []params.Array) []params.Array { return m })); !errors.Is(err, ErrMismatch) {
		t.Errorf("optimizer: %v", err)
	}
	if err := c.ReadModel([]params.Array{{Name: "w", Shape: []int{3}, Data: []float32{1}}}); err == nil {
		t.Error("read into an array whose shape and data differ")
	}
}

func TestLoadWeights(t *testing.T) {
	run := t.TempDir()
	for step := int64(1); step <= 3; step++ {
		s := stateOf(step)
		s.Best = &Best{Metric: "loss", Value: 1, Step: min(step, 2)}
		mustSave(t, run, s, SaveOptions{})
	}
	c, err := LoadWeights(run)
	if err != nil || c.State.Step != 2 {
		t.Fatalf("of a run the best: %+v, %v", c, err)
	}
	wide := []params.Array{{Name: "w", Shape: []int{2, 2}, Data: make([]float64, 4)}, {Name: "b", Shape: []int{1}, Data: make([]float64, 1)}}
	if err := c.ReadModel(wide); err != nil || !reflect.DeepEqual(wide[0].Data, []float64{2, -2, 1, 1}) {
		t.Errorf("widened: %v, %v", wide, err)
	}
	if err := c.ReadOptimizer(nil); err == nil {
		t.Error("the optimizer state, which was not verified, was read")
	}
	// A torn optimizer is no obstacle to generating; a torn best model falls back to the newest.
	if err := os.WriteFile(c.OptimizerPath(), bytes.Repeat([]byte{1}, 400), 0o666); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(c.ModelPath())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.ModelPath(), make([]byte, info.Size()), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err = LoadWeights(run)
	if err != nil || c.State.Step != 3 || len(c.Notes) != 1 {
		t.Errorf("best is torn: %+v, %v", c, err)
	}
	if err := os.RemoveAll(StepDir(run, 3)); err != nil {
		t.Fatal(err)
	}
	c, err = LoadWeights(run)
	if err != nil || c.State.Step != 1 || len(c.Notes) != 1 {
		t.Errorf("best is torn, and the newest: %+v, %v", c, err)
	}
	s := stateOf(3)
	s.Best = &Best{Metric: "loss", Value: 1, Step: 3}
	mustSave(t, run, s, SaveOptions{})
	// A file: in its checkpoint with the state, elsewhere without, and a note when the state disowns it.
	c, err = LoadWeights(filepath.Join(StepDir(run, 3), modelFile))
	if err != nil || !c.HasState || c.State.Step != 3 {
		t.Errorf("file in a checkpoint: %+v, %v", c, err)
	}
	if _, err := Load(filepath.Join(StepDir(run, 3), modelFile)); err == nil || !strings.Contains(err.Error(), "weights only") {
		t.Errorf("resume from a file: %v", err)
	}
	other := filepath.Join(t.TempDir(), "theirs.safetensors")
	model, _ := tensorsOf(8)
	if err := os.WriteFile(other, encodeTensors(t, model, nil), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err = LoadWeights(other)
	if err != nil || c.HasState || c.Dir != filepath.Dir(other) {
		t.Fatalf("other file: %+v, %v", c, err)
	}
	into, _ := tensorsOf(0)
	if err := c.ReadModel(into); err != nil || !reflect.DeepEqual(into, model) {
		t.Errorf("other file: %v, %v", into, err)
	}
	if err := os.WriteFile(filepath.Join(StepDir(run, 3), modelFile), encodeTensors(t, model, nil), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err = LoadWeights(filepath.Join(StepDir(run, 3), modelFile))
	if err != nil || c.HasState || len(c.Notes) != 1 {
		t.Errorf("replaced weights: %+v, %v", c, err)
	}
}

// FuzzState: whatever the text of state.json, reading it never panics, and only a text with its own sum is
// accepted.
func FuzzState(f *testing.F) {
	s := stateFile{State: stateOf(3), Files: map[string]fileSum{modelFile: {1, "a"}, optimizerFile: {2, "b"}}}
	s.FormatVersion = 1
	text, err := s.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format_version": 4}`))
	f.Add([]byte(statePrefix))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := decodeState(text, "state.json")
		switch {
		case err == nil && (s.Step < 0 || !sumMatches(text)):
			t.Fatal("accepted a text without its sum")
		case err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewerFormat):
			t.Fatalf("an error of no kind: %v", err)
		}
		// The same text with a right sum gets past the sum to the parser behind it.
		if len(text) >= len(statePrefix)+sumDigits {
			signed := bytes.Clone(text)
			copy(signed, statePrefix)
			zeros := signed[len(statePrefix):][:sumDigits]
			copy(zeros, bytes.Repeat([]byte{'0'}, sumDigits))
			sum := sha256.Sum256(signed)
			hex.Encode(zeros, sum[:])
			decodeState(signed, "state.json")
		}
	})
}
