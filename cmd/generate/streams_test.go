package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"goomtrain/models"
)

// lines returns the JSON objects that a call has printed.
func lines(t *testing.T, args ...string) (all []line) {
	t.Helper()
	code, text, _, errs := call(append(args, "-json")...)
	if code != 0 {
		t.Fatalf("%v: exit code %d, %s", args, code, errs)
	}
	for l := range strings.Lines(text) {
		var one line
		if err := json.Unmarshal([]byte(l), &one); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		all = append(all, one)
	}
	return all
}

// valid is a text as JSON has it.
func valid(text string) string { return string([]rune(text)) }

type line struct {
	Prompt, Text   string
	Stream, Tokens int
	Ended          bool
}

// TestStreamsOfEveryModel: a stream's text is the same among any number of others, and the first is that of a call without
// -streams. So for every model, for several ways to draw.
func TestStreamsOfEveryModel(t *testing.T) {
	for _, name := range models.Names() {
		c, err := models.NewConfig(name, "nano")
		if err != nil || c.Classifies() {
			continue
		}
		var more []string
		if name == "hybrid" {
			more = []string{"-pattern", "gated-delta"} // by default it has two mixers, but the run one layer
		}
		t.Run(name, func(t *testing.T) {
			dir := trained(t, append([]string{"-model", name, "-sample", "0"}, more...)...)
			for _, draw := range [][]string{{"-temperature", "0"}, {"-top-p", "0.9", "-temperature", "3", "-seed", "5"}, {"-temperature", "1.5", "-top-k", "20"}} {
				args := append([]string{"-from", dir, "-prompt", "größer ", "-n", "50"}, draw...)
				code, single, _, errs := call(args...)
				if code != 0 {
					t.Fatal(errs)
				}
				few, many := lines(t, append(args, "-streams", "2")...), lines(t, append(args, "-streams", "7")...)
				if len(few) != 2 || len(many) != 7 || few[0] != many[0] || few[1] != many[1] {
					t.Errorf("%v: of 2 streams %+v, of 7 %+v", draw, few, many)
				}
				if whole := many[0].Prompt + many[0].Text; valid(single) != whole {
					t.Errorf("%v: alone %q, as the first stream %q", draw, single, whole)
				}
				distinct := map[string]bool{}
				for i, l := range many {
					distinct[l.Text] = true
					if l.Stream != i+1 || l.Tokens != 50 || l.Ended || l.Prompt != "größer " {
						t.Errorf("line %d: %+v", i, l)
					}
				}
				if greedy := draw[1] == "0"; len(distinct) != 1 && greedy || len(distinct) == 1 && !greedy {
					t.Errorf("%v: %d different texts of 7", draw, len(distinct))
				}
			}
		})
	}
}

// TestPrompts: each line of a file gets the texts that it gets alone, whether the model counts positions or not.
func TestPrompts(t *testing.T) {
	for _, name := range []string{"goom-rnn", "softmax-attention"} {
		t.Run(name, func(t *testing.T) {
			dir, file := trained(t, "-model", name, "-sample", "0"), filepath.Join(t.TempDir(), "prompts")
			prompts := []string{"größer", "als", "π ≈", "naïve Überraschung", "als"}
			if err := os.WriteFile(file, []byte("\ufeff"+prompts[0]+"\r\n\n"+strings.Join(prompts[1:], "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
			got := lines(t, "-from", dir, "-prompts", file, "-streams", "3", "-n", "30")
			if len(got) != 15 {
				t.Fatalf("%d texts of 5 prompts, want 15", len(got))
			}
			for i, prompt := range prompts {
				for s, want := range lines(t, "-from", dir, "-prompt", prompt, "-streams", "3", "-n", "30") {
					if got[3*i+s] != want {
						t.Errorf("prompt %d: %+v, alone %+v", i+1, got[3*i+s], want)
					}
				}
			}
			got = lines(t, "-from", dir, "-prompts", file, "-streams", "100", "-n", "2") // more than are generated together
			if len(got) != 500 {
				t.Fatalf("%d texts of 5 prompts, want 500", len(got))
			}
			for i, prompt := range prompts {
				for s, want := range lines(t, "-from", dir, "-prompt", prompt, "-streams", "100", "-n", "2") {
					if got[100*i+s] != want {
						t.Errorf("prompt %d: %+v, alone %+v", i+1, got[100*i+s], want)
					}
				}
			}
			code, text, _, errs := call("-from", dir, "-prompts", file, "-streams", "2", "-n", "3")
			if code != 0 || strings.Count(text, "--- prompt ") != 10 || !strings.HasPrefix(text, "--- prompt 1, stream 1 ---\ngrößer") ||
				!strings.Contains(text, "\n--- prompt 5, stream 2 ---\nals") || !strings.HasSuffix(text, "\n") || !strings.Contains(errs, "30 tokens of 10 texts written at") {
				t.Errorf("exit code %d, %s, text\n%s", code, errs, text)
			}
			if _, text, _, _ := call("-from", dir, "-prompts", file, "-n", "3"); !strings.Contains(text, "\n--- prompt 4 ---\nnaïve") {
				t.Errorf("text\n%s", text)
			}
			if err := os.WriteFile(file, []byte("als\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, text, _, _ := call("-from", dir, "-prompts", file, "-n", "3"); !strings.HasPrefix(text, "als") { // a single text has no title
				t.Errorf("text\n%s", text)
			}
			if _, text, _, _ := call("-from", dir, "-streams", "2", "-n", "3"); !strings.HasPrefix(text, "--- stream 1 ---\n") || !strings.Contains(text, "\n--- stream 2 ---\n") {
				t.Errorf("text\n%s", text)
			}
		})
	}
}

// TestStop: texts end where a document begins, each for itself, and the others stay as they are.
func TestStop(t *testing.T) {
	folder := t.TempDir()
	for i := range 200 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.txt", i)), []byte(strings.Repeat("ab", 8+i%3)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		dir := filepath.Join(t.TempDir(), "run")
		launch(t, append([]string{"-preset", "nano", "-data", folder, "-seq", "8", "-batch", "4", "-steps", "40", "-d-emb", "16", "-layers", "1", "-eval-batches", "1",
			"-sample", "0", "-out", dir}, args...)...)
		return dir
	}
	dir := run()
	if got := lines(t, "-from", dir, "-n", "300", "-stop"); !got[0].Ended {
		t.Errorf("a model that reads on ends no text: %+v", got)
	}
	if got := lines(t, "-from", dir, "-n", "300"); got[0].Ended || got[0].Tokens != 300 {
		t.Errorf("without -stop: %+v", got)
	}
	if _, _, _, errs := call("-from", dir, "-n", "300"); !strings.Contains(errs, "300 written") {
		t.Errorf("without -stop, alone: %s", errs)
	}
	dir = run("-reset-documents")
	args := []string{"-from", dir, "-n", "40", "-temperature", "1.5"}
	got := lines(t, append(args, "-stop", "-streams", "12")...)
	ended := 0
	for i, l := range got {
		if l.Ended {
			ended++
		}
		if l.Ended == (l.Tokens == 40) {
			t.Errorf("stream %d: %+v", i+1, l)
		}
	}
	if ended == 0 {
		t.Error("no text ends: the test says nothing")
	}
	for _, n := range []string{"1", "5"} {
		for i, l := range lines(t, append(args, "-stop", "-streams", n)...) {
			if l != got[i] {
				t.Errorf("of %s streams %+v, of 12 %+v", n, l, got[i])
			}
		}
	}
	_, single, _, errs := call(append(args, "-stop")...)
	if valid(single) != got[0].Text || !got[0].Ended && !strings.Contains(errs, "40 written") {
		t.Errorf("alone %q, as a stream %+v; %s", single, got[0], errs)
	}
	if code, _, _, errs := call(append(args, "-streams", "2")...); code != 1 || !strings.Contains(errs, "add -stop") {
		t.Errorf("without -stop: exit code %d, %s", code, errs)
	}
}

// TestStopAtDocumentStart: documents that begin with a token of their own, such as lines, end texts too.
func TestStopAtDocumentStart(t *testing.T) {
	dir := trained(t, "-sample", "0", "-reset-documents", "-document-start", "32")
	args := []string{"-from", dir, "-n", "3000", "-temperature", "1.5", "-stop"}
	got := lines(t, append(args, "-streams", "5")...)
	for i, l := range got {
		if !l.Ended || strings.Contains(l.Text, " ") {
			t.Errorf("stream %d does not end at a space: %+v", i+1, l)
		}
	}
	if _, single, _, _ := call(args...); valid(single) != got[0].Text {
		t.Errorf("alone %q, as a stream %q", single, got[0].Text)
	}
}

// TestJSONPrints: a prompt cannot control the terminal.
func TestJSONPrints(t *testing.T) {
	const prompt = "a\x1b[2J\u009b31m\u202e\x7f\u2028<&>"
	dir := trained(t, "-sample", "0")
	code, text, _, errs := call("-from", dir, "-prompt", prompt, "-n", "3", "-json")
	if start := `{"prompt":"a\u001b[2J\u009b31m\u202e\u007f\u2028<&>",`; code != 0 || !strings.HasPrefix(text, start) {
		t.Errorf("exit code %d, %s, %s, want %s", code, errs, text, start)
	}
	if got := lines(t, "-from", dir, "-prompt", prompt, "-n", "3"); got[0].Prompt != prompt {
		t.Errorf("prompt %q, want %q", got[0].Prompt, prompt)
	}
}

// TestDefaults: a call with the defaults that the help names gives the same text as one without.
func TestDefaults(t *testing.T) {
	dir := trained(t, "-sample", "0")
	got, want := lines(t, "-from", dir), lines(t, "-from", dir, "-n", "200", "-streams", "1", "-temperature", "0.8", "-top-k", "0", "-top-p", "1", "-seed", "1", "-ema")
	if len(got) != 1 || len(want) != 1 || got[0] != want[0] {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestStreamsEndWithTheContext: learned positions end all texts.
func TestStreamsEndWithTheContext(t *testing.T) {
	dir := trained(t, "-model", "softmax-attention", "-positions", "learned", "-sample", "0")
	code, text, _, errs := call("-from", dir, "-prompt", "ab", "-n", "100", "-streams", "3", "-json")
	if code != 0 || strings.Count(text, `"tokens":29`) != 3 || !strings.Contains(errs, "context ends after 29 of the 100 tokens") {
		t.Errorf("exit code %d, text %q, %s", code, text, errs)
	}
	if code, _, _, errs := call("-from", dir, "-prompt", strings.Repeat("a", 40), "-streams", "2"); code != 1 || !strings.Contains(errs, "32 positions left") {
		t.Errorf("a prompt beyond the context: exit code %d, %s", code, errs)
	} else if strings.Contains(errs, "prompt 1") {
		t.Errorf("the only prompt has a number: %s", errs)
	}
	file := filepath.Join(t.TempDir(), "prompts")
	if err := os.WriteFile(file, []byte("a\n"+strings.Repeat("a", 40)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, _, errs := call("-from", dir, "-prompts", file); code != 1 || !strings.Contains(errs, "generate: prompt 2: ") {
		t.Errorf("a prompt beyond the context: exit code %d, %s", code, errs)
	}
	if err := os.WriteFile(file, []byte(strings.Repeat("a", 40)+"\na\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, _, errs := call("-from", dir, "-prompts", file, "-streams", "256"); code != 1 || !strings.Contains(errs, "generate: prompt 1: ") {
		t.Errorf("a prompt beyond the context, before another that is read later: exit code %d, %s", code, errs)
	}
}

func TestStreamsMistakes(t *testing.T) {
	dir, empty := trained(t, "-model", "softmax-attention", "-sample", "0"), filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{2, "streams 0", []string{"-streams", "0"}},
		{2, "streams 5000", []string{"-streams", "5000"}},
		{2, "-prompts contradicts", []string{"-prompts", empty, "-prompt", "a"}},
		{2, "are for a single text", []string{"-streams", "2", "-save-state", "x"}},
		{2, "are for a single text", []string{"-json", "-load-state", "x"}},
		{2, "leave out -stop", []string{"-stop", "-save-state", "x"}},
		{1, "no line has a prompt", []string{"-prompts", empty}},
		{1, "no such file", []string{"-prompts", empty + "x"}},
		{1, "of 1000000001 tokens need about 2.23e+06 GB, but the machine has ", []string{"-streams", "4096", "-n", "1000000000"}}, // 4096 times 4 heads of 17 + 17 float32
	} {
		code, _, _, errs := call(append([]string{"-from", dir}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d: %s, want %d with %q", c.args, code, errs, c.code, c.want)
		}
	}
}

// stopping is a writer, or a context, that an interrupt follows.
type stopping struct {
	bytes.Buffer
	after  int // bytes
	cancel func()
}

func (w *stopping) Write(text []byte) (int, error) {
	if w.Len() >= w.after {
		w.cancel()
	}
	return w.Buffer.Write(text)
}

// counting is a context that ends when it was looked at some times.
type counting struct {
	context.Context
	left int
}

func (c *counting) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestInterrupted: an interrupt ends a text, or all, and what there is remains.
func TestInterrupted(t *testing.T) {
	dir := trained(t, "-sample", "0")
	args := []string{"-from", dir, "-n", "60", "-prompt", "naïve "}
	_, whole, _, _ := call(args...)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, errs := &stopping{after: 20, cancel: cancel}, new(bytes.Buffer)
	if code := run(ctx, args, &textWriter{out: out}, out, errs); code != interrupted || out.Len() < 20 || out.Len() > 40 || !strings.HasPrefix(whole, out.String()) || errs.String() != "interrupted\n" {
		t.Errorf("exit code %d, %s, text %q of %q", code, errs, out, whole)
	}
	out, errs = new(stopping), new(bytes.Buffer)
	out.after = math.MaxInt
	code := run(&counting{context.Background(), 50}, append(args, "-streams", "4"), &textWriter{out: out}, out, errs)
	texts := regexp.MustCompile(`--- stream \d ---\n`).Split(out.String(), -1)[1:]
	if code != interrupted || len(texts) != 4 || errs.String() != "interrupted\n" {
		t.Fatalf("exit code %d, %s, text %q", code, errs, out)
	}
	if first := strings.TrimSuffix(texts[0], "\n"); len(first) < 10 || len(first) > 60 || !strings.HasPrefix(whole, first) {
		t.Errorf("the first of the streams %q, alone %q", first, whole)
	}
	if ctx := (&counting{context.Background(), 0}); run(ctx, []string{"-from", dir, "-prompt", strings.Repeat("a", 3000)}, &textWriter{out: out}, out, errs) != interrupted {
		t.Error("an interrupt while the prompt is read does not end the command")
	}
	if !errors.Is(ctx.Err(), context.Canceled) {
		t.Error("the writer did not interrupt")
	}
}
