//go:build mpi && unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program builds the command once and returns the file.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "train-mpi")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "train")
	out, err := exec.Command("go", "build", "-tags", "mpi", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// A running is a job that was started by mpirun.
type running struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	ended  chan error
}

// start starts a job. Parts of the arguments that are separated by ":" are for different processes, as mpirun has it.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{cmd: exec.Command("mpirun", args...), ended: make(chan error, 1)}
	r.cmd.Env = append(os.Environ(), "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_rmaps_base_oversubscribe=1", "OMPI_MCA_hwloc_base_binding_policy=none",
		"OMPI_MCA_odls_base_sigkill_timeout=2") // seconds from Ctrl-C to SIGTERM, and from there to SIGKILL
	r.cmd.Stdout, r.cmd.Stderr = &r.output, &r.output
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	t.Cleanup(func() { syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) })
	return r
}

// wait waits until the job has ended, for at most that long, and returns its output and whether it has succeeded.
func (r *running) wait(t *testing.T, limit time.Duration) (output string, ok bool) {
	t.Helper()
	select {
	case err := <-r.ended:
		return r.output.String(), err == nil
	case <-time.After(limit):
		t.Fatalf("the job has not ended after %v:\n%s", limit, r.output.String())
	}
	return "", false
}

// job runs a job of n processes to its end, which must be good.
func job(t *testing.T, n int, args ...string) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	output, ok := start(t, append([]string{"-n", strconv.Itoa(n), path}, args...)...).wait(t, 2*time.Minute)
	if !ok {
		t.Fatalf("%d processes, %v:\n%s", n, args, output)
	}
	return output
}

// ranks returns the numbers of the processes of a job, by rank.
func (r *running) ranks(t *testing.T, n int) []int {
	t.Helper()
	path, _ := program()
	for range 200 {
		found := map[int]int{}
		files, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, file := range files {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); exe != path {
				continue
			}
			env, _ := os.ReadFile(file)
			for _, v := range strings.Split(string(env), "\x00") {
				if rank, ok := strings.CutPrefix(v, "OMPI_COMM_WORLD_RANK="); ok {
					k, _ := strconv.Atoi(rank)
					found[k] = pid
				}
			}
		}
		if len(found) == n {
			out := make([]int, n)
			for k, pid := range found {
				out[k] = pid
			}
			return out
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the job has not %d processes:\n%s", n, r.output.String())
	return nil
}

// until waits until a condition holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("still not: %s", what)
}

// flags are those of a small run on text.
func flags(t *testing.T, more ...string) []string {
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("she sells sea shells by the sea shore. ", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	return append([]string{"-preset", "nano", "-data", text, "-seq", "32", "-batch", "12", "-micro-batch", "1", "-sample", "0", "-schedule-steps", "20", "-warmup", "2", "-eval-batches", "3", "-log-every", "1"}, more...)
}

// lastWeights returns the file of the weights of a run's last checkpoint.
func lastWeights(t *testing.T, run string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(run, "checkpoints", "last", "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// losses returns the losses in a run's metrics, by split and step.
func losses(t *testing.T, run string) map[string]float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(run, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var r struct {
			Step  int
			Split string
			Loss  float64
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		all[fmt.Sprint(r.Split, r.Step)] = r.Loss
	}
	return all
}

// sameRuns checks that two runs have the same weights and losses, to the bit.
func sameRuns(t *testing.T, what, a, b string) {
	t.Helper()
	if !bytes.Equal(lastWeights(t, a), lastWeights(t, b)) {
		t.Errorf("%s: the weights differ", what)
	}
	la, lb := losses(t, a), losses(t, b)
	if len(la) != len(lb) {
		t.Errorf("%s: %d and %d losses", what, len(la), len(lb))
	}
	for k, x := range la {
		if y := lb[k]; x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
			t.Errorf("%s: loss %s is %v and %v", what, k, x, y)
		}
	}
}

// TestMPIBits: 1, 2, 3 and 4 processes make the same run, and so does one that is resumed by 4, then 2, then 1.
func TestMPIBits(t *testing.T) {
	args, dir := flags(t, "-eval-every", "5", "-save-every", "5", "-ema", "0.9", "-steps", "15"), t.TempDir()
	alone := filepath.Join(dir, "1")
	job(t, 1, append(args, "-out", alone)...)
	for n := 2; n <= 4; n++ {
		run := filepath.Join(dir, strconv.Itoa(n))
		job(t, n, append(args, "-out", run)...)
		sameRuns(t, fmt.Sprintf("%d processes and 1", n), run, alone)
	}
	run := filepath.Join(dir, "resumed")
	short := append(slices.Clone(args), "-out", run)
	short[slices.Index(short, "-steps")+1] = "5"
	job(t, 4, short...)
	job(t, 2, "-resume", run, "-steps", "10")
	job(t, 1, "-resume", run, "-steps", "15")
	sameRuns(t, "4, then 2, then 1 and an unbroken run", run, alone)
}

// TestMPISequence: two processes that share the positions of every sequence, and four, make the run of one to rounding.
func TestMPISequence(t *testing.T) {
	args, dir := flags(t, "-steps", "5"), t.TempDir()
	alone := filepath.Join(dir, "1")
	job(t, 1, append(args, "-out", alone)...)
	for _, n := range []int{2, 4} {
		run := filepath.Join(dir, strconv.Itoa(n))
		job(t, n, append(args, "-sequence-parallel", "2", "-out", run)...)
		want := losses(t, alone)
		for k, x := range losses(t, run) {
			if !(math.Abs(x-want[k]) < 1e-4) {
				t.Errorf("%d processes: loss %s is %v, alone %v", n, k, x, want[k])
			}
		}
	}
}

// TestMPIKill: a process that is killed at any moment, in a step or in a save, ends the job, and what it saved last is
// resumed to the same bits by another number of processes.
func TestMPIKill(t *testing.T) {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	args, dir := flags(t, "-eval-every", "7", "-save-every", "1", "-steps", "20"), t.TempDir()
	alone := filepath.Join(dir, "1")
	job(t, 1, append(args, "-out", alone)...)
	run := filepath.Join(dir, "killed")
	args = append(args, "-out", run)
	last := func() string {
		link, _ := os.Readlink(filepath.Join(run, "checkpoints", "last"))
		return link
	}
	for kill, n := range []int{3, 2, 4, 3} {
		r := start(t, append([]string{"-n", strconv.Itoa(n), path}, args...)...)
		before := last()
		until(t, "a new checkpoint after "+before, func() bool { return last() != before })
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		victim := kill % n
		if err := syscall.Kill(r.ranks(t, n)[victim], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		output, ok := r.wait(t, 30*time.Second)
		if want := fmt.Sprintf("process rank %d ", victim); ok || !strings.Contains(output, want) {
			t.Fatalf("rank %d of %d was killed:\n%s", victim, n, output)
		}
		args = []string{"-resume", run}
	}
	job(t, 2, args...)
	sameRuns(t, "killed four times and unbroken", run, alone)
}

// TestMPIFaults: a fault of one process ends the job with a line that names its rank and the cause.
func TestMPIFaults(t *testing.T) {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	run := func(more ...string) []string {
		return append([]string{path}, flags(t, append([]string{"-steps", "3", "-out", filepath.Join(t.TempDir(), "run")}, more...)...)...)
	}
	both := func(first, second []string) []string {
		return append(append(append([]string{"-n", "1"}, first...), ":", "-n", "1"), second...)
	}
	first, full, same := run(), run(), run()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "train") // that runs alike, with another checksum
	if err := os.WriteFile(other, append(content, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	few := run()
	few[slices.Index(few, "-micro-batch")+1] = "12"
	for want, job := range map[string][]string{
		"rank 1 (": both(full, append([]string{"sh", "-c", `ulimit -f 20; exec "$@"`, "sh"}, full...)), // its file of the optimizer is too large
		"runs another program than rank 0 (sha256 ":                        both(same, append([]string{other}, same[1:]...)),
		"has another configuration than rank 0: -seed is 7, on rank 0 1":   both(first, append(slices.Clone(first), "-seed", "7")),
		"-batch 12 has 1 micro-batches of -micro-batch 12, fewer than the": append([]string{"-n", "3"}, few...),
		`there is no model "goom-rn"`:                                      append([]string{"-n", "3"}, run("-model", "goom-rn")...),
	} {
		output, ok := start(t, job...).wait(t, time.Minute)
		if n := strings.Count(output, "train: "); ok || n != 1 || !strings.Contains(output, want) {
			t.Errorf("want one line with %q, got %d:\n%s", want, n, output)
		}
		if strings.Contains(output, "then saving") { // though MPI has sent a signal
			t.Errorf("a job that fails promises to save:\n%s", output)
		}
	}
}

// TestMPISilence: a process that is stopped ends the job after -comm-timeout, with its rank.
func TestMPISilence(t *testing.T) {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	for _, victim := range []int{0, 2} {
		run := filepath.Join(t.TempDir(), "run")
		r := start(t, append([]string{"-n", "3", path}, flags(t, "-steps", "100000", "-save-every", "2", "-comm-timeout", "2", "-out", run)...)...)
		until(t, "a checkpoint", func() bool { _, err := os.Stat(filepath.Join(run, "checkpoints", "last")); return err == nil })
		if err := syscall.Kill(r.ranks(t, 3)[victim], syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		output, ok := r.wait(t, 20*time.Second)
		if want := fmt.Sprintf("rank %d (", victim); ok || !strings.Contains(output, want) || !strings.Contains(output, "has not answered for") {
			t.Errorf("rank %d was stopped:\n%s", victim, output)
		}
		job(t, 2, "-resume", run, "-steps", "4", "-eval-every", "0")
	}
}

// TestMPIInterrupt: Ctrl-C, and SIGUSR1 which mpirun passes on at once, save once, after the same step of all processes, and
// the run resumes.
func TestMPIInterrupt(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGUSR1} {
		t.Run(signal.String(), func(t *testing.T) { interrupt(t, signal) })
	}
}

func interrupt(t *testing.T, signal os.Signal) {
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(t.TempDir(), "run")
	lines := flags(t, "-steps", "100000", "-save-every", "0", "-eval-every", "0", "-out", run)
	lines[slices.Index(lines, "-log-every")+1] = "50"
	r := start(t, append([]string{"-n", "2", path}, lines...)...)
	until(t, "metrics", func() bool { b, _ := os.ReadFile(filepath.Join(run, "metrics.jsonl")); return len(b) > 0 })
	if err := r.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	output, _ := r.wait(t, 30*time.Second)
	if strings.Count(output, "interrupted after step") != 1 || !strings.Contains(output, "and saved") {
		t.Fatalf("interrupted:\n%s", output)
	}
	list, err := filepath.Glob(filepath.Join(run, "checkpoints", "step-*"))
	if err != nil || len(list) != 1 {
		t.Errorf("checkpoints %v", list)
	}
	at, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(list[0]), "step-"))
	job(t, 3, "-resume", run, "-steps", strconv.Itoa(at+2))
}
