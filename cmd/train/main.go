package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"

	_ "goomtrain/data/gpt2" // -tokenizer gpt2
	"goomtrain/internal/printable"
	"goomtrain/train"
)

// Exit codes of the command.
const (
	done        = 0
	failed      = 1
	wrongUsage  = 2
	interrupted = 130
)

func main() {
	job, err := train.Join()
	if err != nil {
		fmt.Fprintln(os.Stderr, "train:", printable.Line(err.Error()))
		os.Exit(failed)
	}
	var stdout, stderr io.Writer = os.Stdout, os.Stderr
	var message strings.Builder
	if !job.Leads() {
		stdout, stderr = io.Discard, &message
	}
	ctx, cancel := context.WithCancel(context.Background())
	var ended atomic.Bool
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, stopSignals...)
	go func() {
		<-signals
		again := "; press Ctrl-C again to exit at once"
		if !job.Alone() {
			again = "" // mpirun sends its signal twice
		}
		if job.Leads() && !ended.Load() { // a job that fails sends signals too
			fmt.Fprintf(os.Stderr, "\nfinishing the step, then saving%s\n", again)
		}
		cancel()
		if job.Alone() {
			<-signals
			os.Exit(interrupted)
		}
	}()
	code := run(ctx, os.Args[1:], stdout, stderr)
	ended.Store(true)
	os.Exit(job.End(code, message.String(), os.Stderr))
}

// run runs the command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	call, err := train.Parse(args)
	switch {
	case errors.Is(err, train.ErrHelp):
		if err := train.Help(stdout, "go run ./cmd/train", call.Topic); err != nil {
			fmt.Fprintln(stderr, "train:", printable.Line(err.Error()))
			return wrongUsage
		}
		return done
	case err != nil:
		fmt.Fprintln(stderr, "train:", printable.Line(err.Error()))
		return wrongUsage
	}
	if printed, err := call.Print(stdout); err != nil {
		fmt.Fprintln(stderr, "train:", printable.Line(err.Error()))
		return failed
	} else if printed {
		return done
	}
	switch _, err := train.Launch(ctx, call.Config, stdout); {
	case errors.Is(err, train.ErrInterrupted):
		return interrupted
	case err != nil:
		fmt.Fprintln(stderr, "train:", printable.Line(err.Error()))
		return failed
	}
	return done
}
