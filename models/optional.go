package models

import (
	"goomtrain/internal/comm"
	"goomtrain/internal/gpu"
	"goomtrain/params"
)

// The optional interfaces of a Trainable, a Network and a Sizes. A Model implements all of those of a
// Trainable.

// Random is a Trainable that uses random numbers in training, as for dropout. The training loop calls Draw
// before each Step. Without this interface Step must not be random, or results would change when a run is
// resumed or split into micro-batches.
type Random interface {
	// Draw determines the random numbers of the next Step: they depend on the seed, the number of the update,
	// and the number of the first sequence of the Step within the batch of the update.
	Draw(update int64, first int)
}

// Configured is a Trainable that may have been built from a Config. The training loop saves the configuration
// in the run folder, so that Load can build the model again. Without this interface the folder holds only the
// name in the configuration of the run, and only the program that made the model can read its weights.
type Configured interface {
	// Config returns the configuration. Its Model is "" if there is none.
	Config() Config
}

// Streamer is a Trainable that can generate. The training loop prints a sample at the end of a run on text.
// Without this interface there is no sample.
type Streamer[F params.Float] interface {
	// NewStream returns a stream at the beginning of a sequence. Later updates of the weights affect it.
	NewStream() (*Stream[F], error)
}

// Profiler is a Trainable that can time its operations. With -profile the training loop turns timing on and
// prints the times at the end of the run. Without this interface there is only the profile of the process.
type Profiler interface {
	// SetProfile turns the timing on or off.
	SetProfile(on bool)
	// Profile lists the operations of training steps by their time, the longest first.
	Profile() []OpTime
}

// Recomputer is a Trainable that can train in less memory. With -recompute the training loop turns it on. Without this
// interface the flag is an error.
type Recomputer interface {
	// SetRecompute chooses whether Step keeps only the inputs of the blocks from the forward pass, and runs each block
	// again in the backward pass. The numbers are the same.
	SetRecompute(on bool)
}

// Eager is a Trainable that tells when the gradient of a parameter is complete. The processes of a job then exchange it while
// the backward pass goes on. Without this interface they exchange all gradients after it.
type Eager[F params.Float] interface {
	// OnGradient sets what Step calls once for each trained parameter when it has added the gradient to Grad; nil:
	// nothing. An error ends the Step.
	OnGradient(f func(p *params.Param[F]) error)
}

// SequenceParallel is a Trainable that can have a part of each sequence. Without this interface -sequence-parallel is an
// error.
type SequenceParallel interface {
	// SetSequence cuts every sequence over the processes of a group: from then on Step and Evaluate get inputs and targets
	// [size, length/S] of this process, which are positions r length/S to (r+1) length/S - 1 for rank r of S, and all
	// processes of the group must call them alike. Gradients and Stats are shares of the processes, to be added up; whole
	// sequences are counted by rank 0. A group of one process stands for whole sequences. The error names what needs whole
	// sequences, and wraps ErrNotCut; the model is then as before.
	SetSequence(g *comm.Group) error
}

// Predictor is a Trainable that tells what it predicts. Evaluate of package train then counts which class is taken for
// which. Without this interface there is no table of classes.
type Predictor interface {
	// Predicted appends, for each counted target of the last Evaluate in their order, the target that the model holds
	// most likely.
	Predicted(to []int32) []int32
}

// Scorer is a Trainable that tells the loss of each target. The command evaluate then scores by position. Without this
// interface there are only means.
type Scorer interface {
	// Losses appends, for each counted target of the last Evaluate in their order, its loss in nats.
	Losses(to []float64) []float64
}

// Patched is a Trainable that may read several tokens as one position. The training loop asks it to count the work of a
// step. Without this interface every token is a position.
type Patched interface {
	// Patch returns the number of tokens of a position, at least 1.
	Patch() int
}

// Bounded is a Network with a longest sequence, such as the size of a table of positions. Model calls Context
// before it builds a graph and returns an error for longer sequences. Without this interface there is no limit,
// and a layer with a limit panics beyond it.
type Bounded interface {
	// Context returns the length of the longest sequence; 0: no limit.
	Context() int
}

// LengthFitter is a Sizes with a size that depends on the longest sequence of the data, such as that of a table
// of positions. Config.Fit calls FitLength with that length, New with 0. Without this interface no size depends
// on lengths.
type LengthFitter interface {
	// FitLength sets the size if it is not set, and returns an error if it is too small. A length of 0 means
	// unknown, which is an error if the size is not set.
	FitLength(longest int) error
}

// ClassFitter is a Sizes of an architecture whose networks are Classifying. Config.FitClasses calls FitClasses with what
// the data has, New with zeros. Without this interface the networks are Predicting.
type ClassFitter interface {
	// FitClasses sets the number of classes and the size of an image, in pixels, if they are not set, and returns an
	// error if they do not fit. rows is 0 if the sequences are not images. Zero classes mean unknown, which is an error
	// if the number is not set.
	FitClasses(classes, rows, columns int) error
	// ClassCount returns the number of classes, which are the last tokens of the vocabulary; 0: it is not set.
	ClassCount() int
}

// Accelerated is a Trainable that can train on a GPU. Without this interface -device gpu is an error.
type Accelerated interface {
	// UseDevice moves the parameters to a GPU, where EnqueueStep and Evaluate then run. The values and gradients of the
	// host change no longer, except by Pull of the mirrors.
	UseDevice(d Device) error

	// LeaveDevice frees what the model has on the GPU. It runs on the CPU again, with the values of the host.
	LeaveDevice()

	// EnqueueStep launches the forward and backward pass on a whole batch, inputs and targets [size, length], in
	// micro-batches of that many rows, which divide it. It replaces the gradients in the memory of the device by those of
	// (sum of losses)/denominator, and does not wait for the result: totals is where the sum of losses (float64), the
	// number of counted targets and the number of correct ones (int64) are then. update is that of Random's Draw.
	EnqueueStep(inputs, targets []int32, size, rows, length int, denominator float64, update int64) (totals gpu.Ptr, err error)
}
