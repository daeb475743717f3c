package tokenizer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func ExampleNew() {
	t, err := New("byte")
	if err != nil {
		fmt.Println(err)
		return
	}
	tokens := t.Encode([]byte("Go!"))
	fmt.Println(tokens, string(t.Decode(tokens)), t.Vocab())
	_, err = New("bite")
	fmt.Println(err)
	// Output:
	// [71 111 33] Go! 256
	// there is no tokenizer "bite"; did you mean "byte"?
}

func TestNewNamesWhatToImport(t *testing.T) {
	_, err := New("gpt2") // not linked into this test
	if err == nil || !strings.Contains(err.Error(), `import _ "goomtrain/data/gpt2"`) {
		t.Errorf("error %v does not say what to import", err)
	}
}

func TestRegisterRefusesATakenName(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), `"byte"`) {
			t.Errorf("recovered %v", r)
		}
	}()
	Register("byte", func() (Tokenizer, error) { return Byte{}, nil })
}

func TestNames(t *testing.T) {
	if got := Names(); !slices.Equal(got, []string{"byte"}) {
		t.Errorf("names %v", got)
	}
	if got := Known(); !slices.Equal(got, []string{"byte", "gpt2"}) {
		t.Errorf("known %v", got)
	}
}

func FuzzByteRoundTrip(f *testing.F) {
	f.Add([]byte("a\x00\xff\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		tokens := Byte{}.Encode(text)
		if got := (Byte{}).Decode(tokens); !bytes.Equal(got, text) {
			t.Errorf("%q came back as %q", text, got)
		}
		total := bytes.Count(text, []byte{0}) // the separator stands for no text
		for _, token := range tokens {
			total += Byte{}.Bytes(token)
		}
		if total != len(text) {
			t.Errorf("tokens of %q stand for %d bytes, want %d", text, total, len(text))
		}
	})
}

func TestByteIgnoresForeignNumbers(t *testing.T) {
	foreign := []int32{-1, 256, 1 << 30}
	if got := (Byte{}).Decode(foreign); len(got) != 0 {
		t.Errorf("decoded %q", got)
	}
	for _, token := range foreign {
		if n := (Byte{}).Bytes(token); n != 0 {
			t.Errorf("token %d stands for %d bytes", token, n)
		}
	}
}

// TestValidPrefix compares with trying every length.
func TestValidPrefix(t *testing.T) {
	for _, text := range []string{"", "a", "é", "é\xff", "\xffé", "日本\xe6\x97", "a\ufffdb\xc3", "\xed\xa0\x80", "😀\xf0\x9f"} {
		want := len(text)
		for !utf8.ValidString(text[:want]) {
			want--
		}
		if got := ValidPrefix([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
