// Command generate writes text with a trained model: go run ./cmd/generate -prompt TEXT.
//
// The model is that of the run folder, checkpoint or weights file given by -from, or of the newest run.
//
// Tokens come out as they are drawn; a recurrent model takes constant time and memory for each. The
// state after a text can be saved (-save-state) and gone on from (-load-state). Text goes to standard
// output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage.
package main
