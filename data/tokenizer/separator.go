package tokenizer

// separators are the tokens that may end or begin a text, in the order of preference.
var separators = []string{"<|endoftext|>", "<|end_of_text|>", "</s>", "<s>", "<eos>", "<bos>"}

// FindSeparator returns the token that separates texts among the special tokens of a file, by their names: the first of
// <|endoftext|>, <|end_of_text|>, </s>, <s>, <eos> and <bos> that the file has.
func FindSeparator(special map[string]int32) (token int32, ok bool) {
	for _, name := range separators {
		if token, ok = special[name]; ok {
			return token, true
		}
	}
	return 0, false
}
