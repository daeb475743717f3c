// Package checkpoints stores what a training run needs to go on: weights, optimiser state and
// everything else that the next step depends on. It knows arrays by name (params.Array) and nothing
// of models, graphs or data.
//
// # Tensors
//
// Weights and optimiser state are safetensors files, as PyTorch's tools read and write them.
// WriteTensors and TensorFile stream: neither ever holds a file in memory. A file is untrusted:
// lengths, offsets and shapes are checked against the size of the file before anything is allocated,
// and an error names the file, the tensor, what is wrong and what to do. A TensorFile lists tensors of every
// type, known or not; Values reads the numbers of any type exactly.
//
// # Checkpoints
//
// A run folder holds
//
//	checkpoints/step-00000100/model.safetensors
//	                          optimizer.safetensors
//	                          state.json              step, generators, data position, best metric, ... and the
//	                                                  size and SHA-256 of the two files and of itself
//	checkpoints/last -> step-00000100
//	checkpoints/best -> step-00000050
//	.lock                                             held while a process trains in the folder
//
// A checkpoint is complete or absent: Save writes a temporary folder, fsyncs its files and the folder,
// renames it and fsyncs the parent, then moves the links, then removes what retention lets go. Killing
// the process or cutting the power at any moment, or a full disk, leaves every earlier checkpoint
// whole; what a killed save left behind is cleaned by the next one. Names that start with a dot are
// never read as checkpoints, but for one: a checkpoint set aside while it was being replaced by
// another of the same step.
//
// Load verifies every byte against the sums. Given a run folder it takes the newest whole checkpoint
// and says in Notes what it passed over; newest means saved last (State.Serial), not the highest step,
// so that a run resumed from an earlier step and trained on is resumed from where it got to. The links
// are symbolic and relative, so that a run folder can be moved; where the file system has no symbolic
// links they are small text files.
//
// state.json has a format version. A version this program does not know is refused (ErrNewerFormat)
// and never passed over in silence. In all versions the field sha256 is the SHA-256 of the file with the
// 64 digits of that field replaced by zeros.
//
// Nothing in a checkpoint depends on the number of threads, and model.safetensors and
// optimizer.safetensors depend on the values alone.
package checkpoints
