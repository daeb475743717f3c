// Command customop is a module of its own that extends goomtrain by an op with a gradient derived by hand
// (op.go), a layer with streaming state (layer.go), a model with sizes and presets (model.go), a task (task.go)
// and an optimizer (optimizer.go). It trains, resumes and generates with them as with those of goomtrain:
//
//	go run . -model leaky-rnn -preset nano -integrators 48 -out runs/leaky
//	go run . -resume runs/leaky -steps 400
//	go run . generate -from runs/leaky -prompt "func "
//	go run . -model leaky-rnn -preset nano -task majority -optimizer heavy-ball -lr 0.1 -out runs/majority
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"goomtrain/train"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "customop:", err)
		os.Exit(1)
	}
}

// run trains or, if the first argument is "generate", generates text.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == "generate" {
		return generate(args[1:], out)
	}
	call, err := train.Parse(args)
	switch {
	case errors.Is(err, train.ErrHelp):
		return train.Help(out, "go run .", call.Topic)
	case err != nil:
		return err
	}
	if printed, err := call.Print(out); printed {
		return err
	}
	call.Config.Commands = train.Commands{Resume: "go run . -resume", Generate: "go run . generate -from"}
	_, err = train.Launch(ctx, call.Config, out)
	return err
}
