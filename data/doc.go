// Package data makes the batches that a model is trained and validated on: text, synthetic tasks, and
// images as sequences of pixels.
//
// A Config names a task and holds its settings. Open turns it into a Dataset. Tasks lists the names:
//
//	text          the next token of text, JSONL or Parquet (package documents): files, folders and globs, with
//	              weights, or by default the sources of the Go standard library; documents are joined with a
//	              separator before each (package corpus)
//	copy, selective-copy, parity, modular, s3, s5, recall, group, arithmetic, arithmetic-brackets, mqar,
//	dyck, sort    synthetic, generated from the seed (package tasks)
//	classify      the label of a text, after its last token (package labeled). The vocabulary is that of the
//	              tokenizer, then the labels. Only the target of the last position counts
//	images        the class of an image, after its pixels row by row. The vocabulary is 256 gray values,
//	              then the classes. Only the last target counts. The accuracy at chance level is one over
//	              the number of classes. Training images can be varied at random. Data: an IDX folder
//	              (package idx)
//	image-pixels  the next pixel of the same images. The vocabulary is 256 gray values and 256, the input
//	              before the first pixel. Every target counts
//
// # Conventions
//
// A Batch is Size sequences of Len positions, row-major [Size, Len]. At position t the model has seen
// inputs[0..t] and predicts targets[t]. A target of -1 does not count.
//
// A Source draws one sequence after another, and the caller says how many make a batch: four batches of 8
// hold the same sequences as one of 32. State returns the position of a source. A source that is restored
// to it continues with the same sequences, bit for bit. Everything follows from one seed; training, validation
// and the split into the two have separate streams of random numbers, so that a change to one does not affect
// the others.
//
// Training sources never end. Validation sources are finite, and every one that is opened draws the same
// sequences. They fill the last batch with sequences that do not count, and then return io.EOF. The first n
// sequences are spread evenly over the whole set, for every n.
//
// Generated sequences can vary in length (Config.MinSeq). The rows of a batch then have the positions of the
// longest sequence that may be drawn, and a training source can hold longer ones back (Growing). Validation sets
// can be of any lengths (Config.EvalLengths).
//
// Data with Classes has sequences with one counted target, the token of their class, at their last position. The
// classes stand behind the other tokens of the vocabulary. What is behind that position is padding.
//
// # Your own tasks and data
//
// Generate makes a single data set from a function. Synthetic and Register add a named task with settings, from
// any module; see the example of Register. A task on other data implements Task. Any type with the three
// methods of Source can be trained on; see the example of Source. A Dataset needs Vocab, SeqLen, Train and, for
// validation, Valid. Its other fields are for messages, for refusing to resume a run on other data, and for
// releasing what the sources hold.
package data
