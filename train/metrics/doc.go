// Package metrics records and shows what a training run measures. It writes metrics.jsonl with one JSON object
// a line, a CSV table, TensorBoard event files and a plot of the loss, and prints log lines or a progress bar.
//
// Losses are in nats per token, bpb in bits per byte of text, times in seconds, memory in MiB. A number that is
// unknown or not finite is NaN in a Record and absent from every file.
package metrics
