package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs the command.
func call(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// Example shows the tokens of a text.
func Example() {
	run([]string{"encode", "-tokenizer", "gpt2", "Hello world!"}, nil, os.Stdout, os.Stdout)
	run([]string{"decode", "-tokenizer", "gpt2", "15496", "995", "0"}, nil, os.Stdout, os.Stdout)
	// Output:
	// 15496 995 0
	// Hello world!
}

// TestTrainEncodeDecode: a tokenizer learned from a text has tokens of its words, and gives any text back.
func TestTrainEncodeDecode(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data.jsonl"), filepath.Join(dir, "own.json")
	if err := os.WriteFile(data, []byte(strings.Repeat("{\"body\": \"the theme there\"}\n", 9)+"{\"other\": 1}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"train", "-vocab", "262", "-data", data, "-text-field", "body", "-skip-bad-rows", "1", "-out", file}
	if code, out, errs := call("", args...); code != 0 || !strings.Contains(out, "262 tokens") || !strings.Contains(out, "-tokenizer "+file) {
		t.Fatal(code, out, errs)
	}
	if code, _, errs := call("", args...); code != 1 || !strings.Contains(errs, "exists: give another name, or -replace") {
		t.Error(code, errs)
	}
	if code, _, errs := call("", append(args, "-replace")...); code != 0 {
		t.Error(errs)
	}
	if code, out, errs := call("", "info", "-tokenizer", file, "-data", data, "-text-field", "body", "-skip-bad-rows", "1"); code != 0 ||
		!strings.Contains(out, "vocabulary  262\nseparator   261\n") || !strings.Contains(out, `4 bytes: " the"`) || !strings.Contains(out, "3.000 bytes per token") {
		t.Error(code, out, errs)
	}
	text := "the \xff\nthere"
	code, tokens, errs := call(text, "encode", "-tokenizer", file)
	if code != 0 {
		t.Fatal(errs)
	}
	for _, args := range [][]string{{}, strings.Fields(tokens)} {
		if code, out, errs := call(tokens, append([]string{"decode", "-tokenizer", file}, args...)...); code != 0 || out != text {
			t.Errorf("%q came back as %q, %s", text, out, errs)
		}
	}
}

// TestMistakes are named in one line.
func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, `"tran" is not one of train, info, encode, decode`, []string{"tran"}},
		{2, "-data is missing", []string{"train", "-out", "x.json"}},
		{2, "-out is missing", []string{"train", "-data", dir}},
		{2, "-vocab 256: must be 257 to", []string{"train", "-data", dir, "-out", "x.json", "-vocab", "256"}},
		{2, `unexpected argument "x"`, []string{"train", "-data", dir, "-out", "x.json", "x"}},
		{1, "the name must end in .json", []string{"train", "-data", dir, "-out", "x"}},
		{1, "holds no regular files", []string{"train", "-data", dir, "-out", "x.json"}},
		{2, "-tokenizer is missing", []string{"encode", "x"}},
		{2, `-tokenizer "bite": must be one of byte, gpt2, or the path`, []string{"encode", "-tokenizer", "bite", "x"}},
		{1, "none.json", []string{"info", "-tokenizer", filepath.Join(dir, "none.json")}},
		{1, `256 is not a token: tokens are numbers from 0 to 255`, []string{"decode", "-tokenizer", "byte", "256"}},
		{1, `\x1b is not a token`, []string{"decode", "-tokenizer", "byte", "\x1b"}},
	} {
		code, _, errs := call("", c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q, want %d and %q", c.args, code, errs, c.code, c.want)
		}
	}
	for _, args := range [][]string{{}, {"-h"}, {"train", "-h"}} {
		if code, out, _ := call("", args...); code != 0 || !strings.Contains(out, "-vocab") {
			t.Errorf("%v: %d, %q", args, code, out)
		}
	}
}
