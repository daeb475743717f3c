package tokenizer

// Pieces are the bytes of each token of a vocabulary: "" for tokens that stand for no text and for unused numbers. They have
// the methods of a Tokenizer that follow from them.
type Pieces []string

// Vocab returns one more than the highest number of a token.
func (p Pieces) Vocab() int { return len(p) }

// Bytes returns how many bytes of text a token stands for: 0 for numbers that are no token.
func (p Pieces) Bytes(token int32) int {
	if token < 0 || int(token) >= len(p) {
		return 0
	}
	return len(p[token])
}

// Decode returns the text of the tokens.
func (p Pieces) Decode(tokens []int32) []byte {
	var text []byte
	for _, token := range tokens {
		if token >= 0 && int(token) < len(p) {
			text = append(text, p[token]...)
		}
	}
	return text
}
