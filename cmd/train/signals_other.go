//go:build !unix

package main

import (
	"os"
	"syscall"
)

// stopSignals end a run after the step.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}
