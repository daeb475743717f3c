package data

import (
	"fmt"

	"goomtrain/data/tasks"
	"goomtrain/settings"
)

// A Task is what a model is trained on, with its settings: a pointer to a struct of settings.
type Task interface {
	// Settings returns the settings of the task other than the length of a sequence.
	Settings() settings.Table
	// Validate returns an error that names the settings whose combination breaks a rule. seq is the number of
	// positions of a sequence; 0 stands for the task's default. Every setting satisfies its own rule already.
	// Validate reads no file.
	Validate(seq int) error
	// Open reads or prepares the data. The same settings, contents and seed give the same sequences.
	Open(seq int, seed uint64) (*Dataset, error)
}

// Config holds the settings of the data. NewConfig makes one. A copy by assignment shares Task and EvalLengths
// with the original.
type Config struct {
	Name   string // of a registered task
	Seq    int    // positions of a training sequence; 0: the task's default
	MinSeq int    // each generated sequence draws its length from MinSeq to Seq; 0: all have Seq positions
	Task   Task   // settings of the task of that name; nil: its defaults

	EvalLengths []int // lengths to validate at; empty: of generated tasks the training length, twice and four times that
	Sequences   int   // of each generated validation set; 0: 1,024

	// Copies is the folder of a run that goes on: copies of files in it, such as that of the tokenizer, are read in place of
	// the files that the settings name. "": there are none.
	Copies string

	// Progress is called while files of text are read: with what is being done, and how many bytes of how many are read.
	// Calls do not overlap. nil: nobody is told.
	Progress func(what string, done, total int64)
}

// NewConfig returns the configuration of a registered task with its default settings. If the name is unknown,
// the error lists the registered ones.
func NewConfig(task string) (Config, error) {
	c := Config{Name: task}
	table := c.Settings()
	if c.Task == nil {
		return c, table.Validate()
	}
	return c, nil
}

// ConfigOf returns the data's part of a run's settings. It ignores the others.
func ConfigOf(run []settings.Pair) (Config, error) {
	name, _ := settings.Last(run, "task")
	c, err := NewConfig(name)
	if err != nil {
		return c, err
	}
	table := c.Settings()
	for _, p := range run {
		if _, ok := table.Find(p.Name); ok {
			if err := table.Set(p); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// Settings returns a table of the name, the length and the task's own settings, which points into c. To change
// the task, make another Config: setting "task" to another value leaves Task unchanged.
func (c *Config) Settings() settings.Table {
	table := settings.Table{
		{Name: "task", Value: &c.Name, Rule: settings.OneOfFunc(Tasks), Change: settings.Frozen},
		tasks.Seq(&c.MinSeq, &c.Seq),
		{Name: "eval-lengths", Help: "lengths to validate at, separated by commas; the best checkpoint is that of the first", Value: &c.EvalLengths,
			Rule: settings.Between(1, tasks.MaxLen), Zero: "that of training, of generated tasks also 2 and 4 times that"},
	}
	if c.Task = c.task(); c.Task == nil { // an unknown name
		return table
	}
	return append(table, c.Task.Settings()...)
}

// IsText reports whether the task is to predict text: whether it has a setting "tokenizer" with the name of a
// registered tokenizer, and is not the classification of text. Training on text ends with a sample, and a model that it
// trains can be generated from.
func (c Config) IsText() bool {
	_, ok := c.Settings().Find("tokenizer")
	_, labeled := c.Task.(*Classify) // Settings sets Task
	return ok && !labeled
}

// task returns the settings of the task, its defaults if there are none, and nil if the name is unknown.
func (c Config) task() Task {
	if c.Task == nil {
		return defaults(c.Name)
	}
	return c.Task
}

// Validate returns an error that names the first setting that breaks a rule, its value and the rule. It
// reads no file.
func (c Config) Validate() error {
	if err := c.Settings().Validate(); err != nil {
		return err
	}
	switch task := c.task().(type) {
	case *synthetic:
		return task.validate(c)
	case *Text:
		if err := c.oneLength(); err != nil {
			return err
		}
		return task.Validate(c.Seq)
	default:
		if err := c.oneLength(); err != nil {
			return err
		}
		if len(c.EvalLengths) > 0 {
			return fmt.Errorf("-eval-lengths: the sequences of task %s have one length: only generated tasks and text have others", c.Name)
		}
		return task.Validate(c.Seq)
	}
}

// oneLength refuses a range of lengths.
func (c Config) oneLength() error {
	if c.MinSeq > 0 {
		return fmt.Errorf("-seq %d:%d: the sequences of task %s have one length: give one number; only generated tasks have a range", c.MinSeq, c.Seq, c.Name)
	}
	return nil
}

// Open reads or prepares the data of the configuration. The same configuration and seed give the same sequences
// as long as the contents of the files are the same, which Dataset.Fingerprint identifies.
func Open(c Config, seed uint64) (*Dataset, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	switch task := c.task().(type) {
	case *synthetic:
		return task.open(c, seed)
	case *Text:
		return task.open(c, seed)
	case *Classify:
		return task.open(c, seed)
	default:
		return task.Open(c.Seq, seed)
	}
}
