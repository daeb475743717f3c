package corpus

import (
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"goomtrain/data/tokenizer"
)

// TestEncodingAdvice: the encoding is named where the bytes tell it, and only there. What is advised works.
func TestEncodingAdvice(t *testing.T) {
	for file, want := range map[string]string{
		"utf16.txt":  "is UTF-16 text, not UTF-8; convert it (iconv -f UTF-16 -t UTF-8)",
		"sjis.txt":   "byte 0 is the first that is not; convert it from the encoding that it is in (iconv -f YOUR-ENCODING -t UTF-8)",
		"latin2.txt": "byte 2 is the first that is not; convert it from the encoding that it is in (iconv -f YOUR-ENCODING -t UTF-8)",
	} {
		path := filepath.Join("testdata", file)
		_, err := Load([]File{{file, path}}, Options{Tokenizer: tokenizer.Byte{}})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
		if strings.Contains(want, "YOUR") {
			continue
		}
		command := strings.Fields(regexp.MustCompile(`iconv [^)]*`).FindString(want))
		if _, err := exec.LookPath(command[0]); err != nil {
			t.Log("without iconv the advice is not tried")
			continue
		}
		out, err := exec.Command(command[0], append(command[1:], path)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		load(t, filepath.Join(tree(t, map[string]string{"f": string(out)}), "f"), Options{})
	}
}

// wideBytes encodes a text in units of two or four bytes.
func wideBytes(text, mark string, width int, order binary.AppendByteOrder) []byte {
	out := []byte(mark)
	if width == 4 {
		for _, r := range text {
			out = order.AppendUint32(out, uint32(r))
		}
		return out
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

func TestWideEncoding(t *testing.T) {
	const english, mixed = "A text of several words.\r\n\tAnd a line.", "größer als 😀 日本"
	le, be := binary.LittleEndian, binary.BigEndian
	for _, c := range []struct {
		text []byte
		want string
	}{
		{wideBytes(english, "\xff\xfe", 2, le), "UTF-16"},
		{wideBytes(mixed, "\xfe\xff", 2, be), "UTF-16"},
		{wideBytes("日本語の文章", "\xff\xfe", 2, le), "UTF-16"},
		{wideBytes(english, "\xff\xfe\x00\x00", 4, le), "UTF-32"},
		{wideBytes(mixed, "\x00\x00\xfe\xff", 4, be), "UTF-32"},
		{wideBytes(english, "", 2, le), "UTF-16LE"},
		{wideBytes(mixed, "", 2, be), "UTF-16BE"},
		{wideBytes(english, "", 4, le), "UTF-32LE"},
		{wideBytes(english, "", 4, be), "UTF-32BE"},
		{wideBytes(english+"😀", "", 2, le)[:2*len(english)+2], "UTF-16LE"}, // cut in a character
		{wideBytes("日本語の文章", "", 2, le), ""},                               // nothing tells it from other bytes
		{[]byte("\xff\xfe\x00\x00\x00\x00\x01\x02"), ""},
		{[]byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"), ""},
		{[]byte("caf\xe9 au lait"), ""},
		{[]byte("a\x00b"), ""},
		{nil, ""},
	} {
		if got := wideEncoding(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// TestWideFilesAreCounted: in a folder such a file is left out, by its own reason.
func TestWideFilesAreCounted(t *testing.T) {
	text := string(wideBytes("some text", "\xff\xfe", 2, binary.LittleEndian))
	c := load(t, tree(t, map[string]string{"a": "good", "b": text, "c": text, "d": "\xe9", "e": "\x00"}), Options{})
	want := []string{
		"left out 1 of 5 files: binary, with NUL bytes (the first: e)",
		"left out 2 of 5 files: in UTF-16 or UTF-32, not in UTF-8 (the first: b)",
		"left out 1 of 5 files: not UTF-8 text (the first: d)",
	}
	if !slices.Equal(c.Notes, want) {
		t.Errorf("notes %q", c.Notes)
	}
}

// TestNothingLeft: a corpus without a file to train on says how many there are of each kind.
func TestNothingLeft(t *testing.T) {
	dir := tree(t, map[string]string{"a": "", "b": "\x00", "c": "\x00\x01", "d": "\xe9"})
	files, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Load(files, Options{Tokenizer: tokenizer.Byte{}})
	want := "none of the 4 files below " + dir + " can be trained on: 1 empty; 2 binary, with NUL bytes; 1 not UTF-8 text; name UTF-8 text files"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
