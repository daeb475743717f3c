package tokenizer

// Byte is the tokenizer whose tokens are bytes: vocabulary 256. Its separator is token 0, the byte NUL,
// which text does not contain (a corpus leaves out files that do). Decode returns it as that byte, so that
// Decode(Encode(text)) is text for any bytes.
type Byte struct{}

// Name returns "byte".
func (Byte) Name() string { return "byte" }

// Vocab returns 256.
func (Byte) Vocab() int { return 256 }

// Separator returns 0.
func (Byte) Separator() int32 { return 0 }

// Bytes returns 1, or 0 for the separator and numbers that are no token.
func (Byte) Bytes(token int32) int {
	if token <= 0 || token > 255 {
		return 0
	}
	return 1
}

// Encode returns the bytes as numbers.
func (Byte) Encode(text []byte) []int32 {
	tokens := make([]int32, len(text))
	for i, b := range text {
		tokens[i] = int32(b)
	}
	return tokens
}

// Decode returns the numbers as bytes.
func (Byte) Decode(tokens []int32) []byte {
	text := make([]byte, 0, len(tokens))
	for _, t := range tokens {
		if t >= 0 && t <= 255 {
			text = append(text, byte(t))
		}
	}
	return text
}
