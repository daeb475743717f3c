package data

import (
	"cmp"
	"fmt"
	"path/filepath"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/regular"
	"goomtrain/settings"

	_ "goomtrain/data/tokenizer/bpe"           // tokenizer.json files
	_ "goomtrain/data/tokenizer/sentencepiece" // SentencePiece models
)

// tokenizerSettings are the settings of every task on text.
func tokenizerSettings(name, sum *string) settings.Table {
	return settings.Table{
		{Name: "tokenizer", Help: "tokenizer of the text", Value: name,
			Rule: settings.OneOfFunc(tokenizer.Known).Or("the path of a tokenizer.json or a SentencePiece .model", tokenizer.IsPath), Zero: "byte", Change: settings.Frozen},
		{Name: "tokenizer-sha256", Help: "checksum that the file of the tokenizer must have; a run records it", Value: sum, Zero: "any", Change: settings.Frozen},
	}
}

// checkTokenizer returns an error about the settings of a tokenizer. It reads no file.
func checkTokenizer(name, sum string) error {
	name = cmp.Or(name, "byte")
	if err := tokenizer.Check(name); err != nil {
		return fmt.Errorf("-tokenizer: %w", err)
	}
	if sum != "" && !tokenizer.IsPath(name) {
		return fmt.Errorf("-tokenizer-sha256 is that of a file, but -tokenizer is %s: leave it out", name)
	}
	return nil
}

// openTokenizer opens the tokenizer of the settings. Of a file it takes the copy in the folder of a run, if there is one,
// and records the checksum. file is nil if the tokenizer is not of a file.
func openTokenizer(name string, sum *string, folder string) (tok tokenizer.Tokenizer, file *tokenizer.File, err error) {
	name = cmp.Or(name, "byte")
	if kept := filepath.Join(folder, tokenizer.Copy(name)); folder != "" && tokenizer.IsPath(name) && regular.Exists(kept) {
		name = kept
	}
	if tok, err = tokenizer.Open(name, *sum); err != nil {
		return nil, nil, fmt.Errorf("-tokenizer: %w", err)
	}
	if file, _ = tok.(*tokenizer.File); file != nil {
		*sum = file.SHA256
	}
	return tok, file, nil
}
