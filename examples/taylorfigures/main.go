// Command taylorfigures reproduces the figures of the paper on Taylor attention (arXiv 2602.00294) with the
// code of this project: the savings of the basis of symmetric tensors, state and work compared with a key-value
// cache, the distance to softmax attention, and the time per token. It prints tables and writes pictures.
//
//	go run ./examples/taylorfigures -out docs/taylor
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	out := flag.String("out", "", "folder for the pictures; empty: none")
	tokens := flag.Int("tokens", 10000, "positions of the comparison with softmax attention")
	context := flag.Int("context", 1<<20, "longest context of the timing")
	flag.Parse()
	if *tokens < 10 || *context < 1024 {
		fmt.Fprintf(os.Stderr, "taylorfigures: -tokens %d, -context %d: want at least 10 and 1024\n", *tokens, *context)
		os.Exit(2)
	}
	if err := run(os.Stdout, *out, *tokens, *context); err != nil {
		fmt.Fprintln(os.Stderr, "taylorfigures:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, out string, tokens, context int) error {
	if out != "" {
		if err := os.MkdirAll(out, 0o755); err != nil {
			return err
		}
	}
	for _, figure := range []func() error{
		func() error { return packing(w, out) },
		func() error { return contexts(w, out) },
		func() error { return distances(w, out, tokens) },
		func() error { return streaming(w, out, context) },
	} {
		if err := figure(); err != nil {
			return err
		}
	}
	return nil
}
