// Package checkpoints stores what a training run needs to resume: the weights, the optimizer state and
// everything else that the next step depends on. It knows arrays by name (params.Array) and nothing of models,
// graphs or data.
//
// # Tensors
//
// Weights and optimizer state are safetensors files, which PyTorch's tools can read and write. WriteTensors and
// TensorFile stream: they never hold a whole file in memory. Files are not trusted: lengths, offsets and shapes
// are checked against the size of the file before anything is allocated. Errors name the file, the tensor, what
// is wrong and what to do. OpenTensors also reads the shards of a model that was divided into several files, and
// WriteWeights writes them, with the index of Hugging Face's folders.
//
// A piece of an array (params.Array.Whole) is a tensor NAME[LO:HI] of one dimension. The metadata of its file, under
// goomtrain.pieces, says by tensor of which array of which shape it is a piece, and where it begins:
//
//	{"exp_avg.head[0:512]": {"array": "exp_avg.head", "shape": [256, 16], "offset": 0}}
//
// OpenTensors joins the pieces in the files of a set, NAME-00001-of-00004.safetensors and so on, and checks that every
// element of every array is there exactly once.
//
// # Checkpoints
//
// A run folder holds
//
//	checkpoints/step-00000100/model.safetensors
//	                          optimizer.safetensors
//	                          state.json              step, random generators, data position, best metric, ... and
//	                                                  the size and SHA-256 of the two files and of itself
//	checkpoints/last -> step-00000100
//	checkpoints/best -> step-00000050
//	.lock                                             held while a process trains in the folder
//
// A checkpoint is complete or absent. Save writes a temporary folder, syncs its files and the folder, renames
// it and syncs the parent folder; then it moves the links and removes old checkpoints. If the process is
// killed, the power fails or the disk is full at any moment, all earlier checkpoints remain intact. A Saver does this
// in the background. The next save removes what a killed one left behind. Names that start with a dot are not read as checkpoints, with one
// exception: a checkpoint that was set aside while another of the same step was replacing it.
//
// Several processes save one checkpoint together (SaveOptions.Group). Process 0 writes model.safetensors and each
// process its part of the optimizer state, optimizer-00001-of-00004.safetensors and so on, into the same temporary
// folder. When all have synced their files, process 0 checks that the parts make up the whole, writes state.json with
// the sums of all files, and renames the folder. Any number of processes, or one, can load it.
//
// Load verifies every byte against the checksums. Given a run folder it takes the newest intact checkpoint and
// says in Notes which ones it skipped. The newest is the one saved last (State.Serial), not the one of the
// highest step: a run that was resumed from an earlier step and trained on is resumed from where it got to. The
// links are symbolic and relative, so that a run folder can be moved. Where the file system has no symbolic
// links they are small text files.
//
// state.json has a format version: 2, or 3 where the optimizer state is divided. An unknown, newer version is an error (ErrNewerFormat) and is never skipped.
// In all versions the field sha256 is the SHA-256 of the file with the 64 digits of that field replaced by
// zeros.
//
// No file depends on the number of threads. model.safetensors and optimizer.safetensors depend only on the
// values.
package checkpoints
