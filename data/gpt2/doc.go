// Package gpt2 is the byte-pair encoding of GPT-2: 50,256 tokens of text, and <|endoftext|> with number
// 50256 between documents. Importing it registers the tokenizer "gpt2" and adds 3 MB to a program, for
// the vocabulary; nothing is downloaded.
//
// The merges are those of OpenAI's r50k_base, from github.com/tiktoken-go/tokenizer. Text that spells
// <|endoftext|> is encoded like any other text, so that a corpus cannot forge a separator. Bytes that are
// not UTF-8 become the tokens of the single bytes.
package gpt2
