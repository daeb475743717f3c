package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"goomtrain/train"
	"goomtrain/train/metrics"
)

// Example shows the answer to a wrong call.
func Example() {
	code := run(context.Background(), []string{"-lengths", "32,0"}, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// evaluate: -lengths 32,0: each number must be 1 to 16777216, 0 is not
	// exit code 2
}

// trained makes a short run.
func trained(t *testing.T, args ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	call, err := train.Parse(append([]string{"-preset", "nano", "-d-emb", "16", "-layers", "1", "-batch", "4", "-steps", "20", "-schedule-steps", "20",
		"-eval-every", "0", "-eval-batches", "8", "-out", dir}, args...))
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
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// results are the lines of -json.
func results(t *testing.T, args ...string) (all []result) {
	t.Helper()
	code, out, errs := call(append(args, "-json")...)
	if code != 0 {
		t.Fatal(errs)
	}
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var r result
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// TestScoresAreThoseOfTheRun: on the run's sets, with as many sequences, the scores are those of its last evaluation,
// for generated sequences and for text, in both precisions and with averaged weights.
func TestScoresAreThoseOfTheRun(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 400)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"parity":         {"-task", "parity", "-seq", "2:12"},
		"lengths":        {"-task", "s3", "-seq", "8", "-eval-lengths", "8,4,40"},
		"float64":        {"-task", "sort", "-seq", "8", "-dtype", "float64"},
		"average":        {"-task", "recall", "-ema", "0.9"},
		"text":           {"-data", text, "-seq", "16", "-cache-dir", "off", "-sample", "0"},
		"text, at other": {"-data", text, "-seq", "16", "-cache-dir", "off", "-sample", "0", "-eval-lengths", "8,20"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := trained(t, args...)
			records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			got := results(t, "-from", dir, "-sequences", "32")
			for _, want := range records {
				if want.Split == metrics.Train {
					continue
				}
				if len(got) == 0 {
					t.Fatalf("no score at length %d", want.Length)
				}
				r := got[0]
				got = got[1:]
				if r.Step != 20 || r.Length != want.Length || r.Sequences != 32 || math.Abs(*r.Loss-want.Loss) > 1e-6*want.Loss || math.Abs(*r.Perplexity-math.Exp(want.Loss)) > 1e-5**r.Perplexity {
					t.Errorf("%+v, loss %g; the run has %+v", r, *r.Loss, want)
				}
				if isText := strings.HasPrefix(name, "text"); isText != (r.BPB != nil) || isText && math.Abs(*r.BPB-want.BPB) > 1e-6*want.BPB ||
					!isText && (math.Abs(*r.Accuracy-want.Accuracy) > 1e-9 || math.Abs(*r.SequenceAccuracy-want.SequenceAccuracy) > 1e-9) {
					t.Errorf("%+v; the run has %+v", r, want)
				}
			}
			if len(got) > 0 {
				t.Errorf("scores that the run does not have: %+v", got)
			}
		})
	}
}

// TestLengths: the lengths asked for, in their order, as a table and as JSON, also of a single weights file.
func TestLengths(t *testing.T) {
	dir := trained(t, "-task", "parity", "-seq", "8")
	code, out, errs := call("-from", dir, "-lengths", "32,5", "-sequences", "6")
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if code != 0 || len(lines) != 3 || !strings.Contains(lines[0], "of sequences") {
		t.Fatalf("exit code %d, %s\n%s", code, errs, out)
	}
	for i, want := range []string{"32 6 192 ", "5 6 30 "} {
		if line := strings.Join(strings.Fields(lines[1+i]), " "); !strings.HasPrefix(line, want) || !strings.Contains(line, "%") || !strings.Contains(line, " - ") {
			t.Errorf("line %q, want %q", line, want)
		}
	}
	alone := t.TempDir()
	for from, to := range map[string]string{"config.toml": "config.toml", "checkpoints/last/model.safetensors": "weights.safetensors"} {
		b, err := os.ReadFile(filepath.Join(dir, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(alone, to), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	one, other := results(t, "-from", dir, "-lengths", "9"), results(t, "-from", filepath.Join(alone, "weights.safetensors"), "-lengths", "9")
	if len(one) != 1 || len(other) != 1 || *one[0].Loss != *other[0].Loss || one[0].Sequences != 1024 {
		t.Errorf("%+v and %+v", one, other)
	}
}

func TestFailures(t *testing.T) {
	dir := trained(t, "-task", "parity", "-seq", "8")
	wider := t.TempDir()
	for from, to := range map[string]string{"config.toml": "config.toml", "checkpoints/last/model.safetensors": "weights.safetensors"} {
		b, err := os.ReadFile(filepath.Join(dir, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(wider, to), bytes.Replace(b, []byte("d-emb = 16"), []byte("d-emb = 32"), 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-from", filepath.Join(t.TempDir(), "none")}, 1, "does not exist: name a run folder"},
		{[]string{"-from", dir, "-data", "x"}, 1, "-data: the task parity is generated: leave it out"},
		{[]string{"-from", dir, "-lengths", "16777217"}, 2, "-lengths 16777217: each number must be 1 to 16777216"},
		{[]string{"-from", trained(t, "-task", "sort", "-seq", "8"), "-lengths", "7"}, 1, "-lengths: -seq 7: must be even"},
		{[]string{"-from", trained(t, "-task", "copy", "-delay", "5"), "-lengths", "7"}, 1, "evaluate: -lengths: sequences of 7 positions: with these settings all have 25"},
		{[]string{"-from", filepath.Join(wider, "weights.safetensors")}, 1, "weights.safetensors"},
		{[]string{"-sequences", "0"}, 2, "-sequences 0: must be 1 to"},
		{[]string{dir}, 2, "a run is named by -from"},
	} {
		if code, _, errs := call(c.args...); code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q; want %d, %q", c.args, code, errs, c.code, c.want)
		}
	}
	for _, args := range [][]string{nil, {"-json"}} { // a score that cannot be written
		var errs bytes.Buffer
		if code := run(context.Background(), append(args, "-from", dir), full{}, &errs); code != 1 || errs.String() != "evaluate: no space left\n" {
			t.Errorf("%v: exit code %d, %s", args, code, &errs)
		}
	}
	if code, out, _ := call("-h"); code != 0 || !strings.Contains(out, "-lengths") {
		t.Errorf("exit code %d, %s", code, out)
	}
}

// TestNewestRun: without -from the newest run is scored, which a note names.
func TestNewestRun(t *testing.T) {
	dir := trained(t, "-task", "parity", "-seq", "8")
	t.Chdir(t.TempDir())
	to := filepath.Join("runs", "one")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call("-sequences", "4"); code != 0 || out == "" || !strings.HasPrefix(errs, "note: ") || !strings.Contains(errs, to) {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

// full is a writer that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// TestClasses: a table for each class and the confusion matrix follow the scores, in the table and in JSON; labeled text
// of another file is scored by -test-data.
func TestClasses(t *testing.T) {
	write := func(rows string) string {
		path := filepath.Join(t.TempDir(), "rows.csv")
		if err := os.WriteFile(path, []byte("text,label\n"+rows), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	rows := ""
	for i := range 60 {
		rows += fmt.Sprintf("%d,%s\n", i, []string{"even", "odd"}[i%2])
	}
	dir := trained(t, "-model", "classifier", "-task", "classify", "-data", write(rows))
	code, out, errs := call("-from", dir)
	for _, want := range []string{"class  precision", "of, given to  even  odd"} {
		if code != 0 || errs != "" || !strings.Contains(out, want) {
			t.Errorf("exit code %d, no %q in\n%s%s", code, want, out, errs)
		}
	}
	if begin := regexp.MustCompile(`^ *length .*\n.*\n\n *class  precision `); !begin.MatchString(out) {
		t.Errorf("the tables begin with\n%s", out)
	}
	test := write("100,even\n102,even\n101,odd\n")
	all := results(t, "-from", dir, "-test-data", test)
	if len(all) != 1 || all[0].Tokens != 3 || fmt.Sprint(all[0].Names) != "[even odd]" || all[0].Classes[0].Count != 2 || all[0].Classes[1].Count != 1 {
		t.Errorf("%+v", all)
	}
	c := all[0].Confusion
	if got := float64(c[0][0]+c[1][1]) / 3; got != *all[0].Accuracy {
		t.Errorf("confusion %v, accuracy %v", c, *all[0].Accuracy)
	}
	if code, _, errs := call("-from", dir, "-test-data", write("100,neither\n")); code != 1 || !strings.Contains(errs, "line 2: the label neither is not among those") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	for data, want := range map[string]string{
		strings.ReplaceAll(rows, "even", "pair"): "class 0 of the data is odd, but the run was trained with even in its place",
		rows + "x,other\ny,other\n":              "the data has 3 classes, but the run was trained on 2",
	} {
		if code, out, errs := call("-from", dir, "-data", write(data)); code != 1 || out != "" || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("exit code %d, %s%s, want one line with %q", code, out, errs, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "classes.json")); err != nil {
		t.Fatal(err)
	}
	if all := results(t, "-from", dir); len(all) != 1 { // there is nothing to compare
		t.Errorf("without the names of the classes: %+v", all)
	}
	parity := trained(t, "-task", "parity", "-seq", "8")
	if code, _, errs := call("-from", parity, "-test-data", test); code != 1 || !strings.Contains(errs, "is neither text nor classify") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// TestOtherText: a model of text is scored on another text by -test-data, all of which counts.
func TestOtherText(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := trained(t, "-seq", "16", "-data", write("a.txt", strings.Repeat("some text ", 100)))
	rows := write("b.jsonl", strings.Repeat("{\"text\":\"some text \"}\n", 40))
	if all := results(t, "-from", run, "-test-data", rows); len(all) != 1 || all[0].Tokens != 16*((40*11-1)/16) {
		t.Errorf("%+v", all)
	}
	text := write("c.txt", strings.Repeat("the quick brown fox ", 200))
	tokens := map[string]int{}
	for _, tokenizer := range []string{"byte", "../../data/tokenizer/bpe/testdata/tokenizer.json"} {
		run := trained(t, "-task", "classify", "-data", labels(t), "-tokenizer", tokenizer) // of which another task keeps the tokenizer
		tokens[filepath.Base(tokenizer)] = results(t, "-from", run, "-task", "text", "-seq", "16", "-data", text)[0].Tokens
	}
	if tokens["tokenizer.json"] >= tokens["byte"]*3/4 {
		t.Errorf("the same text by its tokenizer: %v", tokens)
	}
}

// TestChangedData: a score on data that has changed since the training says so, as its text may have been trained on.
func TestChangedData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	write := func(n int) {
		t.Helper()
		if err := os.WriteFile(path, []byte(strings.Repeat("some text ", n)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(100)
	dir := trained(t, "-seq", "16", "-data", path, "-cache-dir", "off", "-sample", "0")
	const note = "note: the data has changed since the training"
	if code, _, errs := call("-from", dir); code != 0 || strings.Contains(errs, note) {
		t.Errorf("exit code %d, %s", code, errs)
	}
	write(101)
	if code, _, errs := call("-from", dir); code != 0 || !strings.Contains(errs, note) {
		t.Errorf("changed: exit code %d, %s", code, errs)
	}
	if code, _, errs := call("-from", dir, "-test-data", path); code != 0 || strings.Contains(errs, note) {
		t.Errorf("another text, which need not be that of the run: exit code %d, %s", code, errs)
	}
}

// TestPositions: the ranges cover the positions, in equal parts to rounding; their means are those of the whole set, and of
// a trained copier only positions of the answer count.
func TestPositions(t *testing.T) {
	dir := trained(t, "-task", "copy", "-delay", "5")
	for n, want := range map[int]string{1: "1-25", 4: "1-7 8-13 14-19 20-25", 7: "1-4 5-8 9-11 12-15 16-18 19-22 23-25", 25: "1-1 25-25", 1000: "1-1 25-25"} {
		r := results(t, "-from", dir, "-sequences", "16", "-positions", fmt.Sprint(n))[0]
		var got []string
		tokens, loss, correct := 0, 0.0, 0.0
		for _, p := range r.Positions {
			got = append(got, fmt.Sprintf("%d-%d", p.From, p.To))
			if counts := p.To > 15; counts != (p.Loss != nil) || counts != (p.Accuracy != nil) || counts != (p.Tokens > 0) {
				t.Errorf("%+v", p)
			} else if counts {
				tokens, loss, correct = tokens+p.Tokens, loss+float64(p.Tokens)**p.Loss, correct+float64(p.Tokens)**p.Accuracy
			}
		}
		if n >= 25 {
			if len(got) != 25 {
				t.Errorf("%d ranges", len(got))
			}
			got = []string{got[0], got[len(got)-1]}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%d ranges: %s, want %s", n, s, want)
		}
		if tokens != r.Tokens || math.Abs(loss/float64(tokens)-*r.Loss) > 1e-6 || math.Abs(correct/float64(tokens)-*r.Accuracy) > 1e-9 {
			t.Errorf("%d tokens, loss %v, accuracy %v in all ranges; %+v", tokens, loss/float64(tokens), correct/float64(tokens), r)
		}
	}
	code, out, errs := call("-from", dir, "-positions", "2")
	if code != 0 || !strings.Contains(out, "positions  tokens") || !strings.Contains(out, "14-25") || !strings.Contains(out, "length 40:") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}
}

// TestOtherSettings: settings of the task override those of the run, another task keeps the tokenizer, and what the model
// cannot read is refused.
func TestOtherSettings(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("some text ", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	copies, words := trained(t, "-task", "copy", "-delay", "5"), trained(t, "-seq", "16", "-data", text)
	for want, args := range map[string][]string{
		"25 30 40": {"-from", copies},
		"30 40 60": {"-from", copies, "-delay", "10"},
		"21 26 36": {"-from", copies, "-symbols", "8"},
		"12":       {"-from", copies, "-task", "parity", "-seq", "3", "-lengths", "12"},
		"8":        {"-from", words, "-seq", "8"},
		"34":       {"-from", words, "-task", "sort", "-lengths", "34"},
	} {
		var lengths []string
		for _, r := range results(t, append(args, "-sequences", "4")...) {
			lengths = append(lengths, fmt.Sprint(r.Length))
		}
		if got := strings.Join(lengths, " "); got != want {
			t.Errorf("%v: lengths %s, want %s", args, got, want)
		}
	}
	for want, args := range map[string][]string{
		"the task copy has no such setting":                                    {"-from", copies, "-pairs", "4"},
		"the task sort has no such setting":                                    {"-from", copies, "-task", "sort", "-delay", "4"},
		"different tokens, but the model was trained on 10":                    {"-from", copies, "-task", "mqar"},
		"must be one of text, copy":                                            {"-from", copies, "-task", "none"},
		"set -delay or -seq, not both":                                         {"-from", copies, "-seq", "7"},
		"there is no flag -eval-lengths":                                       {"-from", copies, "-eval-lengths", "7"},
		"it is given twice":                                                    {"-from", copies, "-delay", "7", "-delay", "8"},
		"-delay \"x\": must be a whole number or a range MIN:MAX of such numb": {"-from", copies, "-delay", "x"},
	} {
		if code, out, errs := call(args...); code == 0 || out != "" || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, %s%s, want one line with %q", args, code, out, errs, want)
		}
	}
	classify := trained(t, "-model", "classifier", "-task", "classify", "-data", labels(t))
	if code, _, errs := call("-from", classify, "-task", "parity"); code != 1 || !strings.Contains(errs, "have no classes: name another task") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	documents := trained(t, "-seq", "16", "-data", text, "-reset-documents")
	if code, _, errs := call("-from", documents, "-task", "parity"); code != 1 || !strings.Contains(errs, "starts anew at each token 0, which begins a document, but the sequences of task parity are no documents") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if got := results(t, "-from", documents, "-seq", "8", "-sequences", "4"); len(got) != 1 || got[0].Length != 8 {
		t.Errorf("a text: %v", got)
	}
}

// labels writes labeled text.
func labels(t *testing.T) string {
	rows := "text,label\n"
	for i := range 60 {
		rows += fmt.Sprintf("%d,%s\n", i, []string{"even", "odd"}[i%2])
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Example_tables shows the tables of two sets, one of them with ranges of positions. What is not known or not finite is a
// dash.
func Example_tables() {
	err := writeTables(os.Stdout, []result{
		{Length: 8, Sequences: 2, Tokens: 16, Loss: known(0.5), Perplexity: known(1.6487), BPB: known(0.72135), Accuracy: known(0.75), SequenceAccuracy: known(0.125),
			Positions: []rangeScore{{From: 1, To: 7, Tokens: 14, Loss: known(0.25), Accuracy: known(0.9)}, {From: 8, To: 8}}},
		{Length: 16, Sequences: 1, Tokens: 16, Loss: known(math.NaN()), Perplexity: known(math.Inf(1)), BPB: known(math.Inf(-1)), Accuracy: known(0)},
	})
	fmt.Println(err)
	// Output:
	// length  sequences  tokens    loss  perplexity     bpb  accuracy  of sequences
	//        8          2      16  0.5000      1.6487  0.7214    75.00%        12.50%
	//       16          1      16       -           -       -     0.00%             -
	//
	// length 8:
	//   positions  tokens    loss  accuracy
	//         1-7      14  0.2500    90.00%
	//           8       0       -         -
	// <nil>
}
