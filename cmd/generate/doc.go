// Command generate generates text with a trained model: go run ./cmd/generate -prompt TEXT. With a model of the task
// image-pixels it draws images: go run ./cmd/generate -streams 64 -png FILE.
//
// The model is that of the run folder, checkpoint or weights file given by -from, or of the newest run.
//
// Tokens are printed as they are drawn. A recurrent model takes constant time and memory for each. -save-state
// saves the state after the text, and -load-state continues from it. Text goes to standard output, everything
// else to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage.
package main
