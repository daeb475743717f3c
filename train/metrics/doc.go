// Package metrics keeps what a training run measures: one JSON object a line, a CSV table,
// TensorBoard event files, a picture of the loss, and lines or a progress bar on the console.
//
// Losses are in nats per token, bpb in bits per byte of text, times in seconds, memory in MiB. A
// number that is not known, or not finite, is NaN in a Record and left out of every file.
package metrics
