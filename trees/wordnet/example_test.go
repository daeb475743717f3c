package wordnet_test

import (
	"fmt"

	"goomtrain/trees/wordnet"
)

// A dictionary of nine synsets. That of WordNet itself is in wordnet.Folder.
func Example() {
	lexicon, err := wordnet.Open("testdata/dict")
	if err != nil {
		panic(err)
	}
	tree, err := lexicon.Tree()
	if err != nil {
		panic(err)
	}
	dog, _ := lexicon.Find("dog.n.01")
	fmt.Println(lexicon.Synsets[dog].Words, lexicon.Synsets[dog].Hypernyms)
	for _, c := range tree.Path(dog) {
		fmt.Println(lexicon.Synsets[c].Name, "-", lexicon.Synsets[c].Gloss)
	}
	// Output:
	// [Dog domestic_dog] [3 1]
	// entity.n.01 - what is
	// pet.n.01 - an animal at home
	// dog.n.01 - barks; "a dog | barked"
}
