// Package sentencepiece reads SentencePiece models of the kind BPE with byte fallback, such as those of Gemma. Importing
// it lets tokenizer.New open .model files. Text is encoded by github.com/eliben/go-sentencepiece.
//
// That library encodes text as it stands. Models that change it are an error that names how: those that add a space before
// a text (add_dummy_prefix, as in Llama 2), remove spaces, or normalize characters. So are models without a token for each
// byte, and those of other kinds, such as Unigram.
//
// Decode(Encode(text)) is text for any bytes. To that end the character U+2581, which stands for a space in a model, is
// encoded as bytes where text has it, and so are bytes that are not UTF-8. Text that spells a control token, such as <bos>,
// is encoded like any other; user-defined tokens are found in text.
package sentencepiece
