// Package train trains a model on a data set: one straight loop, and around it what makes a run
// survive.
//
// The order of a step is fixed: forward and backward over the micro-batches, finite check of loss
// and gradient norm, clip, update, log, save, evaluate. The loss of a step is the sum over all its
// micro-batches divided by the tokens that count in all of them, so how a batch is cut changes
// nothing but rounding.
//
// A run lives in one folder: config.toml, metrics.jsonl, metrics.csv, loss.png, tb/ and checkpoints/.
// It can be killed at any moment and resumed, bit for bit as if it had never stopped. Losses are in
// nats per token, bpb in bits per byte.
package train
