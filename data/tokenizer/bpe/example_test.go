package bpe_test

import (
	"fmt"

	"goomtrain/data/tokenizer/bpe"
)

// Example learns a tokenizer from a text, and reads the file that it is written as.
func Example() {
	var words bpe.Counter
	words.Add([]byte("the cat, the hat and the mat"))
	vocabulary, err := bpe.Train(&words, 261)
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := bpe.Read("mine", vocabulary.Encode())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, token := range t.Encode([]byte("the bat")) {
		fmt.Printf("%d %q\n", token, t.Decode([]int32{token}))
	}
	fmt.Println("separator", t.Separator())
	// Output:
	// 258 "the"
	// 220 " "
	// 65 "b"
	// 256 "at"
	// separator 260
}
