package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"goomtrain/checkpoints"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
)

// folder returns where the run of a seed is stored.
func (r *recipe) folder(root string, seed uint64) string {
	return filepath.Join(root, "docs", "results", "runs", r.Name, strconv.FormatUint(seed, 10))
}

// stored reports whether there is a run of the seed with the settings of the recipe. An error says how the settings
// of the run there differ.
func (r *recipe) stored(root string, seed uint64) (bool, error) {
	dir := r.folder(root, seed)
	if !regular.Exists(dir) {
		return false, nil
	}
	if !regular.Exists(filepath.Join(dir, checkpoints.ConfigFile)) {
		return false, fmt.Errorf("%s has no %s", dir, checkpoints.ConfigFile)
	}
	different, err := r.differences(seed, dir)
	if err != nil {
		return false, err
	}
	if len(different) > 0 {
		return false, fmt.Errorf("%s was trained with other settings (recipe | run): %s", dir, different[0])
	}
	return true, nil
}

// build compiles cmd/train. The caller calls remove when it has no more use for the program.
func build(ctx context.Context, root string) (program string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "results")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	program = filepath.Join(dir, "train")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/train")
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		remove()
		if ctx.Err() != nil {
			return "", nil, errInterrupted
		}
		return "", nil, fmt.Errorf("go build ./cmd/train: %w\n%s", err, text)
	}
	return program, remove, nil
}

// train trains what is missing, a run after the other, and goes on after one that fails. The first seed of every recipe
// comes before the second of any.
func (b *book) train(ctx context.Context, out io.Writer, root, program string, only *regexp.Regexp, threads int) error {
	var failures []error
	most := 0
	for _, r := range b.Recipes {
		most = max(most, len(r.Seeds))
	}
	for i := range most {
		for _, r := range b.Recipes {
			if i >= len(r.Seeds) || !only.MatchString(r.Name) {
				continue
			}
			seed := r.Seeds[i]
			done, err := r.stored(root, seed)
			if done {
				continue
			} else if err != nil {
				fmt.Fprintf(out, "%v; training again\n", err)
			}
			begin := time.Now()
			err = r.trainSeed(ctx, program, root, seed, threads)
			if ctx.Err() != nil {
				return errInterrupted
			}
			if err != nil {
				failures = append(failures, fmt.Errorf("%s seed %d: %w", r.Name, seed, err))
				fmt.Fprintln(out, failures[len(failures)-1])
				continue
			}
			fmt.Fprintf(out, "%s seed %d: %s\n", r.Name, seed, time.Since(begin).Round(time.Second))
		}
	}
	if len(failures) > 0 {
		return fmt.Errorf("%s failed; the first: %w", printable.Count(len(failures), "run"), failures[0])
	}
	return nil
}

// trainSeed trains one run in runs/results and stores it. It repeats a run that is there from an earlier call.
func (r *recipe) trainSeed(ctx context.Context, program, root string, seed uint64, threads int) error {
	name := fmt.Sprintf("%s-%d", r.Name, seed)
	dir := filepath.Join("runs", "results", name)
	if err := clear(filepath.Join(root, dir)); err != nil {
		return err
	}
	log := filepath.Join(root, dir) + ".log"
	console, err := os.Create(log)
	if err != nil {
		return err
	}
	args := append(r.command(seed), "-threads", strconv.Itoa(threads), "-out", filepath.ToSlash(dir))
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, console, console
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it finishes the step
	cmd.WaitDelay = 30 * time.Second
	err = errors.Join(cmd.Run(), console.Close())
	text, readErr := regular.ReadFile(log, 64<<20)
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		return fmt.Errorf("%w: %s (%s)", err, lines[len(lines)-1], log)
	}
	if readErr != nil {
		return readErr
	}
	return store(filepath.Join(root, dir), text, r.folder(root, seed))
}

// clear removes a run folder, unless a process is training there, and makes the folder that holds it.
func clear(dir string) error {
	lock, err := checkpoints.LockRun(dir)
	if err != nil {
		return err
	}
	return errors.Join(lock.Release(), os.RemoveAll(dir))
}

// excerpt shortens the output of a run to its header with the first step, and its end.
func excerpt(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	head := 0
	for head < len(lines) && !bytes.HasPrefix(lines[head], []byte("step ")) {
		head++
	}
	const steps, end = 3, 40
	if head += steps; len(lines) <= head+end {
		return text
	}
	kept := append(bytes.Join(lines[:head], nil), "...\n"...)
	return append(kept, bytes.Join(lines[len(lines)-end:], nil)...)
}
