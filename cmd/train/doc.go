// Command train trains a sequence model. Without flags it trains a model on the sources of Go's standard
// library, in about two minutes. -h lists the flags.
//
// Ctrl-C finishes the step, saves and prints how to resume; a second Ctrl-C exits at once. Exit codes: 0 done,
// 1 failed, 2 wrong usage, 130 interrupted and saved.
package main
