// Package train trains a model on a data set. It makes updates, logs and validates them, and saves checkpoints
// from which a run resumes exactly.
//
// The order of a step is fixed: forward and backward pass over the micro-batches, check that loss and gradient
// norm are finite, clip, update, log, save, evaluate. The loss of a step is the sum over all its micro-batches
// divided by the number of counted tokens in all of them, so cutting a batch differently changes nothing but
// rounding.
//
// A save does not hold up training: the arrays are copied and written while the next step runs, and the checkpoint is
// kept if the loss of that step, or of an evaluation before it, is finite.
//
// A run lives in one folder: config.toml, metrics.jsonl, metrics.csv, loss.png, tb/ and checkpoints/, and for data with
// classes classes.json and confusion.png. It can be
// killed at any moment and resumed; the result is, bit for bit, that of an uninterrupted run. Losses are in
// nats per token, bpb in bits per byte.
package train
