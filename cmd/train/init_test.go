package main

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/models"
	"goomtrain/params"
)

// pretrained trains a small model for some steps and returns its flags and its run folder.
func pretrained(t *testing.T, more ...string) (args []string, dir string) {
	t.Helper()
	args, dir = small(t), filepath.Join(t.TempDir(), "pretrained")
	if slices.Contains(more, "-model") {
		args = args[2:] // the model of these
	}
	if code, _, errs := call(append(append(args, "-steps", "6", "-save-every", "3", "-eval-every", "3", "-out", dir), more...)...); code != 0 {
		t.Fatal(errs)
	}
	return args, dir
}

// weights are the parameters of a saved model, the averages if it has them.
func weights(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	saved, err := models.Find(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := models.Load[float32](saved, true)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]float32{}
	for _, p := range m.Params() {
		out[p.Name] = p.Value
	}
	return out
}

// equalBits reports whether two parameters are the same bits.
func equalBits(t *testing.T, a, b []float32) bool {
	t.Helper()
	var one, other bytes.Buffer
	for _, x := range []struct {
		to *bytes.Buffer
		v  []float32
	}{{&one, a}, {&other, b}} {
		if err := checkpoints.WriteTensors(x.to, []params.Array{{Name: "x", Shape: []int{len(x.v)}, Data: x.v}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return bytes.Equal(one.Bytes(), other.Bytes())
}

// TestInit: a new run starts from the weights that generate would use, of a run, a checkpoint or a file, with the
// sizes of their model; frozen parameters keep their bits, and the optimizer has nothing for them.
func TestInit(t *testing.T) {
	args, from := pretrained(t, "-ema", "0.5")
	args = append([]string{"-data", args[indexOf(args, "-data")+1]}, args[indexOf(args, "-seq"):]...) // no sizes
	best, err := checkpoints.BestDir(from)
	if err != nil {
		t.Fatal(err)
	}
	was := weights(t, from)
	var first string
	for i, path := range []string{from, best, filepath.Join(best, "model.safetensors")} {
		dir := filepath.Join(t.TempDir(), "run")
		code, out, errs := call(append(args, "-init", path, "-freeze", "head, res_layers.*.C", "-ema", "0.9", "-steps", "5", "-out", dir)...)
		if code != 0 {
			t.Fatalf("%s: %s", path, errs)
		}
		for _, want := range []string{"averaged weights of " + filepath.Join(best, "optimizer.safetensors") + ", step ", "loaded     11 parameters: head, res_layers.0.lnorm.weight", "d-emb 16, layers 1",
			"frozen", "are frozen"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: the console lacks %q:\n%s", path, want, out)
			}
		}
		for _, absent := range []string{"\nnew ", "left over", "MFU"} {
			if strings.Contains(out, absent) {
				t.Errorf("%s: the console has %q:\n%s", path, absent, out)
			}
		}
		is := weights(t, checkpoints.StepDir(dir, 5))
		for name := range was {
			kept := name == "head" || strings.HasSuffix(name, ".C")
			if equalBits(t, is[name], was[name]) != kept {
				t.Errorf("%s: %s: frozen %t, but its bits are the same: %t", path, name, kept, !kept)
			}
		}
		f, err := checkpoints.OpenTensors(filepath.Join(checkpoints.StepDir(dir, 5), "optimizer.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range f.Names() {
			if strings.HasPrefix(name, "exp_avg") && (strings.HasSuffix(name, ".head") || strings.HasSuffix(name, ".C")) {
				t.Errorf("the optimizer has %s", name)
			}
		}
		f.Close()
		if i == 0 {
			first = dir
		} else {
			same(t, first, dir, 5)
		}
	}
}

// TestInitResumes: a run that starts from weights and has frozen parameters, cut at any step and continued with
// another number of threads after these weights are gone, is bit for bit an uninterrupted one.
func TestInitResumes(t *testing.T) {
	for name, more := range map[string][]string{
		"adamw":        {"-freeze", "head"},
		"muon, ema":    {"-freeze", "*.A,*.B", "-ema", "0.9", "-optimizer", "muon", "-micro-batch", "2"},
		"fixed batch":  {"-freeze", "head", "-overfit-batch"},
		"with dropout": {"-freeze", "head", "-dropout", "0.2"},
	} {
		t.Run(name, func(t *testing.T) {
			args, from := pretrained(t)
			args = append(append(args, "-init", from), more...)
			whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
			if code, _, errs := call(append(args, "-steps", "12", "-threads", "2", "-out", whole)...); code != 0 {
				t.Fatal(errs)
			}
			if code, _, errs := call(append(args, "-steps", "7", "-threads", "1", "-out", cut)...); code != 0 {
				t.Fatal(errs)
			}
			if err := os.RemoveAll(from); err != nil {
				t.Fatal(err)
			}
			if code, out, errs := call("-resume", cut, "-steps", "12", "-threads", "3", "-init", from); code != 0 || !strings.Contains(out, "resumed at step 7") {
				t.Fatalf("exit code %d, %s\n%s", code, errs, out)
			}
			same(t, whole, cut, 12)
			a, b := records(t, whole), records(t, cut)
			for i := range a {
				if a[i].Loss != b[i].Loss || a[i].GradNorm != b[i].GradNorm && a[i].Split == "train" {
					t.Fatalf("record %d: %+v, uninterrupted %+v", i, b[i], a[i])
				}
			}
		})
	}
}

// TestInitWithoutCheckpoint: a run that was killed before its first checkpoint starts again from the same weights. It
// is refused, in one line, if they are others or gone.
func TestInitWithoutCheckpoint(t *testing.T) {
	args, from := pretrained(t)
	whole, killed := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "killed")
	args = append(args, "-init", from, "-ema", "0.9")
	for _, dir := range []string{whole, killed} {
		if code, _, errs := call(append(args, "-steps", "4", "-out", dir)...); code != 0 {
			t.Fatal(errs)
		}
	}
	restart := func() (int, string, string) {
		for _, file := range []string{"metrics.jsonl", "checkpoints/step-00000004", "checkpoints/last", "checkpoints/best"} {
			if err := os.RemoveAll(filepath.Join(killed, file)); err != nil {
				t.Fatal(err)
			}
		}
		return call("-resume", killed)
	}
	if code, out, errs := restart(); code != 0 || !strings.Contains(out, "starts from the beginning\nweights of ") {
		t.Fatalf("exit code %d, %s\n%s", code, errs, out)
	}
	same(t, whole, killed, 4)
	if code, _, errs := call("-resume", from, "-steps", "8", "-lr", "0.001"); code != 0 {
		t.Fatal(errs)
	}
	if code, _, errs := restart(); code != failed || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "its weights have changed: their SHA-256 is ") {
		t.Errorf("other weights: exit code %d, %s", code, errs)
	}
	if err := os.RemoveAll(from); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := restart(); code != failed || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "no checkpoint yet, so it needs the weights that it starts from") {
		t.Errorf("no weights: exit code %d, %s", code, errs)
	}
}

// TestInitGrowsVocabulary: the rows of new tokens keep their initial values, also where the data asks for them, and
// the others are those of the checkpoint.
func TestInitGrowsVocabulary(t *testing.T) {
	_, from := pretrained(t)
	was := weights(t, from)["head"]
	initial := filepath.Join(t.TempDir(), "initial")
	for _, c := range []struct {
		args []string
		rows int
	}{
		{[]string{"-task", "recall", "-alphabet", "130"}, 0}, // as many as the data has, see below
		{[]string{"-task", "parity", "-vocab", "300"}, 300},
		{[]string{"-task", "parity"}, 256},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		args := append(c.args, "-seq", "32", "-batch", "2", "-eval-batches", "1", "-steps", "1", "-seed", "5")
		code, out, errs := call(append(args, "-init", from, "-freeze", "head", "-out", dir)...)
		if code != 0 {
			t.Fatal(errs)
		}
		head := weights(t, dir)["head"]
		rows := len(head) / 16
		if rows != c.rows && (c.rows > 0 || rows <= 256) {
			t.Errorf("%v: %d rows, want %d", c.args, rows, c.rows)
		}
		if !equalBits(t, head[:len(was)], was) {
			t.Errorf("%v: the old rows have changed", c.args)
		}
		if grown := strings.Contains(out, "head (rows 1 to 256 of "); grown != (rows > 256) {
			t.Errorf("%v: the report says that the table has grown: %t\n%s", c.args, grown, out)
		}
		if c.rows != 300 {
			continue
		}
		if code, _, errs := call(append(args, "-model", "goom-rnn", "-preset", "nano", "-d-emb", "16", "-layers", "1", "-heads", "2", "-d-head", "4", "-freeze", "head", "-out", initial)...); code != 0 {
			t.Fatal(errs)
		}
		if own := weights(t, initial)["head"]; !equalBits(t, head[len(was):], own[len(was):]) || equalBits(t, head[:len(was)], own[:len(was)]) {
			t.Error("the new rows do not have their initial values")
		}
	}
}

// TestInitOfAnotherModel: what two models have in common is taken, with the sizes that they share; the rest is named.
func TestInitOfAnotherModel(t *testing.T) {
	_, from := pretrained(t, "-model", "gla")
	code, out, errs := call("-init", from, "-model", "hybrid", "-task", "parity", "-pattern", "gated-delta", "-d-value", "16", "-dry-run")
	if code != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"hybrid, preset small: d-emb 16, layers 1, heads 2, d-head 4, ", "\nloaded ", "\nnew ", "\nleft over "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestInitOfAverages: averages are found by the names that the parameters have in the model that was trained, and
// nothing else is taken where they are missing.
func TestInitOfAverages(t *testing.T) {
	args, from := pretrained(t, "-ema", "0.9")
	dir := filepath.Join(t.TempDir(), "run")
	if code, _, errs := call("-init", from, "-model", "softmax-attention", "-task", "parity", "-seq", "8", "-batch", "2", "-eval-batches", "1", "-steps", "1", "-ema", "0.9", "-freeze", "embed.weight", "-out", dir); code != 0 {
		t.Fatal(errs)
	}
	if was, is := weights(t, from)["head"], weights(t, dir)["embed.weight"]; !equalBits(t, is, was) {
		t.Error("the table of tokens is not the average")
	}
	back := filepath.Join(t.TempDir(), "back")
	if code, _, errs := call("-init", dir, "-model", "goom-rnn", "-ema", "0.9", "-task", "parity", "-seq", "8", "-batch", "2", "-eval-batches", "1", "-steps", "1", "-freeze", "head", "-out", back); code != 0 {
		t.Fatal(errs)
	}
	if !equalBits(t, weights(t, back)["head"], weights(t, from)["head"]) {
		t.Error("the table of tokens is not the average of the model between")
	}
	alone := t.TempDir()
	for to, path := range map[string]string{"config.toml": filepath.Join(from, "config.toml"), "w.safetensors": filepath.Join(checkpoints.StepDir(from, 6), "model.safetensors")} {
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(alone, to), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	code, _, errs := call(append(args[indexOf(args, "-data"):], "-init", filepath.Join(alone, "w.safetensors"))...)
	if code != wrongUsage || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "optimizer.safetensors with the averages is missing: put it next to the weights, or set ema = 0") {
		t.Errorf("without averages: exit code %d, %s", code, errs)
	}
}

// TestInitPrints: the printed configuration has the weights, their checksum and the sizes of their model, and is read
// back; inherited values do not hide flags.
func TestInitPrints(t *testing.T) {
	_, from := pretrained(t, "-dtype", "float64")
	t.Chdir(filepath.Dir(from))
	code, printed, errs := call("-print-config", "-init", filepath.Base(from), "-freeze", "head", "-steps", "9")
	if code != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"init = \"" + from + "\"", "init-sha256 = \"", "freeze = \"head\"", "d-emb = 16 ", "preset = \"nano\"", "dtype = \"float64\"", "steps = 9 ", "vocab = 0 "} {
		if !strings.Contains(printed, want) {
			t.Errorf("no %s in\n%s", want, printed)
		}
	}
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte(printed), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, again, errs := call("-print-config", "-config", file); code != 0 || again != printed {
		t.Errorf("exit code %d, %s\n%s", code, errs, again)
	}
}

// TestInitWithDeviation: the deviation of initial token vectors is no size that the weights have. A run chooses it, and
// has that of its own preset otherwise, not that of the model of the weights.
func TestInitWithDeviation(t *testing.T) {
	_, from := pretrained(t, "-embedding-std", "0.3")
	for want, args := range map[string][]string{
		"embedding-std = 0 ":    nil,
		"embedding-std = 0.5 ":  {"-embedding-std", "0.5"},
		"embedding-std = 0.02 ": {"-model", "log-attention"},
	} {
		if code, printed, errs := call(append(args, "-print-config", "-init", from)...); code != 0 || !strings.Contains(printed, want) {
			t.Errorf("%v: exit code %d, %s, want %s in\n%s", args, code, errs, want, printed)
		}
	}
}

// TestInitRefused: what does not fit is one line that names it.
func TestInitRefused(t *testing.T) {
	args, from := pretrained(t)
	run := filepath.Join(t.TempDir(), "run")
	if code, _, errs := call(append(args, "-init", from, "-freeze", "head", "-steps", "2", "-out", run)...); code != 0 {
		t.Fatal(errs)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := os.CopyFS(other, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(checkpoints.StepDir(other, 6), "config.toml")
	text, err := os.ReadFile(filepath.Join(other, "config.toml"))
	if err == nil {
		err = os.WriteFile(config, bytes.Replace(text, []byte("d-head = 4 "), []byte("d-head = 5 "), 1), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	saved, err := models.Find(from)
	if err != nil {
		t.Fatal(err)
	}
	model, err := models.Load[float32](saved, false)
	if err != nil {
		t.Fatal(err)
	}
	model.Params()[0].Value[7] = float32(math.NaN())
	var file bytes.Buffer
	broken := filepath.Join(t.TempDir(), "w.safetensors")
	if err := errors.Join(checkpoints.WriteTensors(&file, params.Weights(model.Params()), nil), os.WriteFile(broken, file.Bytes(), 0o644),
		os.WriteFile(filepath.Join(filepath.Dir(broken), "config.toml"), text, 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		code int
		args []string
	}{
		{"-d-emb 32 contradicts -init, whose model has 16: leave it out", wrongUsage, []string{"-init", from, "-d-emb", "32"}},
		{"-preset small contradicts -init, whose model has nano", wrongUsage, []string{"-init", from, "-preset", "small"}},
		{"-vocab 9 contradicts -init, whose model has 256 tokens: a vocabulary may grow, but not shrink", wrongUsage, []string{"-init", from, "-vocab", "9"}},
		{"-init: " + filepath.Join(from, "no") + " does not exist", wrongUsage, []string{"-init", filepath.Join(from, "no")}},
		{"its weights have changed: their SHA-256 is ", wrongUsage, []string{"-init", from, "-init-sha256", strings.Repeat("0", 64)}},
		{"-init-sha256 is the checksum of the weights of -init: give -init too", wrongUsage, []string{"-init-sha256", strings.Repeat("0", 64)}},
		{`-freeze "a,,b": must be names of parameters separated by commas`, wrongUsage, []string{"-freeze", "a,,b"}},
		{`-freeze "heads" matches no parameter; -dry-run lists their names, and * stands for any text; did you mean "head"?`, failed, append(args, "-freeze", "head,heads")},
		{`all 11 parameters of the model are frozen (-freeze "head,*"): leave some to train`, failed, append(args, "-freeze", "head,*")},
		{`its shape is [2 4] in the file but [2 5] in this model`, failed, append(args[indexOf(args, "-data"):], "-init", checkpoints.StepDir(other, 6))},
		{"-init " + broken + ": the weights in head are not finite", failed, append(args, "-init", broken)},
		{"-init is " + other + ", but the run has " + from, wrongUsage, []string{"-resume", run, "-init", other}},
		{"-freeze is none, but the run has head", wrongUsage, []string{"-resume", run, "-freeze", ""}},
		{"-init is " + from + ", but the run has none", wrongUsage, []string{"-resume", from, "-init", from}},
	} {
		code, _, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, want %d and one line with %q:\n%s", c.args, code, c.code, c.want, errs)
		}
	}
}

// TestInitOfClassifier: a classifier starts from the blocks of a language model, and its head is new.
func TestInitOfClassifier(t *testing.T) {
	_, from := pretrained(t, "-model", "hybrid", "-pattern", "gla")
	table := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(table, []byte("text,label\n"+strings.Repeat("one wood,a\ntwo chuck,b\n", 40)), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	code, out, errs := call("-init", from, "-model", "classifier", "-pattern", "gla", "-task", "classify", "-data", table, "-seq", "16",
		"-batch", "4", "-eval-batches", "1", "-steps", "3", "-freeze", "model.*", "-out", dir)
	if code != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"d-emb 16, layers 1", "\nloaded ", "model.embeddings.weight", "\nnew ", "\nleft over  1 tensor: lm_head.weight\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestInitOfAnotherTokenizer: the tokenizer is that of the weights; with another one the run says what that means.
func TestInitOfAnotherTokenizer(t *testing.T) {
	args, from := pretrained(t, "-tokenizer", "gpt2")
	args = append(args[indexOf(args, "-data"):], "-init", from, "-dry-run")
	const note = "note: the weights were trained with -tokenizer gpt2, this run has byte: its tokens have another meaning\n"
	for tokenizer, noted := range map[string]bool{"": false, "byte": true} {
		more := []string{}
		if tokenizer != "" {
			more = []string{"-tokenizer", tokenizer}
		}
		code, out, errs := call(append(args, more...)...)
		if code != 0 || strings.Contains(out, note) != noted || !strings.Contains(out, "vocab 50257\n") {
			t.Errorf("-tokenizer %s: exit code %d, %s\n%s", tokenizer, code, errs, out)
		}
	}
}

// TestInitWithOtherClasses: a classifier starts from one with another number of classes, without its head; a language
// model that starts from a classifier has no tokens for the classes.
func TestInitWithOtherClasses(t *testing.T) {
	args := []string{"-task", "classify", "-seq", "16", "-batch", "4", "-eval-batches", "1", "-steps", "2"}
	dir := t.TempDir()
	for file, text := range map[string]string{"two": "wood,a\nchuck,b\n", "three": "wood,a\nchuck,b\ncould,c\n"} {
		if err := os.WriteFile(filepath.Join(dir, file+".csv"), []byte("text,label\n"+strings.Repeat(text, 40)), 0o644); err != nil {
			t.Fatal(err)
		}
		first := append(args, "-model", "classifier", "-preset", "nano", "-pattern", "gla", "-d-emb", "16", "-layers", "1", "-heads", "2", "-d-head", "4")
		if code, _, errs := call(append(first, "-data", filepath.Join(dir, file+".csv"), "-out", filepath.Join(dir, file))...); code != 0 {
			t.Fatal(errs)
		}
	}
	for _, c := range [][2]string{{"two", "three"}, {"three", "two"}} {
		from, to := filepath.Join(dir, c[0]), filepath.Join(t.TempDir(), "run")
		code, out, errs := call(append(args, "-init", from, "-data", filepath.Join(dir, c[1]+".csv"), "-freeze", "model.*", "-out", to)...)
		if code != 0 || !strings.Contains(out, "\nnew        2 parameters: score.weight, score.bias\nleft over  2 tensors: score.bias, score.weight\n") {
			t.Fatalf("%v: exit code %d, %s\n%s", c, code, errs, out)
		}
		was := weights(t, from)
		for name, is := range weights(t, to) {
			if strings.HasPrefix(name, "model.") && !equalBits(t, is, was[name]) {
				t.Errorf("%v: %s is not that of the checkpoint", c, name)
			}
		}
	}
	grown := filepath.Join(dir, "grown")
	if code, _, errs := call("-init", filepath.Join(dir, "three"), "-model", "hybrid", "-pattern", "gla", "-task", "parity", "-vocab", "300", "-seq", "8", "-batch", "2", "-eval-batches", "1", "-steps", "1", "-out", grown); code != 0 {
		t.Fatal(errs)
	}
	if code, _, errs := call(append(args, "-init", grown, "-model", "classifier", "-pattern", "gla", "-data", filepath.Join(dir, "two.csv"))...); code != failed || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "[300 16] in the file but [256 16]") {
		t.Errorf("more tokens than the data has: exit code %d, %s", code, errs)
	}
	for _, more := range [][]string{nil, {"-vocab", "256"}} {
		code, out, errs := call(append(more, "-init", filepath.Join(dir, "three"), "-model", "hybrid", "-pattern", "gla", "-task", "parity", "-dry-run")...)
		if code != 0 || !strings.Contains(out, "vocab 256\n") || !strings.Contains(out, "\nnew        1 parameter: lm_head.weight\n") {
			t.Errorf("%v: exit code %d, %s\n%s", more, code, errs, out)
		}
	}
}
