// Command evaluate scores a trained model on validation data, by the length of the sequences:
// go run ./cmd/evaluate -from RUN -lengths 32,64,128,256.
//
// The model is that of a run folder, a checkpoint folder or a weights file, as for the command generate. The data
// is that of its run, of which training did not see these sequences; on another length the sequences of a
// generated task are others, those of a text are the same text in other pieces. Without -lengths they are the
// validation sets of the run.
//
// Settings of tasks, such as -pairs or -delay, override those of the run, and -task names another task whose tokens the
// model knows. -positions N also scores N ranges of positions, which shows how far back a model uses what it has read.
//
// For data of at most 2,048 classes the precision, recall and F1 of each class and the confusion matrix follow.
// -test-data scores a model of text on other text, and a classifier on other labeled text.
//
// A table, or with -json one object a line, has the loss in nats per token, the perplexity, on text the bits per
// byte, the share of tokens predicted correctly, and the share of sequences whose counted tokens are all predicted
// correctly. Notes go to standard error. Exit codes: 0 done, 1 failed, 2 wrong usage.
package main
