package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/models"
	"goomtrain/train/metrics"
)

// Example shows the answer to a misspelled flag.
func Example() {
	code := run(context.Background(), []string{"-stepz", "100"}, os.Stdout, os.Stdout)
	fmt.Println("exit code", code)
	// Output:
	// train: there is no flag -stepz; did you mean -steps? (-h lists all)
	// exit code 2
}

// TestMain runs the command itself where a test starts this binary as a process to kill.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_AS_COMMAND") == "1" {
		main()
	}
	os.Exit(m.Run())
}

// small are the flags of a run of milliseconds a step.
func small(t *testing.T, more ...string) []string {
	t.Helper()
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("how much wood would a woodchuck chuck? ", 300)), 0o644); err != nil {
		t.Fatal(err)
	}
	return ofGOOMRNN(append([]string{"-preset", "nano", "-d-emb", "16", "-layers", "1", "-heads", "2", "-d-head", "4", "-data", text,
		"-seq", "32", "-batch", "4", "-eval-batches", "2", "-sample", "20", "-log-every", "1"}, more...))
}

// ofGOOMRNN adds the model to arguments that name none.
func ofGOOMRNN(args []string) []string {
	if slices.Contains(args, "-model") {
		return args
	}
	return append([]string{"-model", "goom-rnn"}, args...)
}

// classify makes the task of a call the classification of short texts.
func classify(t *testing.T, args []string) []string {
	t.Helper()
	rows := "text,label\n"
	for i := range 60 {
		rows += fmt.Sprintf("%d and %d,%s\n", i, i*i, []string{"zero", "one", "two"}[i%3])
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	at := indexOf(args, "-sample")
	args = append(slices.Delete(args, at, at+2), "-task", "classify")
	args[indexOf(args, "-data")+1] = path
	return args
}

// call runs the command in this process.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// TestErrorsAreOneSafeLine: what the user or a run folder names cannot reach the terminal as it is.
func TestErrorsAreOneSafeLine(t *testing.T) {
	for _, args := range [][]string{{"-data", "no\x1b[2Jtext\nfake line"}, {"-\x1b[2J\nfake line"}, {"-resume", "no\x1b[2Jrun\nfake line"}} {
		code, _, errs := call(args...)
		if code == 0 || strings.Contains(errs, "\x1b") || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, `\x1b[2J`) {
			t.Errorf("%q: exit code %d, %q", args, code, errs)
		}
	}
}

// TestPrintedConfigIsSafe: a configuration is printed with escapes, which TOML reads back.
func TestPrintedConfigIsSafe(t *testing.T) {
	const out = "a\u009b31m\u202eb\x7f"
	code, printed, errs := call("-print-config", "-out", out)
	if code != 0 || strings.ContainsAny(printed, "\u009b\u202e\x7f") {
		t.Fatalf("exit code %d, %s%q", code, errs, printed)
	}
	file := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(file, []byte(printed), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, again, errs := call("-print-config", "-config", file); code != 0 || again != printed {
		t.Errorf("read back: exit code %d, %s%s", code, errs, again)
	}
}

// TestResumeWithDropout: masks follow from the step, so a resumed run has those of an uninterrupted one; and
// from the number of a sequence in its batch, so pieces of a batch have those of the whole.
func TestResumeWithDropout(t *testing.T) {
	for _, model := range models.Names() {
		t.Run(model, func(t *testing.T) {
			whole, cut, pieces := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut"), filepath.Join(t.TempDir(), "pieces")
			args := small(t, "-model", model, "-dropout", "0.2", "-micro-batch", "2", "-dtype", "float64")
			switch model {
			case "hybrid":
				args = append(args, "-pattern", "goom-householder")
			case "lstm": // which has no heads
				at := indexOf(args, "-heads")
				args = slices.Delete(args, at, at+4)
			case "classifier":
				args = classify(t, args)
			}
			for _, more := range [][]string{{"-steps", "12", "-out", whole}, {"-steps", "7", "-out", cut, "-threads", "1"}} {
				if code, _, errs := call(append(args, more...)...); code != 0 {
					t.Fatal(errs)
				}
			}
			if code, _, errs := call("-resume", cut, "-steps", "12"); code != 0 {
				t.Fatal(errs)
			}
			same(t, whole, cut, 12)
			args[indexOf(args, "-micro-batch")+1] = "4"
			if code, _, errs := call(append(args, "-steps", "12", "-out", pieces)...); code != 0 {
				t.Fatal(errs)
			}
			a, b := records(t, whole), records(t, pieces)
			for i := range a {
				if a[i].Split == metrics.Train && !(math.Abs(a[i].Loss-b[i].Loss) < 1e-9) { // evaluations take batches of a piece's size
					t.Fatalf("step %d: loss %.15g in pieces of 2, %.15g in one of 4", a[i].Step, a[i].Loss, b[i].Loss)
				}
			}
		})
	}
}

// records are the lines of a run's metrics.
func records(t *testing.T, dir string) []metrics.Record {
	t.Helper()
	records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func TestTrainAndResume(t *testing.T) {
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	args := small(t, "-eval-every", "6", "-save-every", "4")
	if code, out, errs := call(append(args, "-steps", "20", "-out", whole)...); code != 0 || !strings.Contains(out, "sample:") {
		t.Fatalf("exit code %d, %s\n%s", code, errs, out)
	}
	if code, _, errs := call(append(args, "-steps", "10", "-out", cut)...); code != 0 {
		t.Fatal(errs)
	}
	if code, _, errs := call("-resume", cut, "-steps", "20"); code != 0 {
		t.Fatal(errs)
	}
	same(t, whole, cut, 20)
	if code, out, errs := call("-resume", cut, "-steps", "20"); code != 0 || !strings.Contains(out, "finished after step 20") {
		t.Errorf("resuming a finished run: exit code %d, %s\n%s", code, errs, out)
	}
}

// TestResumeRenamedFile: a run resumes on its text file under another name in another folder, with the same result.
func TestResumeRenamedFile(t *testing.T) {
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	args := small(t, "-eval-every", "6", "-save-every", "4")
	for _, more := range [][]string{{"-steps", "12", "-out", whole}, {"-steps", "6", "-out", cut}} {
		if code, _, errs := call(append(args, more...)...); code != 0 {
			t.Fatal(errs)
		}
	}
	moved := filepath.Join(t.TempDir(), "renamed.md")
	if err := os.Rename(args[indexOf(args, "-data")+1], moved); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call("-resume", cut, "-data", moved, "-steps", "12"); code != 0 {
		t.Fatal(errs)
	}
	same(t, whole, cut, 12)
}

// TestResumeSources: a run on several sources, given by relative paths with weights, resumes from another folder with the
// same result, and not on other text to validate on.
func TestResumeSources(t *testing.T) {
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	args, dir := small(t, "-eval-every", "6", "-save-every", "4"), t.TempDir()
	for name, text := range map[string]string{"a.jsonl": "{\"text\":\"how much wood would a woodchuck chuck?\"}\n", "b.txt": "if a woodchuck could chuck wood ", "valid.txt": "a woodchuck would "} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat(text, 100)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	at := indexOf(args, "-data")
	args[at+1] = "a.jsonl:0.7,b.txt:0.3"
	args = append(args, "-valid-data", "valid.txt")
	t.Chdir(dir)
	for _, more := range [][]string{{"-steps", "12", "-out", whole}, {"-steps", "6", "-out", cut}} {
		if code, _, errs := call(append(args, more...)...); code != 0 {
			t.Fatal(errs)
		}
	}
	t.Chdir(t.TempDir())
	if code, _, errs := call("-resume", cut, "-valid-data", filepath.Join(dir, "b.txt"), "-steps", "12"); code == 0 || !strings.Contains(errs, "the data has changed since the checkpoint") {
		t.Errorf("resumed on other text to validate on: exit code %d, %s", code, errs)
	}
	if code, _, errs := call("-resume", cut, "-steps", "12"); code != 0 {
		t.Fatal(errs)
	}
	same(t, whole, cut, 12)
}

// TestRunOfAnotherProgram: the error of resuming a run whose model this program does not have says what to use.
func TestRunOfAnotherProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if code, _, errs := call(small(t, "-steps", "1", "-out", dir)...); code != 0 {
		t.Fatal(errs)
	}
	file := filepath.Join(dir, checkpoints.ConfigFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(`"goom-rnn"`), []byte(`"leaky-net"`), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	const want = `there is no model "leaky-net"; valid names: `
	if code, _, errs := call("-resume", dir); code != 2 || !strings.Contains(errs, want) || !strings.HasSuffix(errs, "; if another module registers it, use the program of that module\n") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// same compares the arrays of two runs' checkpoints.
func same(t *testing.T, a, b string, step int64) {
	t.Helper()
	for _, name := range []string{"model.safetensors", "optimizer.safetensors"} {
		x, err := os.ReadFile(filepath.Join(checkpoints.StepDir(a, step), name))
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(filepath.Join(checkpoints.StepDir(b, step), name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s differs", name)
		}
	}
}

// TestMistakes: what a first-time user gets wrong gives one line that says what to do, and the right
// exit code; no stack trace, nothing left behind.
func TestMistakes(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	if code, _, errs := call(small(t, "-steps", "4", "-out", good)...); code != 0 {
		t.Fatal(errs)
	}
	empty := filepath.Join(t.TempDir(), "empty.txt")
	file := filepath.Join(t.TempDir(), "file")
	for _, path := range []string{empty, file} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	short := filepath.Join(t.TempDir(), "short.txt")
	if err := os.WriteFile(short, []byte(strings.Repeat("few words ", 60)), 0o644); err != nil {
		t.Fatal(err)
	}
	torn := filepath.Join(t.TempDir(), "torn")
	if err := os.CopyFS(torn, os.DirFS(good)); err != nil {
		// The links last and best are no plain files: a copy without them is a run all the same.
		t.Log("copied without links:", err)
	}
	weights := filepath.Join(checkpoints.StepDir(torn, 4), "model.safetensors")
	if err := os.Truncate(weights, 1000); err != nil {
		t.Fatal(err)
	}
	changed := small(t, "-steps", "4", "-out", filepath.Join(t.TempDir(), "changed"))
	if code, _, errs := call(changed...); code != 0 {
		t.Fatal(errs)
	}
	text := changed[indexOf(changed, "-data")+1]
	if err := os.WriteFile(text, []byte(strings.Repeat("how much wood would a woodchuck chunk? ", 300)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		code int
		want string
		args []string
	}{
		{"misspelled flag", 2, "did you mean -preset?", []string{"-preste", "nano"}},
		{"flag twice", 2, "given twice", []string{"-steps", "1", "-steps", "2"}},
		{"wrong type", 2, `"ten": must be a whole number`, []string{"-steps", "ten"}},
		{"value without flag", 2, `unexpected argument "nano"`, []string{"nano"}},
		{"batch 0", 2, "batch 0: must be 1 to 1048576", []string{"-batch", "0"}},
		{"micro-batch", 2, "-micro-batch 5 does not divide -batch 8", []string{"-batch", "8", "-micro-batch", "5"}},
		{"contradiction", 2, "-out contradicts -resume", []string{"-resume", good, "-out", "x"}},
		{"another size", 2, "-d-emb is 32, but the run has 16", []string{"-resume", good, "-d-emb", "32"}},
		{"resume of nothing", 2, "no such file", []string{"-resume", filepath.Join(good, "nosuch")}},
		{"positions of a recurrence", 2, "model hybrid has no such setting, only softmax-attention, taylor-attention", []string{"-positions", "learned"}},
		{"misspelled positions", 2, `-positions "rotery": must be one of rotary, learned, none; did you mean "rotary"?`, []string{"-model", "softmax-attention", "-positions", "rotery"}},
		{"context of no positions", 2, "only learned positions have a context", []string{"-model", "softmax-attention", "-context", "64"}},
		{"context too short", 1, "context 16: the data has sequences of 32 positions", small(t, "-model", "softmax-attention", "-positions", "learned", "-context", "16")},
		{"another MLP", 2, "-mlp: model goom-rnn has no such setting", []string{"-resume", good, "-mlp", "swiglu"}},
		{"dropout of everything", 2, "-dropout 1: must lie in [0, 1)", []string{"-dropout", "1"}},
		{"dropout of one batch", 2, "-dropout 0.1 contradicts -overfit-batch", []string{"-dropout", "0.1", "-overfit-batch"}},
		{"unknown model", 2, "goom-rnn", []string{"-model", "goom-rn"}},
		{"unknown preset", 2, "nano", []string{"-preset", "tiny"}},
		{"unknown task", 2, "copy", []string{"-task", "coppy"}},
		{"missing folder", 1, "nosuch", []string{"-data", filepath.Join(good, "nosuch")}},
		{"empty file", 1, "empty.txt", []string{"-data", empty}},
		{"sequence longer than the text", 1, "100000", []string{"-data", short, "-seq", "100000"}},
		{"heads without sense", 2, "-heads -3: must be 1 to 4096", []string{"-heads", "-3"}},
		{"vocabulary too small", 1, "vocab 100: the data has 256", small(t, "-vocab", "100")},
		{"folder of a run", 1, "already holds a run: resume it", small(t, "-out", good)},
		{"out is a file", 1, "file", small(t, "-out", file)},
		{"corrupt checkpoint", 1, "model.safetensors", []string{"-resume", checkpoints.StepDir(torn, 4), "-steps", "8"}},
		{"data has changed", 1, "the data has changed", []string{"-resume", changed[indexOf(changed, "-out")+1], "-steps", "8"}},
		{"run of another process", 1, "good", []string{"-resume", good, "-steps", "8"}},
		{"fewer steps than made", 1, "is already at step 4", []string{"-resume", good, "-steps", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "run of another process" {
				lock, err := checkpoints.LockRun(good)
				if err != nil {
					t.Fatal(err)
				}
				defer lock.Release()
			}
			code, _, errs := call(c.args...)
			if code != c.code || !strings.Contains(errs, c.want) {
				t.Errorf("exit code %d: %swant %d with %q", code, errs, c.code, c.want)
			}
			if strings.Count(errs, "\n") != 1 || len(errs) > 500 || strings.Contains(errs, "goroutine") {
				t.Errorf("not one line:\n%s", errs)
			}
		})
	}
}

func indexOf(args []string, flag string) int {
	for i, a := range args {
		if a == flag {
			return i
		}
	}
	return -1
}

// TestReadOnlyOut needs a folder that cannot be written.
func TestReadOnlyOut(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("this user may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(small(t, "-out", filepath.Join(dir, "run"))...); code != 1 || !strings.Contains(errs, "permission denied") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestHelpPrintConfigAndDryRun(t *testing.T) {
	code, out, _ := call("-h")
	if code != 0 || !strings.Contains(out, "Optimization:") || !strings.Contains(out, "-weight-decay") || !strings.Contains(out, "(one-cycle)") || !strings.Contains(out, "\n  goom-full  ") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	code, out, _ = call("-print-config", "-steps", "9")
	if code != 0 || !strings.Contains(out, "steps = 9 ") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	dir := filepath.Join(t.TempDir(), "dry")
	code, out, errs := call(small(t, "-dry-run", "-out", dir)...)
	if _, err := os.Stat(dir); code != 0 || !strings.Contains(out, "total ") || err == nil {
		t.Errorf("exit code %d, folder made: %v, %s\n%s", code, err == nil, errs, out)
	}
}

// full is a writer that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// TestWrongHelp: a topic that there is not, and text that cannot be written, are errors of one line.
func TestWrongHelp(t *testing.T) {
	if code, out, errs := call("-h", "los"); code != wrongUsage || out != "" || !strings.HasPrefix(errs, "train: -h") || !strings.HasSuffix(errs, "did you mean \"logs\"?\n") {
		t.Errorf("exit code %d, %s%s", code, out, errs)
	}
	for _, args := range [][]string{{"-print-config"}, {"-completion", "bash"}} {
		var errs bytes.Buffer
		if code := run(context.Background(), args, full{}, &errs); code != failed || errs.String() != "train: no space left\n" {
			t.Errorf("%v: exit code %d, %s", args, code, &errs)
		}
	}
}

// TestProfile leaves its files and prints the operations.
func TestProfile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	code, out, errs := call(small(t, "-steps", "5", "-profile", "-out", dir)...)
	if code != 0 || !strings.Contains(out, "operation") || !strings.Contains(out, "%") {
		t.Fatalf("exit code %d, %s\n%s", code, errs, out)
	}
	for _, name := range []string{"cpu.pprof", "heap.pprof"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// process starts the command as a process of its own.
func process(args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RUN_AS_COMMAND=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// TestKills: a run that is killed at random moments and resumed ends with the arrays of an uninterrupted
// one, and its metrics have no gap and no repeat.
func TestKills(t *testing.T) {
	args := small(t, "-steps", "150", "-eval-every", "10", "-save-every", "3")
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	if code, _, errs := call(append(args, "-out", whole)...); code != 0 {
		t.Fatal(errs)
	}
	next, kills := append(args, "-out", cut), 0
	for {
		cmd, out := process(next...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// On a busy machine a process may not get as far as a checkpoint: later ones are given more time.
		kill := time.AfterFunc(time.Duration(50+rand.IntN(450+50*kills))*time.Millisecond, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		if !kill.Stop() && err != nil {
			kills++
			if _, err := os.Stat(filepath.Join(cut, "config.toml")); err == nil {
				next = []string{"-resume", cut}
			}
			continue
		}
		if err != nil {
			t.Fatalf("after %d kills: %v\n%s", kills, err, out)
		}
		break
	}
	t.Logf("%d kills", kills)
	same(t, whole, cut, 150)
	lines := func(dir string) int {
		text, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(text, []byte("\n"))
	}
	if a, b := lines(whole), lines(cut); a != b || a != 150+15 {
		t.Errorf("%d lines of metrics uninterrupted, %d after kills", a, b)
	}
}

// TestSignal: SIGTERM finishes the step, saves, and exits with 130.
func TestSignal(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGTERM to send")
	}
	dir := filepath.Join(t.TempDir(), "run")
	cmd, out := process(small(t, "-steps", "100000", "-eval-every", "0", "-save-every", "0", "-out", dir)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if text, _ := os.ReadFile(filepath.Join(dir, "metrics.jsonl")); bytes.Count(text, []byte("\n")) > 3 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != interrupted {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if _, err := checkpoints.Load(dir); err != nil || !strings.Contains(out.String(), "-resume "+dir) {
		t.Errorf("checkpoint: %v\n%s", err, out)
	}
}
