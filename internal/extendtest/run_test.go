package extendtest_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/train"
)

// writeText writes a small corpus and returns the flags that train on it.
func writeText(t *testing.T) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{"-data", path, "-cache-dir", "off", "-seq", "16"}
}

// short are the flags of a run of that many steps in a new folder, whose curve is 40 steps long.
func short(t *testing.T, steps string, more ...string) []string {
	t.Helper()
	return append([]string{"-preset", "nano", "-batch", "4", "-steps", steps, "-schedule-steps", "40", "-eval-every", "10",
		"-eval-batches", "1", "-save-every", "10", "-log-every", "1", "-out", filepath.Join(t.TempDir(), "run")}, more...)
}

// run trains as a program with these flags does, and returns the run's folder and what it printed.
func run(t *testing.T, args ...string) (dir, console string) {
	t.Helper()
	call, err := train.Parse(args)
	if err != nil {
		t.Fatal(err)
	}
	call.Config.Commands = train.Commands{Resume: "mine -resume", Generate: "mine -from"}
	var out bytes.Buffer
	result, err := train.Launch(context.Background(), call.Config, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return result.Dir, out.String()
}

// sameAt40 fails unless 40 steps in one run leave the same weights and the same state of the optimizer as 20 and
// 20. It returns the folder of the latter, and what its second half printed.
func sameAt40(t *testing.T, flags ...string) (dir, console string) {
	t.Helper()
	whole, _ := run(t, short(t, "40", flags...)...)
	dir, _ = run(t, short(t, "20", flags...)...)
	dir, console = run(t, "-resume", dir, "-steps", "40", "-threads", "1")
	for _, file := range []string{"model.safetensors", "optimizer.safetensors"} {
		a, err := os.ReadFile(filepath.Join(checkpoints.StepDir(whole, 40), file))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(checkpoints.StepDir(dir, 40), file))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s of 40 steps is another than that of 20 and 20", file)
		}
	}
	return dir, console
}

// refused fails unless a command line is an error of one line that contains want.
func refused(t *testing.T, want string, args ...string) {
	t.Helper()
	if _, err := train.Parse(args); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v: error %v, want one line with %q", args, err, want)
	}
}

// configHas fails unless a line of the run's config.toml begins with each text.
func configHas(t *testing.T, dir string, lines ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, checkpoints.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(string(text), "\n")
	for _, want := range lines {
		if !slices.ContainsFunc(all, func(line string) bool { return strings.HasPrefix(line, want+" ") }) {
			t.Errorf("config.toml has no line %q:\n%s", want, text)
		}
	}
}

// helpHas fails unless the line of a flag in the help contains each text.
func helpHas(t *testing.T, flag string, texts ...string) {
	t.Helper()
	var help bytes.Buffer
	if err := train.Help(&help, "mine", ""); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(help.String()) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == "-"+flag {
			for _, want := range texts {
				if !strings.Contains(line, want) {
					t.Errorf("the help of -%s lacks %q: %s", flag, want, line)
				}
			}
			return
		}
	}
	t.Errorf("the help does not list -%s:\n%s", flag, help.String())
}
