// Command inspect shows and compares runs, checkpoints and safetensors files of any origin:
// go run ./cmd/inspect PATH...
//
// One path is described; several runs are compared setting by setting and result by result, several
// files of tensors value by value. -plot FILE draws the losses of all runs into one picture. Exit
// codes: 0 done, 1 failed, 2 wrong usage.
package main
