// Package tasks generates synthetic sequence tasks from random numbers. No file is read, and training
// never runs out of sequences.
//
//	Copy           repeat symbols after a delay
//	SelectiveCopy  repeat symbols that stood at random places among blanks
//	Recall         the value that belongs to a key (associative recall)
//	MQAR           the same with gaps between pairs and queries by a power law
//	Parity         the parity of all bits so far
//	Modular        the sum of all digits so far, modulo m
//	Symmetric      the product of all permutations so far
//	Group          the product of all elements of a finite group so far
//	Arithmetic     the value of an expression of digits, +, - and *
//	Brackets       the value of an expression of digits, +, - and brackets
//	Dyck           the closing brackets of a well nested word
//	Sort           symbols in ascending order
//
// # Conventions
//
// A sequence is a row of inputs and a row of targets of the same length. At position t the model has seen
// inputs[0..t] and predicts targets[t]. A target of -1 does not count. Inputs and targets share one
// vocabulary.
//
// The accuracy at chance level is the share of counted targets that the best constant prediction gets
// right. In the tasks of this package the answers are equally likely, so it is one over their number; the
// documentation of a task names exceptions.
//
// A task can have sequences of several lengths: see Sequences.Shortest. Then From makes every sequence draw its
// own length. All rows have the positions of the longest one; behind the end of a shorter one, inputs are 0 and
// targets -1.
//
// Validation also runs on stretched sequences, two and four times as long, to measure whether a model
// generalizes to lengths that it was not trained on. A stretched task has the same vocabulary. What grows
// is the delay of Copy, the number of blanks of SelectiveCopy, the number of queries about as many pairs of
// Recall, the gaps of MQAR, and the number of symbols, factors or operands of the others.
//
// # Adding a task
//
// A task is a struct of its settings with the two methods of Task; see sort.go for a small one. To be trained
// by name, a task is registered in package data; see data.Synthetic.
package tasks
