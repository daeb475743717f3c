package models

import "goomtrain/params"

// What a Trainable or a Network may be beside: the training loop asks for each of these interfaces and does
// without where it is missing. A Model has all of them.

// Random is a Trainable that draws random numbers in training, as for dropout.
type Random interface {
	// Draw says which those of the next Step are: all follow from the seed, the number of the update and
	// the number of the Step's first sequence within the batch of the update.
	Draw(update int64, first int)
}

// Configured is a Trainable that was built from a Config. It is saved in checkpoints, so that the model can
// be built again from them.
type Configured interface {
	// Config is the configuration; its Model is empty for a model without one.
	Config() Config
}

// Streamer is a Trainable that can generate: the training loop ends a run on text with a sample.
type Streamer[F params.Float] interface {
	NewStream() (*Stream[F], error)
}

// Profiler is a Trainable that can time its operations (-profile).
type Profiler interface {
	// SetProfile turns the timing on or off.
	SetProfile(on bool)
	// Profile lists the operations of training steps by their time, the longest first.
	Profile() []OpTime
}

// Bounded is a Network whose sequences have a longest length, such as that of a table of positions.
type Bounded interface {
	// Context is the longest length; 0: any.
	Context() int
}
