package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

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
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		fmt.Fprintln(os.Stderr, "\nfinishing the step, then saving; press Ctrl-C again to exit at once")
		cancel()
		<-signals
		os.Exit(interrupted)
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
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
