// Command inspect shows and compares runs, checkpoints and safetensors files of any origin:
// go run ./cmd/inspect PATH...
//
// One path is described; several runs are compared setting by setting and result by result, several
// files of tensors value by value, exactly, whatever their types. -plot FILE draws the losses of all runs
// into one picture. -classes prints the results of a run on each class and the confusion matrix.
//
// Files are not trusted: names and texts in them are printed with escape sequences for what a terminal
// would act on. What cannot be read is said on standard error, and the rest is reported all the same. Exit
// codes: 0 done, 1 something could not be read, 2 wrong usage.
package main
