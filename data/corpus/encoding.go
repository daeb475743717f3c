package corpus

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf16"
)

// wideEncodings are the encodings of Unicode in units of two and four bytes, by the names that iconv has
// for text that begins with a byte order mark and for text that does not. The longer marks come first.
var wideEncodings = []struct {
	mark          string
	marked, plain string
	width         int
	order         binary.ByteOrder
}{
	{"\xff\xfe\x00\x00", "UTF-32", "UTF-32LE", 4, binary.LittleEndian},
	{"\x00\x00\xfe\xff", "UTF-32", "UTF-32BE", 4, binary.BigEndian},
	{"\xff\xfe", "UTF-16", "UTF-16LE", 2, binary.LittleEndian},
	{"\xfe\xff", "UTF-16", "UTF-16BE", 2, binary.BigEndian},
}

// wideEncoding names the encoding of text in units of two or four bytes by its beginning; "" if it is none,
// or cannot be told: a text without a mark must be ASCII for the most part.
func wideEncoding(head []byte) string {
	for _, e := range wideEncodings {
		if text, ok := bytes.CutPrefix(head, []byte(e.mark)); ok {
			if _, sound := wideText(text, e.width, e.order); sound {
				return e.marked
			}
		}
	}
	for _, e := range wideEncodings {
		if ascii, sound := wideText(head, e.width, e.order); sound && len(head) >= 8 && 2*ascii*e.width >= len(head) {
			return e.plain
		}
	}
	return ""
}

// wideText counts the ASCII characters of a text and reports whether it is sound: all units are characters, and
// none is a control character that text does not have. The last character may be cut off.
func wideText(text []byte, width int, order binary.ByteOrder) (ascii int, sound bool) {
	for len(text) >= width {
		r := rune(order.Uint16(text))
		if width == 4 {
			r = rune(order.Uint32(text))
		}
		text = text[width:]
		if width == 2 && utf16.IsSurrogate(r) {
			if len(text) < width {
				break
			}
			r = utf16.DecodeRune(r, rune(order.Uint16(text)))
			text = text[width:]
		}
		switch {
		case r == unicode.ReplacementChar || r < 0 || r > unicode.MaxRune || utf16.IsSurrogate(r) || r&0xfffe == 0xfffe:
			return 0, false
		case unicode.IsControl(r) && !bytes.ContainsRune([]byte("\t\n\v\f\r\u0085"), r):
			return 0, false
		case r < 0x80:
			ascii++
		}
	}
	return ascii, true
}
