//go:build unix

package main

import (
	"os"
	"syscall"
)

// stopSignals end a run after the step: Ctrl-C, what kill sends, and SIGUSR1, which mpirun passes on to all processes and
// Slurm can send before the time of a job is up.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1}
