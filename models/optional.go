package models

import "goomtrain/params"

// The optional interfaces of a Trainable, a Network and a Sizes. A Model has all of a Trainable's.

// Random is a Trainable that draws random numbers in training, as for dropout. The training loop calls Draw
// before each Step. Without it, Step must not be random, or resumed runs and runs in micro-batches are others.
type Random interface {
	// Draw says which random numbers the next Step draws: they follow from the seed, the number of the update
	// and the number of the Step's first sequence within the update's batch.
	Draw(update int64, first int)
}

// Configured is a Trainable that may have been built from a Config. The training loop saves the configuration
// in the run's folder, so that Load can build the model again. Without it the folder has the name alone that
// the run's configuration says, and only the program that made the model can read its weights.
type Configured interface {
	// Config returns the configuration; its Model is "" for a model without one.
	Config() Config
}

// Streamer is a Trainable that can generate. The training loop ends a run on text with a sample. Without it
// there is no sample.
type Streamer[F params.Float] interface {
	// NewStream returns a stream at the beginning of a sequence. It sees later updates of the weights.
	NewStream() (*Stream[F], error)
}

// Profiler is a Trainable that can time its operations. The training loop turns the timing on for -profile and
// prints the times at the end of the run. Without it a profile has the time of the process alone.
type Profiler interface {
	// SetProfile turns the timing on or off.
	SetProfile(on bool)
	// Profile lists the operations of training steps by their time, the longest first.
	Profile() []OpTime
}

// Bounded is a Network whose sequences have a longest length, such as that of a table of positions. Model asks
// it before it builds a graph, and returns an error for longer sequences. Without it sequences may be of any
// length, and a layer whose positions end panics.
type Bounded interface {
	// Context returns the longest length; 0: any.
	Context() int
}

// LengthFitter is a Sizes with a size that depends on the longest sequence of the data, such as that of a table
// of positions. Config.Fit calls it with the longest sequence, New with 0. Without it sizes do not depend on
// lengths.
type LengthFitter interface {
	// FitLength sets the size if it is not set, and returns an error if it is too small. A length of 0 is not
	// known: it is an error where the size is not set.
	FitLength(longest int) error
}
