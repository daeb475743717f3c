// Command tokenizer makes tokenizers from text, and shows what tokenizers do:
//
//	go run ./cmd/tokenizer train -vocab 4096 -data PATH -out tokenizer.json
//	go run ./cmd/tokenizer info -tokenizer tokenizer.json -data PATH
//	go run ./cmd/tokenizer encode -tokenizer tokenizer.json TEXT
//	go run ./cmd/tokenizer decode -tokenizer tokenizer.json 17 4 512
//
// train learns a byte-level byte-pair encoding and writes it as a Hugging Face tokenizer.json, which -tokenizer of
// cmd/train reads. Data is read as by -data of cmd/train: text, JSONL and Parquet, compressed or not. The same text gives
// the same file with any number of threads. Exit codes: 0 done, 1 failed, 2 wrong usage.
package main
