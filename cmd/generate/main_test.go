package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/internal/regular/regulartest"
	"goomtrain/train"
)

// Example shows the answer to a call where nothing was trained.
func Example() {
	code := run(context.Background(), nil, &textWriter{out: os.Stdout}, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// generate: no run in the folder runs: train one with go run ./cmd/train, or name a run's folder
	// exit code 1
}

// TestNewestRun: without -from the run that was begun or resumed last writes.
func TestNewestRun(t *testing.T) {
	dir := trained(t, "-sample", "0")
	t.Chdir(t.TempDir())
	for i, name := range []string{"new", "old"} {
		to := filepath.Join("runs", name)
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-time.Duration(i) * time.Hour)
		if err := os.Chtimes(filepath.Join(to, "config.toml"), when, when); err != nil {
			t.Fatal(err)
		}
	}
	if code, got, _, errs := call("-n", "5"); code != 0 || got == "" || !strings.Contains(errs, filepath.Join("runs", "new")) {
		t.Errorf("exit code %d, text %q, %s; want the text of runs/new", code, got, errs)
	}
}

// trained makes a run on a text of more than ASCII, so that characters span tokens.
func trained(t *testing.T, args ...string) string {
	t.Helper()
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("größer als π ≈ 3,14 – naïve Überraschung. ", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	launch(t, append([]string{"-preset", "nano", "-data", text, "-seq", "32", "-batch", "4", "-steps", "30", "-d-emb", "32", "-layers", "1",
		"-eval-every", "15", "-save-every", "15", "-eval-batches", "1", "-out", dir}, args...)...)
	return dir
}

// launch trains as a command line says.
func launch(t *testing.T, args ...string) {
	t.Helper()
	call, err := train.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Launch(context.Background(), call.Config, io.Discard); err != nil {
		t.Fatal(err)
	}
}

// call runs the command in this process.
func call(args ...string) (code int, text, stdout, stderr string) {
	var t, out, errs bytes.Buffer
	code = run(context.Background(), args, &textWriter{out: &t}, &out, &errs)
	return code, t.String(), out.String(), errs.String()
}

// TestTextEndsWithTheContext: learned positions end a text early, with a note and no error.
func TestTextEndsWithTheContext(t *testing.T) {
	dir := trained(t, "-model", "softmax-attention", "-positions", "learned", "-sample", "100")
	code, got, _, errs := call("-from", dir, "-prompt", "ab", "-n", "100")
	if code != 0 || len(got) < 20 || !strings.Contains(errs, "context ends after 29 of the 100 tokens") { // 32, less a separator and the prompt
		t.Errorf("exit code %d, text %q, %s", code, got, errs)
	}
	if code, _, _, errs := call("-from", dir, "-prompt", strings.Repeat("a", 40)); code != 1 || !strings.Contains(errs, "32 positions left") {
		t.Errorf("a prompt beyond the context: exit code %d, %s", code, errs)
	}
}

// TestTextContinuesFromItsState: a text in two calls, over a saved state, is the text of one call;
// the prompt may come in two pieces too. In both precisions, with averaged weights and without.
func TestTextContinuesFromItsState(t *testing.T) {
	for name, args := range map[string][]string{
		"float32":      {"-sample", "0", "-optimizer", "adamw"}, // with Muon the model knows the text by heart
		"float64, ema": {"-sample", "0", "-optimizer", "adamw", "-dtype", "float64", "-ema", "0.5"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, state := trained(t, args...), filepath.Join(t.TempDir(), "state")
			code, whole, _, errs := call("-from", dir, "-prompt", "größer", "-n", "60", "-seed", "7")
			if code != 0 || !strings.HasPrefix(whole, "größer") || !strings.Contains(errs, "tokens/s") {
				t.Fatalf("exit code %d, %s, text %q", code, errs, whole)
			}
			if _, again, _, _ := call("-from", dir, "-prompt", "größer", "-n", "60", "-seed", "8"); again == whole {
				t.Error("another seed gives the same text")
			}
			code, first, _, errs := call("-from", dir, "-prompt", "größ", "-n", "0", "-save-state", state)
			if code != 0 || first != "größ" {
				t.Fatalf("exit code %d, %s, text %q", code, errs, first)
			}
			code, second, _, errs := call("-from", dir, "-load-state", state, "-save-state", state, "-prompt", "er", "-n", "25", "-seed", "7")
			if code != 0 {
				t.Fatal(errs)
			}
			code, third, _, errs := call("-from", dir, "-load-state", state, "-n", "35")
			if code != 0 {
				t.Fatal(errs)
			}
			// A character cut by the end of the second text is written as its bytes: compare those.
			if got := first + second + third; got != whole {
				t.Errorf("in pieces %q\nin one     %q", got, whole)
			}
		})
	}
}

// TestFrom: a run, a checkpoint and a file with its configuration beside it are the same model.
func TestFrom(t *testing.T) {
	dir := trained(t, "-sample", "0")
	lone := t.TempDir()
	for from, to := range map[string]string{filepath.Join(checkpoints.StepDir(dir, 30), "model.safetensors"): "mine.safetensors", filepath.Join(dir, "config.toml"): "config.toml"} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(lone, to), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.CopyFS(moved, os.DirFS(checkpoints.StepDir(dir, 30))); err != nil {
		t.Fatal(err)
	}
	_, want, _, _ := call("-from", checkpoints.StepDir(dir, 30), "-temperature", "0", "-n", "40")
	for _, from := range []string{filepath.Join(dir, "checkpoints", "last"), filepath.Join(checkpoints.StepDir(dir, 30), "model.safetensors"), filepath.Join(lone, "mine.safetensors"), moved} {
		if code, got, _, errs := call("-from", from, "-temperature", "0", "-n", "40"); code != 0 || got != want || got == "" {
			t.Errorf("%s: exit code %d, %stext %q, want %q", from, code, errs, got, want)
		}
	}
	prompt := filepath.Join(lone, "prompt")
	if err := os.WriteFile(prompt, []byte("naïve "), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, got, _, errs := call("-from", dir, "-prompt-file", prompt, "-n", "5"); code != 0 || !strings.HasPrefix(got, "naïve ") {
		t.Errorf("exit code %d, %s, text %q", code, errs, got)
	}
	if code, _, out, _ := call("-h"); code != 0 || !strings.Contains(out, "-temperature") {
		t.Errorf("help: exit code %d\n%s", code, out)
	}
}

func TestMistakes(t *testing.T) {
	dir, other := trained(t, "-sample", "0"), trained(t, "-sample", "0", "-seed", "2")
	state := filepath.Join(t.TempDir(), "state")
	if code, _, _, errs := call("-from", other, "-n", "1", "-save-state", state); code != 0 {
		t.Fatal(errs)
	}
	copying := filepath.Join(t.TempDir(), "copy")
	launch(t, "-preset", "nano", "-task", "copy", "-d-emb", "8", "-layers", "1", "-steps", "1", "-batch", "1", "-eval-batches", "1", "-out", copying)
	lone := filepath.Join(t.TempDir(), "lone.safetensors")
	if data, err := os.ReadFile(filepath.Join(checkpoints.StepDir(dir, 30), "model.safetensors")); err != nil || os.WriteFile(lone, data, 0o644) != nil {
		t.Fatal(err)
	}
	foreign := func(line string) string { // the weights beside a configuration with this line
		folder := t.TempDir()
		weights, err := os.ReadFile(lone)
		config, cerr := os.ReadFile(filepath.Join(dir, checkpoints.ConfigFile))
		name, _, _ := strings.Cut(line, " ")
		config = regexp.MustCompile(`(?m)^`+name+` = .*$`).ReplaceAll(config, []byte(line))
		path := filepath.Join(folder, "model.safetensors")
		if err := errors.Join(err, cerr, os.WriteFile(path, weights, 0o644), os.WriteFile(filepath.Join(folder, checkpoints.ConfigFile), config, 0o644)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{1, "no run in the folder runs", nil},
		{1, "hybrid, classifier; if another module registers it, use the program of that module", []string{"-from", foreign(`model = "leaky-net"`)}},
		{1, "image-pixels; if another module registers it, use the program of that module", []string{"-from", foreign(`task = "quotes"`)}},
		{2, "did you mean -temperature?", []string{"-temprature", "1"}},
		{2, "needs quotes", []string{"-from", dir, "-prompt", "two", "words"}},
		{2, "-prompt contradicts -prompt-file", []string{"-from", dir, "-prompt", "a", "-prompt-file", "b"}},
		{2, "temperature -1", []string{"-from", dir, "-temperature", "-1"}},
		{2, "top-p 2", []string{"-from", dir, "-top-p", "2"}},
		{2, "n -5", []string{"-from", dir, "-n", "-5"}},
		{1, "nosuch", []string{"-from", filepath.Join(dir, "nosuch")}},
		{1, "task copy, which has no text", []string{"-from", copying}},
		{1, "config.toml next to it", []string{"-from", lone}},
		{1, "no such file", []string{"-from", dir, "-prompt-file", filepath.Join(dir, "nosuch")}},
		{1, "saved with other weights", []string{"-from", dir, "-load-state", state}},
		{1, "was not written by -save-state", []string{"-from", dir, "-load-state", lone}},
		{1, "load-state:", []string{"-from", dir, "-load-state", filepath.Join(dir, "config.toml")}},
		{1, "save-state:", []string{"-from", dir, "-n", "1", "-save-state", filepath.Join(dir, "nosuch", "state")}},
	} {
		code, _, _, errs := call(c.args...)
		if lines := strings.Split(strings.TrimSpace(errs), "\n"); code != c.code || !strings.Contains(lines[len(lines)-1], c.want) || strings.Contains(errs, "goroutine") {
			t.Errorf("%v: exit code %d: %s, want %d with %q", c.args, code, errs, c.code, c.want)
		}
	}
}

// TestErrorsAreOneSafeLine: what the user or a run folder names cannot reach the terminal as it is.
func TestErrorsAreOneSafeLine(t *testing.T) {
	for _, args := range [][]string{{"-from", "no\x1b[2Jrun\nfake line"}, {"-\x1b[2J\nfake line"}} {
		code, _, _, errs := call(args...)
		if code == 0 || strings.Contains(errs, "\x1b") || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, `\x1b[2J`) {
			t.Errorf("%q: exit code %d, %q", args, code, errs)
		}
	}
}

// TestOtherPrecision: weights in another precision than the configuration's are refused with advice, and
// the advice works.
func TestOtherPrecision(t *testing.T) {
	run, dir := trained(t, "-sample", "0", "-dtype", "float64"), t.TempDir()
	weights, err := os.ReadFile(filepath.Join(checkpoints.StepDir(run, 30), "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(run, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(dir, "model.safetensors")
	with := func(dtype string) (code int, text, errs string) {
		config = regexp.MustCompile(`dtype = "float.."`).ReplaceAll(config, []byte(dtype))
		if err := errors.Join(os.WriteFile(from, weights, 0o644), os.WriteFile(filepath.Join(dir, "config.toml"), config, 0o644)); err != nil {
			t.Fatal(err)
		}
		code, text, _, errs = call("-from", from, "-n", "5")
		return code, text, errs
	}
	const advice = `dtype = "float64"`
	if code, _, errs := with(`dtype = "float32"`); code != 1 || !strings.Contains(errs, "set "+advice+" in it") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if code, text, errs := with(advice); code != 0 || text == "" {
		t.Errorf("with the advice: exit code %d, %s", code, errs)
	}
}

// TestPipes: no file of a call may be a named pipe, which would make it wait; the prompt may.
func TestPipes(t *testing.T) {
	dir, pipe := trained(t, "-sample", "0"), regulartest.Pipe(t)
	regulartest.AtOnce(t, func() {
		if code, _, _, errs := call("-from", dir, "-load-state", pipe); code != 1 || !strings.Contains(errs, "is a named pipe, not a file") {
			t.Errorf("load-state: exit code %d, %s", code, errs)
		}
		if code, _, _, errs := call("-from", pipe); code != 1 || !strings.Contains(errs, "is neither a run folder") {
			t.Errorf("from: exit code %d, %s", code, errs)
		}
	})
	go os.WriteFile(pipe, []byte("größer"), 0o644)
	if code, got, _, errs := call("-from", dir, "-prompt-file", pipe, "-n", "1"); code != 0 || !strings.HasPrefix(got, "größer") {
		t.Errorf("prompt-file: exit code %d, %q, %s", code, got, errs)
	}
}

// TestWholeCharacters: bytes of one character are held back until it is whole; what can never become
// one goes out.
func TestWholeCharacters(t *testing.T) {
	var out bytes.Buffer
	w := &textWriter{out: &out}
	for i, step := range []struct{ in, want string }{
		{"a", "a"}, {"\xe2", "a"}, {"\x89", "a"}, {"\x88", "a≈"}, {"b\xf0\x9f", "a≈b"}, {"\x98\x80c", "a≈b😀c"}, {"\xff", "a≈b😀c\xff"}, {"\xe2", "a≈b😀c\xff"},
	} {
		if err := w.write([]byte(step.in)); err != nil || out.String() != step.want {
			t.Errorf("after %d pieces: %q, want %q (error %v)", i+1, out.String(), step.want, err)
		}
	}
	if err := w.flush(); err != nil || out.String() != "a≈b😀c\xff\xe2" {
		t.Errorf("at the end %q", out.String())
	}
	out.Reset()
	w = &textWriter{out: &out, terminal: true}
	w.write([]byte("ok\x1b[2J\xff"))
	w.flush()
	if out.String() != "ok\uFFFD[2J\uFFFD\n" {
		t.Errorf("on a terminal %q", out.String())
	}
}

// A full writer takes a number of bytes, and after an error any number.
type full struct{ left int }

func (w *full) Write(text []byte) (int, error) {
	n := min(len(text), w.left)
	if w.left -= n; n < len(text) {
		w.left = math.MaxInt
		return n, errors.New("no space left")
	}
	return n, nil
}

// TestOutputFails: a text that cannot be written whole is an error, wherever it breaks off.
func TestOutputFails(t *testing.T) {
	dir := trained(t, "-sample", "0")
	for _, args := range [][]string{nil, {"-streams", "2"}, {"-json"}} {
		for _, terminal := range []bool{false, true} {
			args := append([]string{"-from", dir, "-prompt", "ab", "-n", "3"}, args...)
			var all, out, errs bytes.Buffer
			if code := run(context.Background(), args, &textWriter{out: &all, terminal: terminal}, &out, &errs); code != 0 {
				t.Fatalf("exit code %d, %s", code, &errs)
			}
			for left := range all.Len() {
				errs.Reset()
				code := run(context.Background(), args, &textWriter{out: &full{left}, terminal: terminal}, &out, &errs)
				if code != 1 || errs.String() != "generate: no space left\n" {
					t.Errorf("%v, terminal %v, %d bytes of %d: exit code %d, %s", args, terminal, left, all.Len(), code, &errs)
				}
			}
		}
	}
}

// TestDamagedAverage: averaged weights are read only from a file that its checkpoint vouches for.
func TestDamagedAverage(t *testing.T) {
	dir := trained(t, "-sample", "0", "-ema", "0.5")
	best, err := checkpoints.BestDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(best, "optimizer.safetensors")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(file[len(file)-len(file)/4:])
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, text, _, errs := call("-from", best, "-n", "5"); code != 1 || text != "" || !strings.Contains(errs, "averaged weights") || !strings.Contains(errs, "damaged") {
		t.Errorf("exit code %d, text %q, %s", code, text, errs)
	}
	if code, _, _, errs := call("-from", best, "-n", "5", "-ema=false"); code != 0 {
		t.Errorf("the last weights: exit code %d, %s", code, errs)
	}
}

// TestClassifiersHaveNoText: a model that classifies, on either task with classes, is refused with one line.
func TestClassifiersHaveNoText(t *testing.T) {
	rows := "text,label\n"
	for i := range 20 {
		rows += fmt.Sprintf("%d,%d\n", i, i%2)
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, model := range []string{"classifier", "goom-rnn"} {
		dir := filepath.Join(t.TempDir(), "run")
		call, err := train.Parse([]string{"-model", model, "-preset", "nano", "-task", "classify", "-data", path, "-steps", "1", "-out", dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := train.Launch(context.Background(), call.Config, io.Discard); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		if code := run(context.Background(), []string{"-from", dir}, &textWriter{out: &out}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "the task classify, which has no text to generate") || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%s: exit code %d, %s%s", model, code, out.String(), errs.String())
		}
	}
}
