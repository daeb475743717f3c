package data

import (
	"goomtrain/data/tasks"
	"goomtrain/internal/registry"
)

// entry is a registered task.
type entry struct {
	about    string
	defaults func() Task
}

var registered = registry.New[entry]("task")

func init() {
	Register("text", "next token of a text corpus; vocabulary of the tokenizer", func() Task { return &Text{Tokenizer: "byte"} })
	registerSynthetic("copy", "recall 10 symbols after a delay; vocabulary 10, chance 1/8", func() tasks.Task { return &tasks.Copy{} })
	registerSynthetic("selective-copy", "recall 10 symbols shown at random places among blanks; vocabulary 10, chance 1/8", func() tasks.Task { return &tasks.SelectiveCopy{} })
	registerSynthetic("parity", "parity of the bits so far, at every position or at the end; vocabulary 2, chance 1/2", func() tasks.Task { return &tasks.Parity{} })
	registerSynthetic("modular", "sum of the digits so far modulo 5, at every position; vocabulary 5, chance 1/5", func() tasks.Task { return &tasks.Modular{} })
	registerSynthetic("s3", "product of the permutations of 3 so far, at every position; vocabulary 6, chance 1/6", func() tasks.Task { return &tasks.Symmetric{N: 3} })
	registerSynthetic("s5", "product of the permutations of 5 so far, at every position; vocabulary 120, chance 1/120", func() tasks.Task { return &tasks.Symmetric{N: 5} })
	registerSynthetic("recall", "value of a queried key among 8 key-value pairs; vocabulary 32, chance 1/16", func() tasks.Task { return &tasks.Recall{} })
	registerSynthetic("group", "product of the elements of a group so far, by default of s5, at every position; vocabulary 120, chance 1/120", func() tasks.Task { return &tasks.Group{} })
	registerSynthetic("arithmetic", "value of sums and products of digits modulo 5, at the end; vocabulary 10, chance 1/5", func() tasks.Task { return &tasks.Arithmetic{} })
	registerSynthetic("arithmetic-brackets", "value of sums and differences in brackets modulo 5, at the end; vocabulary 12, chance 1/5", func() tasks.Task { return &tasks.Brackets{} })
	registerSynthetic("mqar", "value of each key of 4 key-value pairs, after gaps by a power law; vocabulary 8192, chance 1/4096", func() tasks.Task { return &tasks.MQAR{} })
	registerSynthetic("dyck", "closing brackets of 8 kinds, nested up to 5 deep; vocabulary 16, chance 1/8", func() tasks.Task { return &tasks.Dyck{} })
	registerSynthetic("sort", "symbols in ascending order; vocabulary 6, chance 1/5", func() tasks.Task { return &tasks.Sort{} })
	Register("classify", "label of a text after its last token; vocabulary of the tokenizer + labels", func() Task { return &Classify{} })
	Register("images", "class of an image after its last pixel; vocabulary 256 gray values + classes, chance 1/classes", func() Task { return &Images{} })
	Register("image-pixels", "next pixel of an image; vocabulary 257", func() Task { return &ImagePixels{} })
}

func registerSynthetic(name, about string, defaults func() tasks.Task) {
	Register(name, about, func() Task { return Synthetic(name, defaults()) })
}

// Register adds a task under a name, with one line about it: what the model predicts and, at the default
// settings, the vocabulary and the accuracy at chance level. defaults returns new default settings at each
// call. Register is meant for init functions, and panics if the name is taken.
func Register(name, about string, defaults func() Task) {
	registered.Register(name, entry{about, defaults})
}

// Tasks lists the names of all tasks in the order of their registration.
func Tasks() []string { return registered.Names() }

// Describe returns the line about a task, or "" for an unknown name.
func Describe(name string) string {
	e, _ := registered.Find(name)
	return e.about
}

// defaults returns the default settings of a task, or nil for an unknown name.
func defaults(name string) Task {
	e, err := registered.Find(name)
	if err != nil {
		return nil
	}
	return e.defaults()
}
