package checkpoints

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"goomtrain/internal/atomicfile"
	"goomtrain/params"
)

// tensorsOf gives every step its own values, so that a test sees whose tensors it got.
func tensorsOf(step int64) (model, optimizer []params.Array) {
	f := float32(step)
	model = []params.Array{{Name: "w", Shape: []int{2, 2}, Data: []float32{f, -f, f / 2, 1}}, {Name: "b", Shape: []int{1}, Data: []float32{f + 1}}}
	optimizer = []params.Array{{Name: "w.m", Shape: []int{2, 2}, Data: []float32{f, f, f, f}}, {Name: "step", Shape: []int{}, Data: []int64{step}}}
	return model, optimizer
}

func stateOf(step int64) State {
	return State{Progress: Progress{Step: step, Tokens: step * 64, ElapsedSeconds: 0.5 * float64(step), Patience: 1, Evaluated: true, Skipped: 2},
		Data:            json.RawMessage(`{"batches":{"seed":18446744073709551615,"stream":"<b>","counter":7}}`),
		DataFingerprint: "f00d", Config: "model = \"goom-rnn\"\n", DType: "float32"}
}

func mustSave(t *testing.T, runDir string, s State, opt SaveOptions) string {
	t.Helper()
	model, optimizer := tensorsOf(s.Step)
	dir, err := Save(runDir, s, model, optimizer, opt)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// mustBeWhole loads path and checks that state and tensors are all of the same step, which it returns.
func mustBeWhole(t *testing.T, path string) (*Checkpoint, int64) {
	t.Helper()
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	wantModel, wantOptimizer := tensorsOf(c.State.Step)
	model, optimizer := tensorsOf(-1)
	if err := errors.Join(c.ReadModel(model), c.ReadOptimizer(optimizer)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(model, wantModel) || !reflect.DeepEqual(optimizer, wantOptimizer) {
		t.Fatalf("step %d holds other tensors: %v %v", c.State.Step, model, optimizer)
	}
	return c, c.State.Step
}

// steps lists the folders of a run, "last" and "best" behind the one they point to, anything else by name.
func steps(t *testing.T, runDir string) string {
	t.Helper()
	entries, err := os.ReadDir(root(runDir))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	last, best := linkTarget(root(runDir), "last"), linkTarget(root(runDir), "best")
	for _, e := range entries {
		step, ok := parseStep(e.Name())
		switch name := e.Name(); {
		case ok:
			text := fmt.Sprint(step)
			if name == last {
				text += "(last)"
			}
			if name == best {
				text += "(best)"
			}
			out = append(out, text)
		case name == "last" || name == "best":
		default:
			out = append(out, name)
		}
	}
	return strings.Join(out, " ")
}

func TestSaveAndLoad(t *testing.T) {
	run := filepath.Join(t.TempDir(), "runs", "one")
	want := stateOf(100)
	want.Best = &Best{"valid loss", 1.25, 1.5, 100}
	dir := mustSave(t, run, want, SaveOptions{})
	if wantDir := filepath.Join(run, "checkpoints", "step-00000100"); dir != wantDir || StepDir(run, 100) != wantDir {
		t.Errorf("saved in %s, want %s", dir, wantDir)
	}
	for _, path := range []string{run, root(run), dir, filepath.Join(root(run), "last"), filepath.Join(root(run), "best")} {
		c, _ := mustBeWhole(t, path)
		got := c.State
		if got.FormatVersion != FormatVersion || got.Serial != 1 || time.Since(got.SavedAt) > time.Hour {
			t.Errorf("%s: version %d, serial %d, saved at %v", path, got.FormatVersion, got.Serial, got.SavedAt)
		}
		got.FormatVersion, got.Serial, got.SavedAt = 0, 0, time.Time{}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: state\n%+v, want\n%+v", path, got, want)
		}
		if filepath.Base(c.Dir) != "step-00000100" || len(c.Notes) != 0 || !c.HasState {
			t.Errorf("%s: %+v", path, c)
		}
	}
	if link, err := os.Readlink(filepath.Join(root(run), "last")); err != nil || link != "step-00000100" {
		t.Errorf("last is not a relative link: %q, %v", link, err)
	}
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(run, moved); err != nil {
		t.Fatal(err)
	}
	mustBeWhole(t, filepath.Join(moved, "checkpoints", "best"))
}

// Tensor files depend on the values alone: not on time, place, or the order of the arrays.
func TestTensorFilesAreReproducible(t *testing.T) {
	var files [2][]byte
	for i := range files {
		s := stateOf(3)
		s.ElapsedSeconds = float64(i)
		dir := mustSave(t, t.TempDir(), s, SaveOptions{})
		for _, name := range []string{modelFile, optimizerFile} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files[i] = append(files[i], b...)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two saves of the same tensors differ")
	}
}

func TestRetention(t *testing.T) {
	run := t.TempDir()
	bestAt := map[int64]int64{10: 10, 20: 10, 30: 30, 40: 30, 50: 30, 60: 30, 70: 70, 80: 70, 90: 70}
	want := map[int64]string{
		10: "10(last)(best)", 20: "10(best) 20(last)", 30: "20 30(last)(best)", 40: "30(best) 40(last)", 50: "30(best) 40 50(last)",
		60: "30(best) 50 60(last)", 70: "60 70(last)(best)", 80: "70(best) 80(last)", 90: "70(best) 80 90(last)",
	}
	for step := int64(10); step <= 90; step += 10 {
		s := stateOf(step)
		s.Best = &Best{Metric: "loss", Value: 1, Step: bestAt[step]}
		mustSave(t, run, s, SaveOptions{Keep: 2})
		if got := steps(t, run); got != want[step] {
			t.Errorf("after step %d: %s, want %s", step, got, want[step])
		}
	}
	// The link best was moved elsewhere: the newest state protects what is best, and the next save mends the link.
	if err := errors.Join(os.Remove(filepath.Join(root(run), "best")), atomicfile.Point(filepath.Join(root(run), "best"), "step-00000080")); err != nil {
		t.Fatal(err)
	}
	for step := int64(100); step <= 130; step += 10 {
		s := stateOf(step)
		s.Best = &Best{Metric: "loss", Value: 1, Step: 70}
		mustSave(t, run, s, SaveOptions{Keep: 1})
	}
	if got := steps(t, run); got != "70(best) 130(last)" {
		t.Errorf("with another link: %s", got)
	}
}

// What the program does not understand it never removes; leftovers of killed saves it does.
func TestCleaningAndStrangers(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(1), SaveOptions{})
	put := func(name string) {
		dir := filepath.Join(root(run), name)
		if err := errors.Join(os.Mkdir(dir, 0o777), os.WriteFile(filepath.Join(dir, "model.safetensors"), nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".tmp-step-00000002-x", ".trash-step-00000000-x", ".aside-step-00000001", "step-00000000", "mine", "step-7"} {
		put(name)
	}
	stray := filepath.Join(StepDir(run, 1), ".tmp-state.json-x")
	if err := os.WriteFile(stray, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	for step := int64(2); step < 5; step++ {
		mustSave(t, run, stateOf(step), SaveOptions{Keep: 1})
		if step == 2 && exists(stray) {
			t.Error("a stray temporary file stayed in a checkpoint")
		}
	}
	if got := steps(t, run); got != "mine 0 4(last) step-7" {
		t.Errorf("left: %s", got)
	}
}

// The save of a step that is there replaces it, and is the newest even if higher steps exist: a run
// resumed from an earlier checkpoint goes on from where it got to.
func TestSameStepAndResumedRuns(t *testing.T) {
	run := t.TempDir()
	for _, step := range []int64{100, 200, 300} {
		mustSave(t, run, stateOf(step), SaveOptions{})
	}
	s := stateOf(200)
	s.Patience = 9
	mustSave(t, run, s, SaveOptions{})
	c, step := mustBeWhole(t, run)
	if step != 200 || c.State.Patience != 9 || c.State.Serial != 4 {
		t.Errorf("newest is step %d, patience %d, serial %d", step, c.State.Patience, c.State.Serial)
	}
	if latest, err := Latest(run); err != nil || latest != StepDir(run, 200) {
		t.Errorf("Latest = %s, %v", latest, err)
	}
	if got := steps(t, run); got != "100 200(last) 300" {
		t.Errorf("folders: %s", got)
	}
}

func TestUpdateState(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(10), SaveOptions{})
	if _, err := BestDir(run); !errors.Is(err, ErrNone) {
		t.Errorf("best before any evaluation: %v", err)
	}
	s := stateOf(10)
	s.Best, s.Patience = &Best{Metric: "loss", Value: 2, Step: 10}, 0
	if err := UpdateState(run, s); err != nil {
		t.Fatal(err)
	}
	c, _ := mustBeWhole(t, run)
	if c.State.Patience != 0 || c.State.Best.Value != 2 || c.State.Serial != 1 {
		t.Errorf("state %+v", c.State)
	}
	if best, err := BestDir(run); err != nil || best != StepDir(run, 10) {
		t.Errorf("BestDir = %s, %v", best, err)
	}
	if err := UpdateState(run, stateOf(11)); err == nil || !strings.Contains(err.Error(), "step-00000011") {
		t.Errorf("no such checkpoint: %v", err)
	}
}

func TestSaveRefusesABadState(t *testing.T) {
	for name, change := range map[string]func(*State){
		"elapsed seconds are NaN":  func(s *State) { s.ElapsedSeconds = math.NaN() },
		"the running loss is +Inf": func(s *State) { s.Running = &Running{Loss: math.Inf(1)} },
		"best loss is +Inf":        func(s *State) { s.Best = &Best{Metric: "loss", Value: math.Inf(1), Step: 1} },
		"best loss is NaN":         func(s *State) { s.Best = &Best{Metric: "loss", Value: math.NaN(), Step: 1} },
		"best loss is -Inf":        func(s *State) { s.Ended = &Best{Metric: "loss", Value: math.Inf(-1), Step: 1} },
		"best ended is NaN":        func(s *State) { s.Ended = &Best{Metric: "ended", Value: math.NaN(), Step: 1} },
		"the running loss is NaN":  func(s *State) { s.Running = &Running{Loss: math.NaN()} },
		"elapsed seconds are +Inf": func(s *State) { s.ElapsedSeconds = math.Inf(1) },
		"data is not JSON":         func(s *State) { s.Data = json.RawMessage("\x01") },
		"step -1":                  func(s *State) { s.Step = -1 },
	} {
		run := t.TempDir()
		s := stateOf(1)
		change(&s)
		model, optimizer := tensorsOf(1)
		if dir, err := Save(run, s, model, optimizer, SaveOptions{}); err == nil || dir != "" || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %q, %v", name, dir, err)
		}
		if entries, _ := os.ReadDir(root(run)); len(entries) > 0 {
			t.Errorf("%s: left %v", name, entries)
		}
	}
}

// A file system without symbolic links: the links are text files that everything understands.
func TestTextLinks(t *testing.T) {
	run := t.TempDir()
	s := stateOf(5)
	s.Best = &Best{Metric: "loss", Value: 1, Step: 5}
	mustSave(t, run, s, SaveOptions{})
	for _, link := range []string{"last", "best"} {
		path := filepath.Join(root(run), link)
		if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("step-00000005\r\n"), 0o666)); err != nil {
			t.Fatal(err)
		}
		mustBeWhole(t, path)
	}
	if dir, err := BestDir(run); err != nil || dir != StepDir(run, 5) {
		t.Errorf("BestDir = %s, %v", dir, err)
	}
	for _, step := range []int64{6, 7} {
		mustSave(t, run, stateOf(step), SaveOptions{Keep: 1})
	}
	if got := steps(t, run); got != "5(best) 7(last)" {
		t.Errorf("folders: %s", got)
	}
	// A link is not a way out of the run folder.
	for _, target := range []string{"../../etc", "/etc", "step-00000005/../../x", "", ".."} {
		path := filepath.Join(root(run), "best")
		if err := os.WriteFile(path, []byte(target), 0o666); err != nil {
			t.Fatal(err)
		}
		if dir, err := BestDir(run); !errors.Is(err, ErrNone) {
			t.Errorf("best -> %q: %s, %v", target, dir, err)
		}
		if _, err := Load(path); err == nil {
			t.Errorf("loaded best -> %q", target)
		}
	}
}

// TestClosedSaver: a Saver that is closed saves nothing, and says so.
func TestClosedSaver(t *testing.T) {
	run := t.TempDir()
	model, optimizer := tensorsOf(1)
	s := NewSaver(run, SaveOptions{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"Reserve": s.Reserve(model, optimizer), "Submit": s.Submit(stateOf(1), model, optimizer), "Propose": s.Propose(stateOf(1), model, optimizer), "Update": s.Update(stateOf(1)),
	} {
		if !errors.Is(err, errClosed) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := os.Stat(root(run)); err == nil {
		t.Error("something was saved")
	}
}

// TestListNamesARenamedFolder: a checkpoint under the number of another step is listed as damaged.
func TestListNamesARenamedFolder(t *testing.T) {
	run := t.TempDir()
	mustSave(t, run, stateOf(5), SaveOptions{})
	if err := os.Rename(StepDir(run, 5), StepDir(run, 6)); err != nil {
		t.Fatal(err)
	}
	entries, err := List(run)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%+v, error %v", entries, err)
	}
	if err := entries[0].Err; !errors.Is(err, ErrCorrupt) || !strings.HasSuffix(err.Error(), "it is of step 5, but the folder is named for step 6; rename the folder to step-00000005") {
		t.Errorf("error %v", err)
	}
}

// TestImpossibleStates: a state whose checksum matches can still say what no program has written.
func TestImpossibleStates(t *testing.T) {
	files := map[string]fileSum{modelFile: {}, optimizerFile: {}}
	for want, s := range map[string]stateFile{
		"": {State: State{FormatVersion: FormatVersion}, Files: files},
		"format_version 0 and step 3 are impossible":     {State: State{Progress: Progress{Step: 3}}, Files: files},
		"format_version -1 and step 0 are impossible":    {State: State{FormatVersion: -1}, Files: files},
		"format_version 2 and step -1 are impossible":    {State: State{FormatVersion: FormatVersion, Progress: Progress{Step: -1}}, Files: files},
		"it has no checksum of model.safetensors":        {State: State{FormatVersion: FormatVersion}, Files: map[string]fileSum{optimizerFile: {}}},
		"it has no checksum of optimizer.safetensors":    {State: State{FormatVersion: FormatVersion}, Files: map[string]fileSum{modelFile: {}}},
		"its format_version is 4 and this program knows": {State: State{FormatVersion: dividedVersion + 1}, Files: files},
	} {
		text, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeState(text, "state.json"); want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), "state.json: "+want)) {
			t.Errorf("error %v, want %q", err, want)
		}
		if want == "" {
			text[len(text)-3] ^= 1 // a bit of what the checksum is of
			if _, err := decodeState(text, "state.json"); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "does not match its checksum") {
				t.Errorf("a state that is damaged: error %v", err)
			}
		}
	}
}
