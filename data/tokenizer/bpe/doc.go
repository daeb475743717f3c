// Package bpe reads, makes and writes tokenizers that merge bytes to tokens (byte-pair encoding), in the form of Hugging
// Face's tokenizer.json. Importing it lets tokenizer.New open such files.
//
// Read takes files of byte-level BPE, such as those of GPT-2, Llama 3 and Qwen: a model BPE with all 256 bytes in its
// vocabulary, a pre_tokenizer ByteLevel with one of the well-known patterns, and a normalizer NFC or none. Everything else
// is an error that names it. Train makes such a tokenizer from text.
//
// The tokens are those of Hugging Face's library with add_special_tokens off, with two exceptions. Text that spells a
// special token, such as <|endoftext|>, is encoded like any other text, so that a corpus cannot forge a separator; other
// added tokens are found in text, as there. And letters newer than the Unicode tables of Go's standard library count as
// signs, as in package gpt2.
//
// Decode(Encode(text)) is text for any bytes, unless the file asks for NFC: then it is the text in this normal form.
package bpe
