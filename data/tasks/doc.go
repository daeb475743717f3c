// Package tasks generates the synthetic sequence tasks from random numbers: nothing is read from disk and
// no sequence need ever come twice.
//
// # Conventions
//
// A sequence is a pair of rows of the same length T: at position t the model has seen inputs[0..t] and is
// asked for targets[t]. A target of -1 is not counted. Inputs and answers share one vocabulary.
//
// Chance is the expected accuracy, over the counted targets, of the best guess that does not look at the
// inputs. In every task the answers are uniform, so it is one over their number.
//
//	copy            T = delay + 2n. Inputs: n data symbols, delay-1 blanks, one delimiter, n blanks.
//	                The last n targets are the data symbols in order, each n+delay positions after it
//	                was shown; nothing else is counted. Vocabulary: a data symbols, the blank a, the
//	                delimiter a+1. Chance 1/a. Hochreiter & Schmidhuber 1997, in the layout of Arjovsky,
//	                Shah & Bengio (arXiv 1511.06464), whose sizes n = 10, a = 8 are the default.
//	selective-copy  Inputs: T-n positions with n data symbols at random places among blanks, then n
//	                delimiters, whose targets are the data symbols in the order shown. Vocabulary and
//	                chance as in copy. Gu & Dao (arXiv 2312.00752).
//	recall          Inputs: n pairs of a key and its value, keys distinct, then T-2n queries, each one of
//	                those keys; the target of a query is the key's value, nothing else is counted.
//	                Vocabulary: a keys, then a values. Chance 1/a (a model that knows the values shown
//	                but not their keys reaches about 1/n). Arora et al. (arXiv 2312.04927), with a query
//	                at every position.
//	parity          Inputs: bits. Target: the parity of all bits so far, at every position. Vocabulary 2,
//	                chance 1/2.
//	modular         Inputs: digits 0..m-1. Target: their sum so far modulo m, at every position.
//	                Vocabulary m, chance 1/m.
//	s3, s5          Inputs: permutations of 3 or 5 things. Target: the product so far, the permutation
//	                that results from applying all inputs so far one after the other, at every position.
//	                Permutations are numbered in lexicographic order, 0 the identity. Vocabulary 6 or
//	                120, chance 1/6 or 1/120. Merrill, Petty & Sabharwal (arXiv 2404.08819).
//
// A stretched task has the same vocabulary and asks for memory over longer sequences: a longer delay
// (copy), more blanks (selective-copy), more and later queries about as many pairs (recall), more factors
// (the others). It measures whether what was learned holds at lengths never trained on.
package tasks
