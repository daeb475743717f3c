// Package tasks generates synthetic sequence tasks from random numbers. No file is read, and training
// never runs out of sequences.
//
//	Copy           repeat symbols after a delay
//	SelectiveCopy  repeat symbols that stood at random places among blanks
//	Recall         the value that belongs to a key (associative recall)
//	Parity         the parity of all bits so far
//	Modular        the sum of all digits so far, modulo m
//	Symmetric      the product of all permutations so far
//
// # Conventions
//
// A sequence is a row of inputs and a row of targets of the same length. At position t the model has seen
// inputs[0..t] and predicts targets[t]. A target of -1 does not count. Inputs and targets share one
// vocabulary.
//
// The accuracy at chance level is the share of counted targets that the best constant prediction gets
// right. In the tasks of this package every answer is equally likely, so it is one over their number.
//
// Validation also runs on stretched sequences, two and four times as long, to measure whether a model
// generalizes to lengths that it was not trained on. A stretched task has the same vocabulary. What grows
// is the delay of Copy, the number of blanks of SelectiveCopy, the number of queries about as many pairs of
// Recall, and the number of factors of the others.
//
// # Adding a task
//
// A task is a struct of its settings with the two methods of Task; each file of this package is one. A
// task whose sequences vary in length gives every sequence as many positions as the longest and the target
// -1 to those behind its end. To be trained by name, a task is registered in package data; see
// data.Synthetic.
package tasks
