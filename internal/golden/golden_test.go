package golden

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// fakeT records failures instead of failing, so that the recorder's own verdicts can be checked.
type fakeT struct {
	testing.TB
	errors, logs int
	cleanup      []func()
}

func (f *fakeT) Helper()               {}
func (f *fakeT) Errorf(string, ...any) { f.errors++ }
func (f *fakeT) Fatalf(string, ...any) { f.errors++; runtime.Goexit() }
func (f *fakeT) Logf(string, ...any)   { f.logs++ }
func (f *fakeT) Failed() bool          { return f.errors > 0 }
func (f *fakeT) Cleanup(fn func())     { f.cleanup = append(f.cleanup, fn) }
func (f *fakeT) finish() {
	for _, fn := range f.cleanup {
		fn()
	}
}

func double(x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = 2 * v
	}
	return y
}

func TestLoadAndRecord(t *testing.T) {
	t.Setenv("GOLDEN_DIR", "")
	cases := Load(t, "double")
	if len(cases) != 3 {
		t.Fatalf("%d cases, want 3", len(cases))
	}
	c := cases[0]
	if x := c.Input("x"); !reflect.DeepEqual(x.Shape, []int{2, 2}) || !math.IsInf(x.Data[2], 1) || !math.IsNaN(x.Data[3]) {
		t.Errorf("inputs x = %v", x)
	}
	if c.Int("n", 0) != 2 || c.String("kind", "") != "plain" || !c.Bool("flag", false) || c.Float("none", 5) != 5 ||
		!reflect.DeepEqual(c.Floats("list"), []float64{1, 2}) || c.Floats("none") != nil {
		t.Errorf("params read as %v", c.Params)
	}
	r := NewRecorder(t, "double")
	for _, c := range cases {
		r.Forward(t, c, "y", double(c.Input("x").Data), ElementwiseTolerance)
	}
	r.Gradient(t, c, "x", []float64{2, 2, 2, 2}, GradTolerance)
	if want, ok := cases[1].Want("y"); !ok || want.Data[0] != 6 {
		t.Errorf("the exact value must bind: %v %v", want, ok)
	}
	if _, ok := cases[2].Want("y"); ok {
		t.Error("an informative output without an exact value must not bind")
	}
}

func TestRecorderFails(t *testing.T) {
	t.Setenv("GOLDEN_DIR", "")
	cases := Load(t, "double")
	for name, use := range map[string]func(*fakeT, *Recorder){
		"no case":        func(f *fakeT, r *Recorder) {},
		"wrong value":    func(f *fakeT, r *Recorder) { r.Forward(f, cases[1], "y", []float64{7}, Tolerance) },
		"nan":            func(f *fakeT, r *Recorder) { r.Forward(f, cases[1], "y", []float64{math.NaN()}, Tolerance) },
		"wrong length":   func(f *fakeT, r *Recorder) { r.Forward(f, cases[2], "y", nil, Tolerance) },
		"wrong gradient": func(f *fakeT, r *Recorder) { r.Gradient(f, cases[0], "x", []float64{2, 2, 2, 1}, Tolerance) },
	} {
		f := &fakeT{TB: t}
		use(f, NewRecorder(f, "double"))
		f.finish()
		if f.errors == 0 || f.logs != 1 {
			t.Errorf("%s: %d failures and %d lines, want a failure and one line", name, f.errors, f.logs)
		}
	}
}

// TestRecorderCounts: any comparison is enough.
func TestRecorderCounts(t *testing.T) {
	t.Setenv("GOLDEN_DIR", "")
	cases := Load(t, "double")
	for name, use := range map[string]func(*fakeT, *Recorder){
		"value": func(f *fakeT, r *Recorder) { r.Forward(f, cases[1], "y", []float64{6}, Tolerance) },
		"length": func(f *fakeT, r *Recorder) {
			r.Forward(f, cases[2], "y", cases[2].Tensor("outputs", "y").Data, Tolerance)
		},
		"gradient": func(f *fakeT, r *Recorder) { r.Gradient(f, cases[0], "x", []float64{2, 2, 2, 2}, Tolerance) },
	} {
		f := &fakeT{TB: t}
		use(f, NewRecorder(f, "double"))
		f.finish()
		if f.errors != 0 {
			t.Errorf("%s: %d failures", name, f.errors)
		}
	}
}

// TestTensors: the tensors of any kind have names; what a case does not have is not required.
func TestTensors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "states.json")
	body := `{"op": "x", "cases": [{"name": "one", "status": "normative", "states": {"b": {"shape": [1], "data": [2]}, "c": {"shape": [], "data": [3]}, "a": {"shape": [], "data": [1]}}}]}`
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	cases, err := readFile(path, "x")
	if err != nil || len(cases) != 1 || !reflect.DeepEqual(cases[0].Names("states"), []string{"a", "b", "c"}) || cases[0].Tensor("states", "b").Data[0] != 2 {
		t.Fatalf("%v, error %v", cases, err)
	}
	if _, ok := cases[0].Want("y"); ok {
		t.Error("an output that is not there is required")
	}
}

func TestGoldenDir(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile(filepath.Join("testdata", "golden", "double.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hidden.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOLDEN_DIR", dir)
	if n := len(Load(t, "double")); n != 6 {
		t.Errorf("%d cases with GOLDEN_DIR, want 6", n)
	}
	if n := len(Load(t, "other")); n != 0 {
		t.Errorf("%d cases of an unknown op, want 0", n)
	}
}

func TestBadFiles(t *testing.T) {
	for _, body := range []string{
		`{"op": "x", "cases": [{"inputs": {"a": {"shape": [2], "data": [1]}}}]}`,
		`{"op": "x", "cases": [{"inputs": {"a": {"shape": [-1], "data": []}}}]}`,
		`{"op": "x", "cases": [{"inputs": {"a": {"shape": [1], "data": ["one"]}}}]}`,
		`{"op": "x"`,
	} {
		path := filepath.Join(t.TempDir(), "bad.json")
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readFile(path, "x"); err == nil {
			t.Errorf("%s: no error", strings.TrimSpace(body))
		}
		t.Setenv("GOLDEN_DIR", filepath.Dir(path))
		f, done := &fakeT{TB: t}, make(chan bool)
		go func() {
			defer close(done)
			Load(f, "x")
		}()
		if <-done; f.errors == 0 {
			t.Errorf("%s: loaded", strings.TrimSpace(body))
		}
	}
}

func TestMaxRelErr(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		got, want []float64
		err       float64
	}{
		{[]float64{1, 2}, []float64{1, 2}, 0},
		{[]float64{1, 3}, []float64{1, 4}, 0.25},
		{[]float64{0.5}, []float64{0}, 0.5},
		{[]float64{inf, nan, 1}, []float64{inf, nan, 1}, 0},
		{[]float64{-inf}, []float64{inf}, inf},
		{[]float64{nan}, []float64{1}, inf},
		{[]float64{1}, []float64{nan}, inf},
		{[]float64{inf}, []float64{1}, inf},
		{[]float64{1}, []float64{1, 2}, inf},
	} {
		if err := MaxRelErr(c.got, c.want); err != c.err {
			t.Errorf("MaxRelErr(%v, %v) = %v, want %v", c.got, c.want, err, c.err)
		}
	}
}
