// Package gpt2 is the byte-pair encoding of GPT-2: 50,256 tokens of text, and <|endoftext|> with number
// 50256 between documents. Importing it registers the tokenizer "gpt2" and adds 3 MB to a program, for
// the vocabulary; nothing is downloaded.
//
// The merges are those of OpenAI's r50k_base, from github.com/tiktoken-go/tokenizer. Text that spells
// <|endoftext|> is encoded like any other text, so that a corpus cannot forge a separator. Bytes that are
// not UTF-8 become the tokens of the single bytes.
//
// The encoding splits text into letters, digits, white space and other signs, by the Unicode tables of Go's standard
// library, which up to Go 1.26 are of Unicode 15.0. The 5,004 letters and digits that Unicode 15.1 and 16 added, of
// scripts such as Garay, Gurung Khema, Todhri and Kirat Rai and the CJK ideographs of extension I, count as signs here and
// as letters in OpenAI's tiktoken: the tokens may differ where such a letter stands next to other letters, digits or
// signs. Decoding gives back the text in any case.
package gpt2
