package train

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/data/tokenizer"
	"goomtrain/data/tokenizer/bpe"
	"goomtrain/models"
)

// writeTokenizer writes a tokenizer.json that was learned from a text.
func writeTokenizer(t *testing.T, path, text string) {
	t.Helper()
	var c bpe.Counter
	c.Add([]byte(text))
	v, err := bpe.Train(&c, 264)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, v.Encode(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// launchArgs trains by a command line and returns what was printed.
func launchArgs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	call, err := Parse(args)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	_, err = Launch(context.Background(), call.Config, &out)
	return out.String(), err
}

// TestTokenizerFile: a run keeps a copy of the tokenizer's file in its folder and in each checkpoint, and goes on with it
// when the file is gone and the folder has moved, with the same result as a run that did not stop. A changed copy is refused.
func TestTokenizerFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("text.txt"), []byte(strings.Repeat("the cat and the hat sat on the mat; that is that\n", 60)), 0o666); err != nil {
		t.Fatal(err)
	}
	writeTokenizer(t, at("own.json"), "the cat the hat sat that that")
	args := []string{"-preset", "nano", "-data", at("text.txt"), "-tokenizer", at("own.json"), "-seq", "8", "-batch", "2", "-log-every", "1", "-cache-dir", "off", "-sample", "0", "-schedule", "constant"}
	for name, steps := range map[string]int{"whole": 6, "parts": 3} {
		if out, err := launchArgs(t, append(args, "-out", at(name), "-steps", fmt.Sprint(steps))...); err != nil || !strings.Contains(out, "tokenizer.json-") {
			t.Fatal(err, out)
		}
	}
	original, err := os.ReadFile(at("own.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{at("parts/tokenizer.json"), filepath.Join(checkpoints.StepDir(at("parts"), 3), "tokenizer.json")} {
		if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, original) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := os.Remove(at("own.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(at("parts"), at("moved")); err != nil {
		t.Fatal(err)
	}
	if _, err := launchArgs(t, "-resume", at("moved"), "-steps", "6"); err != nil {
		t.Fatal(err)
	}
	sameCheckpoint(t, at("whole"), at("moved"), 6)

	// A checkpoint alone has all that is needed.
	alone := at("alone/step-00000006")
	if err := os.CopyFS(alone, os.DirFS(checkpoints.StepDir(at("moved"), 6))); err != nil {
		t.Fatal(err)
	}
	saved, err := models.Find(alone)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Open(saved.Setting("tokenizer"), saved.Setting("tokenizer-sha256"))
	if err != nil || tok.Vocab() != 264 || saved.Setting("tokenizer") != filepath.Join(alone, "tokenizer.json") {
		t.Errorf("%s: %v", saved.Setting("tokenizer"), err)
	}

	// A new run starts from the weights with their tokenizer.
	if out, err := launchArgs(t, "-init", alone, "-data", at("text.txt"), "-seq", "8", "-batch", "2", "-steps", "1", "-cache-dir", "off", "-sample", "0", "-out", at("tuned")); err != nil || strings.Contains(out, "another meaning") {
		t.Errorf("-init: %v\n%s", err, out)
	}
	if text, err := os.ReadFile(at("tuned/tokenizer.json")); err != nil || !bytes.Equal(text, original) {
		t.Error("the run from -init has no copy of the tokenizer", err)
	}

	// Another file is refused, in the run's folder and as a flag.
	writeTokenizer(t, at("moved/tokenizer.json"), "and on the other and on")
	if _, err := launchArgs(t, "-resume", at("moved"), "-steps", "8"); err == nil || !strings.Contains(err.Error(), "has changed: its SHA-256 is") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a changed copy: %v", err)
	}
	writeTokenizer(t, at("other.json"), "and on the other and on")
	if _, err := launchArgs(t, "-resume", at("whole"), "-steps", "8", "-tokenizer", at("other.json")); err == nil || !strings.Contains(err.Error(), "-tokenizer is "+at("other.json")+", but the run has "+at("own.json")) {
		t.Errorf("another file: %v", err)
	}
	if out, err := launchArgs(t, "-init", alone, "-tokenizer", at("other.json"), "-data", at("text.txt"), "-seq", "8", "-batch", "2", "-steps", "1", "-cache-dir", "off", "-sample", "0", "-out", at("another")); err != nil || !strings.Contains(out, "its tokens have another meaning") {
		t.Errorf("-init with another tokenizer: %v\n%s", err, out)
	}
}

// TestTokenizerSettings: mistakes are named, in one line.
func TestTokenizerSettings(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte(`{"model": {"type": "Unigram", "vocab": {"a": 1}}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"-tokenizer: tokenizer " + bad + ": its model is Unigram": {"-tokenizer", bad},
		"no such file": {"-tokenizer", filepath.Join(dir, "none.model")},
		"-tokenizer-sha256 is that of a file, but -tokenizer is byte": {"-tokenizer-sha256", "12"},
		`-tokenizer "bite": must be one of byte`:                      {"-tokenizer", "bite"},
	} {
		_, err := launchArgs(t, append(args, "-preset", "nano", "-steps", "1", "-out", filepath.Join(dir, "run"))...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one line with %q", err, want)
		}
	}
}
