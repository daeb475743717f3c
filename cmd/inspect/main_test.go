package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"goomtrain/checkpoints"
	"goomtrain/internal/regular/regulartest"
	"goomtrain/params"
	"goomtrain/train"
	"goomtrain/train/metrics"
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
	call, err := train.Parse(append([]string{"-model", "goom-rnn", "-optimizer", "adamw", "-preset", "nano", "-task", "parity", "-d-emb", "8", "-layers", "1", "-batch", "2",
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

// flat is a text with every stretch of white space as one space.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

func wants(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestTunedRun: a run says which weights it started from and what it does not train.
func TestTunedRun(t *testing.T) {
	from := trained(t, "from", "-steps", "3")
	parsed, err := train.Parse([]string{"-init", from, "-freeze", "head", "-task", "parity", "-batch", "2", "-eval-batches", "1", "-steps", "2", "-out", filepath.Join(t.TempDir(), "tuned")})
	if err != nil {
		t.Fatal(err)
	}
	result, err := train.Launch(context.Background(), parsed.Config, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, out, _ := call(result.Dir)
	wants(t, out, "  started from the weights of "+from+"\n", "  frozen: head\n")
	if _, out, _ := call(from); strings.Contains(out, "frozen") || strings.Contains(out, "started from") {
		t.Errorf("a run without both:\n%s", out)
	}
}

func TestRuns(t *testing.T) {
	one := trained(t, "one", "-steps", "6")
	two := trained(t, "two", "-steps", "4", "-lr", "0.25")
	code, out, errs := call("-metrics", "-config", "-params", one)
	if code != 0 {
		t.Fatal(errs)
	}
	wants(t, out, "goom-rnn, preset nano, on parity", "d-emb 8, layers 1, heads 4, d-head 16, transition fixed, vocab 2", "last step 6", "best validation at step", "accuracy",
		"step-00000006 last", "step  set", "length", "sequences", "valid-2x  128", ", of sequences ", "weight-decay = 0.01", "deviation", "head", "tensors")
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

// writeFile writes a safetensors file with this header.
func writeFile(t *testing.T, header string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raw.safetensors")
	text := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	if err := os.WriteFile(path, append(text, data...), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// quoted is a text in JSON, with escapes that TOML knows too.
func quoted(t *testing.T, text string) string {
	t.Helper()
	q, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(q)
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
	wants(t, flat(out), "metadata origin: elsewhere", "w F32 [2 2] 4 16 2 0.8165 1 3 1", "n I64 [2] 2 16 6 1 5 7 -", "4 tensors, 9 numbers",
		"gone only in the first", "new only in the second", "cut shape [2] | [1]", "n type I64 | I32",
		"w 1 of 4 differ, by at most 0.5 (values up to 2.5)", "0 tensors are equal")
	code, out, errs = call(a)
	if code != 0 || strings.Contains(out, "deviation") || strings.Contains(out, "0.8165") {
		t.Errorf("without -params: %s%s", out, errs)
	}
}

// TestSpeed: the mean over the training steps that have one.
func TestSpeed(t *testing.T) {
	r := &runInfo{}
	if got := r.speed(); got != "-" {
		t.Errorf("of no step: %s", got)
	}
	for split, speeds := range map[string][]float64{metrics.Train: {100, metrics.Unknown, 300}, metrics.Valid: {metrics.Unknown, 900}} {
		for _, speed := range speeds {
			r.records = append(r.records, metrics.Record{Split: split, TokensPerSec: speed})
		}
	}
	if got := r.speed(); got != "200" {
		t.Errorf("%s tokens/s, want 200", got)
	}
}

// TestShards: a folder with shards is one file of tensors, whatever else it holds, and equals the same tensors in one.
func TestShards(t *testing.T) {
	arrays := []params.Array{{Name: "a", Shape: []int{2}, Data: []float32{1, 3}}, {Name: "b", Shape: []int{1}, Data: []float64{5}}}
	shards, one := t.TempDir(), t.TempDir()
	for dir, limit := range map[string]int64{shards: 8, one: 100} {
		if err := checkpoints.WriteWeights(dir, arrays, limit); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "config.toml"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := call("-params", shards, one)
	if code != 0 {
		t.Fatal(errs)
	}
	wants(t, flat(out), "model.safetensors.index.json", "a F32 [2] 2 8 2 1 1 3 -", "b F64 [1] 1 8 5 0 5 5 -", "2 tensors, 3 numbers", "2 tensors are equal")
}

// TestDivided: the files into which several processes divided tensors are one, whichever is named.
func TestDivided(t *testing.T) {
	dir, data := t.TempDir(), []float32{1, 2, 3, 4}
	write := func(name string, arrays ...params.Array) string {
		var b bytes.Buffer
		path := filepath.Join(dir, name)
		if err := errors.Join(checkpoints.WriteTensors(&b, arrays, nil), os.WriteFile(path, b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := write("whole.safetensors", params.Array{Name: "m", Shape: []int{2, 2}, Data: data})
	write("set-00001-of-00002.safetensors", params.Array{Name: "m", Shape: []int{1}, Data: data[:1], Whole: []int{2, 2}})
	second := write("set-00002-of-00002.safetensors", params.Array{Name: "m", Shape: []int{3}, Data: data[1:], Whole: []int{2, 2}, Offset: 1})
	code, out, errs := call("-params", second, whole)
	if code != 0 || errs != "" || strings.Contains(out, "differ") {
		t.Errorf("code %d, errors %q\n%s", code, errs, out)
	}
	wants(t, flat(out), "set-00002-of-00002.safetensors", "m F32 [2 2] 4 16 2.5", "1 tensor, 4 numbers", "1 tensor is equal")
	if err := os.Remove(filepath.Join(dir, "set-00001-of-00002.safetensors")); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(second); code != 1 || !strings.Contains(errs, "set-00001-of-00002.safetensors") || !strings.Contains(errs, "is missing") {
		t.Errorf("code %d, errors %q", code, errs)
	}
}

// TestFilesOfOthers: every file that the format's own library reads is reported, whatever its types.
func TestFilesOfOthers(t *testing.T) {
	for file, want := range map[string][]string{
		"gpt2like": {"h.0.attn.bias BOOL [1 1 4 4] 16 16 1 0 1 1 -", "h.0.attn.weight F32 [2 2] 4 16 2.5 1.118 1 4 -",
			"h.0.ln.weight F32 [2] 2 8", "3 tensors, 22 numbers"},
		"dt_I16":         {"w I16 [8] 8 16 "},
		"dt_F8_E4M3":     {"w F8_E4M3 [8] 8 8 0.0068359 0.0044752 0 0.013672 -"},
		"dt_F8_E4M3FNUZ": {"w F8_E4M3FNUZ [8] 8 8 0.003418 0.0022376 0 0.0068359 -"},
		"dt_F8_E5M2FNUZ": {"w F8_E5M2FNUZ [8] 8 8 "},
		"extrakey":       {"w F32 [1] 1 4 1 0 1 1 -"},
		"leading-space":  {"w F32 [1] 1 4 1 0 1 1 -"},
		"nullmeta":       {"w F32 [1] 1 4 1 0 1 1 -"},
	} {
		path := filepath.Join("testdata", file+".safetensors")
		code, out, errs := call("-params", path, path)
		if code != 0 || errs != "" || strings.Contains(out, "differ") || strings.Contains(out, " 0 tensors are equal") {
			t.Errorf("%s: exit code %d, %s%s", file, code, errs, out)
		}
		wants(t, flat(out), append(want, "equal")...)
	}
}

// TestEveryTypeIsListed: also those whose numbers cannot be decoded, and those that are not known.
func TestEveryTypeIsListed(t *testing.T) {
	types := []string{"BOOL", "F4", "F6_E2M3", "F6_E3M2", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
		"I16", "U16", "F16", "BF16", "I32", "U32", "F32", "C64", "F64", "I64", "U64", "F31\x1b[m"}
	bits := []int{8, 4, 6, 6, 8, 8, 8, 8, 8, 8, 8, 16, 16, 16, 16, 32, 32, 32, 64, 64, 64, 64, 24}
	write := func(first byte) string {
		var header []string
		end := 0
		for i, name := range types {
			header = append(header, fmt.Sprintf(`"t%02d":{"dtype":%q,"shape":[2,4],"data_offsets":[%d,%d]}`, i, name, end, end+bits[i]))
			end += bits[i]
		}
		data := make([]byte, end)
		for i, at := 0, 0; i < len(types); i++ {
			data[at] = first
			at += bits[i]
		}
		return writeFile(t, "{"+strings.ReplaceAll(strings.Join(header, ","), `\x1b`, `\u001b`)+"}", data)
	}
	one, two := write(0), write(1)
	code, out, errs := call("-params", one, two)
	if code != 0 {
		t.Fatal(errs)
	}
	text := flat(out)
	for i, name := range types {
		row := fmt.Sprintf("t%02d %s [2 4] 8 %d ", i, name, bits[i])
		unread := strings.HasPrefix(name, "F6_")
		if i == len(types)-1 {
			row, unread = fmt.Sprintf(`t%02d unknown (F31\x1b[m) [2 4] 8 24 `, i), true
		}
		wants(t, text, row)
		if got := strings.Contains(text, row+"- - - - -"); got != unread {
			t.Errorf("%s: without statistics: %v", name, got)
		}
		if unread {
			wants(t, text, fmt.Sprintf("t%02d 1 of %d bytes differ", i, bits[i]))
		} else {
			wants(t, text, fmt.Sprintf("t%02d 1 of", i))
		}
	}
	wants(t, text, "23 tensors, 176 numbers", "1 of unknown type, not counted", "0 tensors are equal")
}

// TestExactComparison: numbers are compared as they are, and NaN hides no other difference.
func TestExactComparison(t *testing.T) {
	for _, c := range []struct{ one, two, want string }{
		{"a", "b", "n 2 of 2 differ, by at most 1 (values up to 9.0072e+15)"},
		{"nan1", "nan2", "w 2 of 2 differ, 1 of them not finite in one, by at most 0.5 (values up to 1.5)"},
		{"nan1", "nan1", "1 tensor is equal"},
		{"dt_I16", "dt_F8_E4M3", "w type I16 | F8_E4M3, "},
		{"dt_F8_E4M3", "dt_F8_E4M3FNUZ", "w type F8_E4M3 | F8_E4M3FNUZ, 7 of 8 differ, by at most 0.0068359"},
	} {
		code, out, errs := call(filepath.Join("testdata", c.one+".safetensors"), filepath.Join("testdata", c.two+".safetensors"))
		if code != 0 {
			t.Error(errs)
		}
		wants(t, flat(out), c.want)
	}
}

// TestNothingReachesTheTerminal: no text of a file or folder moves the cursor or makes a line of its own.
func TestNothingReachesTheTerminal(t *testing.T) {
	const evil = "\x1b[2J\u009b31m\u202e\tx\nfake line\r"
	run := trained(t, "run", "-steps", "6")
	named := filepath.Join(t.TempDir(), "run"+strings.ReplaceAll(evil, "/", ""))
	if err := os.Rename(run, named); err != nil {
		t.Fatal(err)
	}
	record := fmt.Sprintf("{\"step\":1,\"split\":%s,\"loss\":1,\"skipped\":%[1]s}\n", quoted(t, evil))
	if err := os.WriteFile(filepath.Join(named, "metrics.jsonl"), []byte(record+evil+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	change := func(name string, value any) {
		path := filepath.Join(named, checkpoints.ConfigFile)
		text, err := os.ReadFile(path)
		if err == nil {
			text = regexp.MustCompile("(?m)^"+name+" = .*$").ReplaceAll(text, []byte(strings.ReplaceAll(fmt.Sprintf("%s = %s", name, value), "$", "$$")))
			err = os.WriteFile(path, text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"data", "model", "preset", "task", "optimizer", "schedule", "dtype"} {
		change(name, quoted(t, evil))
	}
	file := writeTensors(t, "t.safetensors", params.Array{Name: evil, Shape: []int{1}, Data: []float32{1}})
	other := writeTensors(t, "o.safetensors", params.Array{Name: evil, Shape: []int{1}, Data: []float32{2}})
	header := fmt.Sprintf(`{"__metadata__":{%s:%[1]s},%[1]s:{"dtype":%[1]s,"shape":[1],"data_offsets":[0,1]}}`, quoted(t, evil))
	for _, args := range [][]string{
		{"testdata/esc.safetensors"},
		{file, other, writeFile(t, header, []byte{0}), "no" + evil + "file"},
		{"-params", "-config", "-metrics", named, trained(t, "two", "-steps", "6")},
		{"-plot", filepath.Join(t.TempDir(), evil), named},
	} {
		_, out, errs := call(args...)
		for _, r := range out + errs {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%q: %q reaches the terminal:\n%q", args, r, out+errs)
				break
			}
		}
		for line := range strings.Lines(out + errs) {
			if strings.HasPrefix(line, "fake line") {
				t.Errorf("%q: a forged line:\n%s", args, out+errs)
			}
		}
		if !strings.Contains(out+errs, `\x1b`) {
			t.Errorf("%q: the text is not shown at all:\n%s", args, out+errs)
		}
	}
}

// TestTheRestIsReported: what cannot be read is said, and the report goes on.
func TestTheRestIsReported(t *testing.T) {
	run := trained(t, "run", "-steps", "6")
	lines, err := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
	if err == nil {
		err = os.WriteFile(filepath.Join(run, "metrics.jsonl"), append([]byte("no record\n{\"step\":0,\"split\":\"valid\"}\n"), lines...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	code, out, errs := call(run)
	if code != 0 {
		t.Error(errs)
	}
	if strings.Contains(out, "best validation at step 0") {
		t.Errorf("an unknown loss is the best:\n%s", out)
	}
	wants(t, out, "last step 6", "best validation", "left out 1 line of metrics.jsonl without a record; the first: ", "line 1: invalid character", "checkpoint step-00000006")
	code, out, errs = call("-params", "/nosuch", "testdata/a.safetensors", run, t.TempDir(), "testdata/b.safetensors")
	if code != 1 || strings.Count(errs, "\n") != 2 {
		t.Errorf("exit code %d, %s", code, errs)
	}
	wants(t, errs, "/nosuch", "neither a run folder")
	wants(t, flat(out), "last step 6", "n I64 [2]", "n 2 of 2 differ")
}

// TestPipes: a named pipe in the place of a file is an error at once, and the rest is reported.
func TestPipes(t *testing.T) {
	pipe, run := regulartest.Pipe(t), trained(t, "run", "-steps", "6")
	metrics := filepath.Join(run, "metrics.jsonl")
	if err := os.Remove(metrics); err != nil {
		t.Fatal(err)
	}
	regulartest.PipeAt(t, metrics)
	regulartest.AtOnce(t, func() {
		code, out, errs := call(pipe, run)
		if code != 1 || strings.Count(errs, "is a named pipe, not a file\n") != 2 || !strings.Contains(out, "checkpoint step-00000006") {
			t.Errorf("exit code %d, %s%s", code, errs, out)
		}
	})
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
		{1, "plot: no run folder", []string{"-plot", "x.png", "testdata/a.safetensors"}},
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

// TestClasses: the results on each class at the best evaluation, under the names that the run has; runs without classes
// are named.
func TestClasses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"config.toml":   "model = \"classifier\"\ntask = \"classify\"\n",
		"metrics.jsonl": `{"step":4,"split":"valid","loss":0.5,"confusion":[[7,1],[0,2]]}` + "\n" + `{"step":8,"split":"valid","loss":0.9,"confusion":[[5,3],[0,2]]}` + "\n",
		"classes.json":  `["spam\u001b[2J","ham"]`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := call("-classes", dir)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d, %s", code, errs)
	}
	wants(t, strings.Join(strings.Fields(out), " "), "classes at step 4", `spam\x1b[2J 100.00% 87.50% 93.33% 8`, `given to spam\x1b[2J ham spam\x1b[2J 7 1 ham 0 2`)
	for record, want := range map[string]string{
		`{"step":4,"split":"valid","loss":0.5,"confusion":[]}`: "its task has none",
		`{"step":4,"split":"train","loss":0.5}`:                "has no evaluation yet",
	} {
		if err := os.WriteFile(filepath.Join(dir, "metrics.jsonl"), []byte(record+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := call("-classes", dir); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("exit code %d, %q, want %q", code, errs, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "metrics.jsonl"), []byte(`{"step":4,"split":"valid","loss":0.5}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call("-classes", dir); code != 1 || !strings.Contains(errs, "has no table of classes") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}
