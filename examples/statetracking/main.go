// Command statetracking shows how trained one-layer models goom-rnn with -transition full follow the state of a group:
// the eigenvalues of the transition of each token, the path of the states' directions, and the growth of the states over a
// long stream. It takes folders of runs of -task parity or -task group, prints tables and writes pictures.
//
//	go run ./examples/statetracking -out docs/state-tracking runs/parity runs/s3
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"goomtrain/data/tasks"
	"goomtrain/rng"
)

func main() {
	out := flag.String("out", "", "folder for the pictures; empty: none")
	steps := flag.Int("steps", 100000, "tokens of the stream")
	flag.Parse()
	if flag.NArg() == 0 || *steps < 2*fitted || *steps > tasks.MaxLen {
		fmt.Fprintf(os.Stderr, "statetracking: %d run folders, -steps %d: want at least 1 folder and %d to %d steps\n", flag.NArg(), *steps, 2*fitted, tasks.MaxLen)
		os.Exit(2)
	}
	for _, from := range flag.Args() {
		if err := run(os.Stdout, from, *out, *steps); err != nil {
			fmt.Fprintf(os.Stderr, "statetracking: %s: %v\n", from, err)
			os.Exit(1)
		}
	}
}

// run examines one trained model.
func run(w io.Writer, from, out string, steps int) error {
	m, err := load(from)
	if err != nil {
		return err
	}
	all, err := m.transitions()
	if err != nil {
		return err
	}
	inputs, states, err := m.sequence(steps)
	if err != nil {
		return err
	}
	seen, err := m.follow(inputs)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "## %s: %d heads of width %d\n\n", m.name, m.heads, m.width)
	printEigenvalues(w, all)
	printWalk(w, seen, states)
	if m.group == "s3" {
		printSigns(w, seen, states)
	}
	if out == "" {
		return nil
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return pictures(out, m, all, seen, states)
}

// sequence draws that many uniform elements of the group and returns them with their products so far, which are the
// true states.
func (m *tracker) sequence(steps int) (inputs, states []int32, err error) {
	s, err := tasks.New(&tasks.Group{Name: m.group}, steps)
	if err != nil {
		return nil, nil, err
	}
	inputs, states = make([]int32, steps), make([]int32, steps)
	s.Fill(rng.New(1, "statetracking"), inputs, states)
	return inputs, states, nil
}
