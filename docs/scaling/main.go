// Command scaling makes what docs/scaling.md shows. Run it in the root of the repository:
//
//	go run ./docs/scaling model
//	go run ./docs/scaling trace RUN PICTURE.png STEP
//
// The first prints the table of predicted efficiencies. The second draws a step, counted from 1, of the traces that a run
// with -profile has left in its folder.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"goomtrain/internal/printable"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "scaling:", printable.Line(err.Error()))
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "model":
		printModel(os.Stdout)
		return nil
	case len(args) == 4 && args[0] == "trace":
		step, err := strconv.Atoi(args[3])
		if err != nil || step < 1 {
			return fmt.Errorf("step %q: must be a number from 1", args[3])
		}
		return drawTrace(args[1], args[2], step)
	}
	return errors.New("give model, or trace RUN PICTURE.png STEP")
}
