// Package corpus reads text files into one long row of tokens.
//
// # Conventions
//
// A corpus is an ordered list of documents, one a file, ordered by name: the slash-separated path below
// the folder that was named. Its tokens are, for each document, one separator and then the document's
// tokens. A Stream is a choice of stretches of it, laid end to end.
//
// Only UTF-8 text without NUL bytes is read; what else lies in a folder is left out and counted. So is a
// file with the content of one before it, be it a link or a copy: a text counts once. Names and contents
// are hashed, so that a run can tell whether it resumes on the same text.
//
// # Cache
//
// Tokens are kept in a file of the user's cache folder (or the one named by GOOMTRAIN_CACHE; the value
// "off" means none), one file for each pair of contents and tokenizer, and mapped into memory from there:
// the system can take the memory back, and a corpus larger than memory can be trained on. The file carries
// a checksum, which is verified whenever it is opened; one that fails is written anew. Corpora under 1 MB,
// and those whose cache cannot be written, are kept in memory. Files of the cache can be removed at any
// time. The texts themselves are read in full each time, to hash them.
package corpus
