// Command board shows runs in a browser while they train: go run ./cmd/board [RUNS].
//
// RUNS are run folders, or folders that hold some; without any it is the folder runs. The page has the curves of all
// runs, a table of their states and settings, what each run folder holds, and text from a chosen checkpoint. The command
// reads the folders and writes nothing. The page and all that it needs are in the program.
//
// The server listens at the loopback address, so that only this machine reaches it, unless -addr says otherwise. Ctrl-C
// stops it. Exit codes: 0 stopped, 1 failed, 2 wrong usage.
package main
