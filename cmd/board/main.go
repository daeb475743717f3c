package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"

	"goomtrain/checkpoints"
	"goomtrain/internal/board"
	"goomtrain/internal/printable"
	"goomtrain/parallel"
	"goomtrain/settings"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command's flags.
type options struct {
	addr                            string
	maxTokens, generations, threads int
}

func (o *options) table() settings.Table {
	return settings.Table{
		{Name: "addr", Help: "HOST:PORT to listen at; port 0 is any that is free, an empty host every address of the machine", Value: &o.addr},
		{Name: "max-tokens", Help: "longest text that the page may generate, in tokens", Value: &o.maxTokens, Rule: settings.Between(0, 1<<20), Zero: "none"},
		{Name: "generations", Help: "texts generated at a time", Value: &o.generations, Rule: settings.Between(1, 64)},
		{Name: "threads", Help: "threads that generate", Value: &o.threads, Rule: settings.Threads(), Zero: "all cores"},
	}.In("Flags")
}

// run runs the command and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o := options{addr: "127.0.0.1:8787", maxTokens: 2000, generations: 2}
	_, folders, err := o.table().ParseFlags(args)
	if errors.Is(err, settings.ErrHelp) {
		fmt.Fprintf(stdout, "Usage: go run ./cmd/board [flags] [RUNS]\n\nShows runs in a browser. RUNS are run folders or folders of runs; the default is %s.\n", checkpoints.RunsDir)
		o.table().Help(stdout)
		return 0
	}
	if err == nil {
		err = o.table().Validate()
	}
	host, _, splitErr := net.SplitHostPort(o.addr)
	if err == nil && splitErr != nil {
		err = fmt.Errorf("-addr %s: must be HOST:PORT, such as 127.0.0.1:8787", o.addr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "board:", printable.Line(err.Error()))
		return 2
	}
	if err := serve(ctx, o, host, folders, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "board:", printable.Line(err.Error()))
		return 1
	}
	return 0
}

// serve serves the page until ctx ends.
func serve(ctx context.Context, o options, host string, folders []string, stdout, stderr io.Writer) error {
	if len(folders) == 0 {
		folders = []string{checkpoints.RunsDir}
	} else if err := exist(folders); err != nil {
		return err
	}
	parallel.SetThreads(o.threads)
	l, err := board.Listen(o.addr)
	if err != nil {
		return err
	}
	if !board.Loopback(host) {
		fmt.Fprintln(stderr, "warning: every machine that reaches this one can see the runs and generate text: there is no password")
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	fmt.Fprintf(stdout, "board of %s at http://%s (Ctrl-C stops it)\n", printable.Line(fmt.Sprint(folders)), net.JoinHostPort(host, port))
	return board.New(board.Config{Folders: folders, Host: host, MaxTokens: o.maxTokens, Generations: o.generations}).Serve(ctx, l)
}

// exist returns an error if a folder that was named is not there.
func exist(folders []string) error {
	for _, f := range folders {
		info, err := os.Stat(f)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is a file: name a run folder, or a folder of runs", f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
