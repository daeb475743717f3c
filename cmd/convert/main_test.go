package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/train"
)

const tiny = "../../huggingface/testdata/gpt2-tiny"

func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

// TestBothWays: a folder becomes a run and the run a folder. A training starts from the run; none resumes it.
func TestBothWays(t *testing.T) {
	dir := t.TempDir()
	imported, folder := filepath.Join(dir, "run"), filepath.Join(dir, "folder")
	code, out, errs := call("-from", tiny, "-out", imported, "-dtype", "float64")
	if code != 0 || errs != "" || !strings.Contains(out, "softmax-attention of 35712 weights, float64") || !strings.Contains(out, "-init "+imported) || !strings.Contains(out, "generate ") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	code, out, errs = call("-from", imported, "-out", folder, "-shard-size", "100KB")
	if code != 0 || errs != "" || !strings.Contains(out, "as GPT2LMHeadModel to "+folder) || strings.Contains(out, "no tokenizer") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	if shards, _ := filepath.Glob(filepath.Join(folder, "model-*-of-*.safetensors")); len(shards) != 4 { // 286 kB
		t.Errorf("shards %v", shards)
	}
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("the quick brown fox. "), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	launch := func(args ...string) error {
		c, err := train.Parse(append(args, "-data", text, "-batch", "2", "-steps", "1", "-sample", "0"))
		if err == nil {
			_, err = train.Launch(context.Background(), c.Config, io.Discard)
		}
		return err
	}
	if err := launch("-init", imported, "-seq", "32", "-out", filepath.Join(dir, "tuned")); err != nil {
		t.Error(err)
	}
	if err := launch("-resume", imported); err == nil || !strings.Contains(err.Error(), "with -init in place of -resume") {
		t.Error(err)
	}
}

// TestExportsOwn: what is exported may be a checkpoint folder, a run whose last checkpoint is damaged (with a note), or a
// folder of weights with config.toml.
func TestExportsOwn(t *testing.T) {
	dir := t.TempDir()
	run := filepath.Join(dir, "run")
	if code, _, errs := call("-from", tiny, "-out", run); code != 0 {
		t.Fatal(errs)
	}
	step := filepath.Join(run, "checkpoints", "step-00000000")
	if code, out, errs := call("-from", step, "-out", filepath.Join(dir, "one")); code != 0 || !strings.HasPrefix(out, "exported ") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	later := filepath.Join(run, "checkpoints", "step-00000001")
	if err := os.CopyFS(later, os.DirFS(step)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(later, "model.safetensors"), 100); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call("-from", run, "-out", filepath.Join(dir, "two")); code != 0 || !strings.HasPrefix(out, "exported ") || !strings.HasPrefix(errs, "note: ") || !strings.Contains(errs, later) {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	bare := filepath.Join(dir, "bare")
	if err := os.Mkdir(bare, 0o755); err != nil {
		t.Fatal(err)
	}
	for from, name := range map[string]string{step: "model.safetensors", run: "config.toml"} {
		if err := os.Link(filepath.Join(from, name), filepath.Join(bare, name)); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := call("-from", bare, "-out", filepath.Join(dir, "three")); code != 0 || !strings.HasPrefix(out, "exported ") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
}

// TestNoTokenizer: a model of a task without text is exported without a tokenizer, and the command says so.
func TestNoTokenizer(t *testing.T) {
	dir := t.TempDir()
	c, err := train.Parse([]string{"-preset", "nano", "-task", "parity", "-seq", "8", "-batch", "2", "-steps", "1", "-out", filepath.Join(dir, "run")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train.Launch(context.Background(), c.Config, io.Discard); err != nil {
		t.Fatal(err)
	}
	folder, back := filepath.Join(dir, "folder"), filepath.Join(dir, "back")
	if code, out, errs := call("-from", filepath.Join(dir, "run"), "-out", folder); code != 0 || !strings.Contains(out, "no tokenizer.json") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	if code, out, errs := call("-from", folder, "-out", back); code != 0 || strings.Contains(out, "generate ") || !strings.HasSuffix(out, "-init "+back+"\n") { // a length of any size
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
}

// TestUsage: wrong flags are errors of one line with exit code 2, and files that cannot be converted with 1.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	out, bare := filepath.Join(dir, "out"), filepath.Join(dir, "bare")
	if err := os.Mkdir(bare, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bare, "model.safetensors"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "give both -from and -out", []string{"-from", tiny}},
		{2, "give both -from and -out", []string{"-out", out}},
		{2, `unexpected argument "x"`, []string{"-from", tiny, "-out", out, "x"}},
		{2, "did you mean -dtype?", []string{"-from", tiny, "-out", out, "-dtpye", "float64"}},
		{2, `-dtype "float16": must be one of`, []string{"-from", tiny, "-out", out, "-dtype", "float16"}},
		{2, "-dtype: only an import has it", []string{"-from", dir, "-out", out, "-dtype", "float32"}},
		{2, "-tokenizer: only an import has it", []string{"-from", dir, "-out", out, "-tokenizer", "byte"}},
		{2, "-shard-size: only an export has it", []string{"-from", tiny, "-out", out, "-shard-size", "1GB"}},
		{2, `-shard-size "5": must be`, []string{"-from", dir, "-out", out, "-shard-size", "5"}},
		{1, "no checkpoint", []string{"-from", dir, "-out", out}},
		{1, "none does not exist", []string{"-from", filepath.Join(dir, "none"), "-out", out}},
		{1, "none does not exist", []string{"-from", filepath.Join(dir, "none"), "-out", out, "-dtype", "float32"}},
		{1, "config.json: no such file", []string{"-from", bare, "-out", out}},
		{1, `tokenizer "mine"`, []string{"-from", tiny, "-out", out, "-tokenizer", "mine"}},
		{1, "already exists", []string{"-from", tiny, "-out", dir}},
	} {
		code, stdout, errs := call(c.args...)
		if code != c.code || stdout != "" || !strings.HasPrefix(errs, "convert: ") || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q, want %d with %q", c.args, code, errs, c.code, c.want)
		}
	}
	if code, stdout, _ := call("-h"); code != 0 || !strings.HasPrefix(stdout, "Usage: go run ./cmd/convert ") || !strings.Contains(stdout, "-shard-size") {
		t.Errorf("help: exit code %d, %s", code, stdout)
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{"5GB": 5e9, "1000000GB": 1e15, "1000001GB": 0, "1.5mb": 15e5, "0.001KB": 1, "0.0009KB": 0, "2KB": 2000, "0GB": 0, "-1GB": 0, "NaNGB": 0, "1e30GB": 0, "GB": 0, "": 0, "7": 0} {
		if got, err := bytesOf(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %d, error %v, want %d", text, got, err, want)
		}
	}
}

// Example shows what an import prints.
func Example() {
	dir, err := os.MkdirTemp("", "convert")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	var out bytes.Buffer
	run([]string{"-from", tiny, "-out", filepath.Join(dir, "run")}, &out, &out)
	fmt.Print(strings.ReplaceAll(out.String(), dir, "runs"))
	// Output:
	// imported ../../huggingface/testdata/gpt2-tiny: softmax-attention of 35712 weights, float32
	// checkpoint  runs/run/checkpoints/step-00000000
	// generate    go run ./cmd/generate -from runs/run
	// train       go run ./cmd/train -init runs/run -seq 64
}
