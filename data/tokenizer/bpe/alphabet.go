package bpe

// letters is the alphabet in which files write bytes: each byte is a printable character, itself where it is one in
// Latin-1, and one from U+0100 on elsewhere, in their order. The numbers of the bytes in a vocabulary that Train makes are
// those of their letters in the order of Unicode.
var letters, byteOf, ordered = func() (letters [256]rune, byteOf map[rune]byte, ordered []byte) {
	byteOf = map[rune]byte{}
	var others []byte
	for b := range 256 {
		if '!' <= b && b <= '~' || 0xa1 <= b && b <= 0xac || 0xae <= b {
			letters[b] = rune(b)
			ordered = append(ordered, byte(b))
		} else {
			letters[b] = rune(256 + len(others))
			others = append(others, byte(b))
		}
		byteOf[letters[b]] = byte(b)
	}
	return letters, byteOf, append(ordered, others...)
}()

// bytesOf returns the bytes that a token of a file stands for; ok is false if it is not written in letters, or is empty.
func bytesOf(token string) (piece string, ok bool) {
	text := make([]byte, 0, len(token))
	for _, r := range token {
		b, ok := byteOf[r]
		if !ok {
			return "", false
		}
		text = append(text, b)
	}
	return string(text), len(text) > 0
}

// Letters writes bytes in the alphabet of byte-level files, such as "Ġthe" for " the".
func Letters(piece []byte) string {
	var text []rune
	for _, b := range piece {
		text = append(text, letters[b])
	}
	return string(text)
}
