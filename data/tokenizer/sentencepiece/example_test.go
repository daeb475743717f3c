package sentencepiece_test

import (
	"fmt"

	"goomtrain/data/tokenizer/sentencepiece"
)

// Example reads a model with a single piece, of a kind that is not supported.
func Example() {
	_, err := sentencepiece.Read("mine", []byte("\n\x03\n\x01a"))
	fmt.Println(err)
	// Output:
	// its model is of Unigram: only BPE with byte fallback that leaves text as it is can be read
}
