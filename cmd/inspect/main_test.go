package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/params"
	"goomtrain/train"
)

// Example shows the answer to a call without a path.
func Example() {
	code := run(nil, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// inspect: no path given: name run folders, checkpoint folders or .safetensors files
	// exit code 2
}

func trained(t *testing.T, name string, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	call, err := train.Parse(append([]string{"-preset", "nano", "-task", "parity", "-d-emb", "8", "-layers", "1", "-batch", "2",
		"-eval-batches", "1", "-eval-every", "3", "-save-every", "3", "-log-every", "1", "-out", dir}, args...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Launch(context.Background(), call.Config, io.Discard); err != nil {
		t.Fatal(err)
	}
	return dir
}

func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

func wants(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestRuns(t *testing.T) {
	one := trained(t, "one", "-steps", "6")
	two := trained(t, "two", "-steps", "4", "-lr", "0.25")
	code, out, errs := call("-metrics", "-config", "-params", one)
	if code != 0 {
		t.Fatal(errs)
	}
	wants(t, out, "goom-rnn, preset nano, on parity", "d-emb 8, layers 1, heads 4, d-head 16, vocab 2", "last step 6", "best validation at step", "accuracy",
		"step-00000006 last", "step  set", "valid-2x", "weight-decay = 0.01", "deviation", "head", "tensors")
	picture := filepath.Join(t.TempDir(), "both.png")
	code, out, errs = call(one, two, "-plot", picture)
	if code != 0 {
		t.Fatal(errs)
	}
	wants(t, out, "losses of 2 runs", "comparison", "best loss", "lr: 0.002 | 0.25", "steps: 6 | 4", "2 differ")
	f, err := os.Open(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := png.Decode(f); err != nil {
		t.Error(err)
	}
	code, out, errs = call(checkpoints.StepDir(one, 3), checkpoints.StepDir(one, 6))
	if code != 0 {
		t.Fatal(errs)
	}
	wants(t, out, "comparison of", "differ, by at most", "0 tensors are equal")
	_, out, _ = call(checkpoints.StepDir(one, 3), filepath.Join(checkpoints.StepDir(one, 3), "model.safetensors"))
	if strings.Contains(out, "differ") || !strings.Contains(out, "tensors are equal") {
		t.Errorf("equal files:\n%s", out)
	}
}

func writeTensors(t *testing.T, name string, arrays ...params.Array) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := checkpoints.WriteTensors(f, arrays, map[string]string{"origin": "elsewhere"}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTensorFiles: statistics and differences of files whose numbers are known.
func TestTensorFiles(t *testing.T) {
	a := writeTensors(t, "a.safetensors",
		params.Array{Name: "w", Shape: []int{2, 2}, Data: []float32{1, 2, 3, float32(math.NaN())}},
		params.Array{Name: "n", Shape: []int{2}, Data: []int64{5, 7}},
		params.Array{Name: "gone", Shape: []int{1}, Data: []uint8{1}},
		params.Array{Name: "cut", Shape: []int{2}, Data: []float64{1, 2}})
	b := writeTensors(t, "b.safetensors",
		params.Array{Name: "w", Shape: []int{2, 2}, Data: []float32{1, 2.5, 3, float32(math.NaN())}},
		params.Array{Name: "n", Shape: []int{2}, Data: []int32{5, 7}},
		params.Array{Name: "new", Shape: []int{1}, Data: []uint8{1}},
		params.Array{Name: "cut", Shape: []int{1}, Data: []float64{1}})
	code, out, errs := call("-params", a, b)
	if code != 0 {
		t.Fatal(errs)
	}
	flat := strings.Join(strings.Fields(out), " ")
	wants(t, flat, "metadata origin: elsewhere", "w F32 [2 2] 4 2 0.8165 1 3 1", "n I64 [2] 2 6 1 5 7 -", "4 tensors, 9 numbers",
		"gone only in the first", "new only in the second", "cut shape [2] | [1]", "n type I64 | I32",
		"w 1 of 4 differ, by at most 0.5 (values up to 2.5)", "0 tensors are equal")
}

func TestMistakes(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte("no tensors here"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "no path given", nil},
		{2, "did you mean -params?", []string{"-parms"}},
		{1, "no such file", []string{"/nosuch"}},
		{1, "neither a run folder", []string{t.TempDir()}},
		{1, "text.txt", []string{text}},
		{1, "plot: no run folder", []string{"-plot", "x.png", text}},
	} {
		code, _, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d: %s, want %d with %q", c.args, code, errs, c.code, c.want)
		}
	}
	if code, out, _ := call("-h"); code != 0 || !strings.Contains(out, "-plot") {
		t.Errorf("help: exit code %d\n%s", code, out)
	}
}
