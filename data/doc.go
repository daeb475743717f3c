// Package data makes the batches that a model is trained and validated on: text of any kind, synthetic
// tasks that are generated, and images as sequences of pixels.
//
// Open turns a Config into a Dataset; what it can be is listed by Tasks and described by Describe and in
// package tasks:
//
//	text          next token of a corpus: a file, folder or glob, or by default the sources of the Go
//	              standard library; documents are packed with separators (package corpus)
//	copy, selective-copy, recall, parity, modular, s3, s5
//	              generated from the seed (package tasks)
//	images        an IDX folder (package idx): the pixels of an image row by row, and the class asked for
//	              after the last. Vocabulary: 256 grey values, then the classes. Only the last target is
//	              counted. Chance: one over the number of classes.
//	image-pixels  the same images: predict the next pixel. Vocabulary: 256 grey values and 256, which
//	              comes before the first pixel. Every target is counted.
//
// # Conventions
//
// A Batch is Size sequences of Len positions, row-major [Size, Len]. At position t the model has seen
// inputs[0..t] and is asked for targets[t]; a target of -1 is not counted.
//
// A Source draws sequence after sequence, and the caller says how many make a batch: four batches of 8 are
// the same sequences as one of 32. State says where it stands; a source that was restored goes on with the
// same sequences, bit for bit. One seed decides everything, and the streams of random numbers for
// training, validation and the division between them have names of their own, so that none disturbs
// another.
//
// Training sources never end. Validation sources are finite and the same at each opening: they fill a last
// incomplete batch up with sequences that do not count, and then return io.EOF. Their order is such that
// the first n sequences lie evenly over all of them, whatever n is.
//
// # Sources of your own
//
// Anything with the three methods of Source can be trained on. A Dataset needs Vocab, Train and, to be
// validated, Valid; the rest is for messages and for refusing to resume on other data. See the example of
// Source.
package data
