// Package tokenizer converts text to token numbers and back, and keeps a registry of the tokenizers that are
// linked into the program.
//
// The byte tokenizer is always available. Others are in packages of their own, because their vocabularies make
// a program bigger, and register themselves when imported:
//
//	import _ "goomtrain/data/gpt2" // tokenizer.New("gpt2") works from here on
//
// New also opens files: a Hugging Face tokenizer.json by package bpe, a SentencePiece .model by package sentencepiece.
// Package data imports both.
//
// # Conventions
//
// Tokens are numbers in [0, Vocab). Every byte string can be encoded, valid UTF-8 or not, and
// Decode(Encode(text)) is text; only the normalizer of a file may change text, as package bpe says. One token, the
// separator, stands for no text: it precedes every document of a corpus, and generation without a prompt starts
// from it.
package tokenizer
