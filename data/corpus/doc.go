// Package corpus reads text files, and files of rows with texts, into one long row of tokens.
//
// # Conventions
//
// A corpus is a list of documents, one for each file, ordered by name: the slash-separated path below the
// folder that was named. Its tokens are, for each document, a separator and then the tokens of the document. A file of
// rows (package documents) has a separator and tokens for each row. A Stream is a selection of parts of the corpus, laid end to end.
//
// Only UTF-8 text without NUL bytes is read. Other files in a folder are left out and counted, and so are files
// with the content of an earlier one, be it a link or a copy. Names and contents are hashed, so that a run can
// tell whether it resumes on the same text.
//
// # Cache
//
// Tokens are kept in a file of the user's cache folder, or of the folder named by GOOMTRAIN_CACHE; the value
// "off" means no cache. There is one file for each pair of contents and tokenizer. It is mapped into memory:
// the system can reclaim the memory, and the corpus may be larger than memory. The file has a checksum, which
// is verified whenever it is opened; a file that fails is written again. Corpora under 1 MB, and those whose
// cache cannot be written, are kept in memory. Cache files can be removed at any time. The texts themselves are
// always read in full, to hash them.
package corpus
