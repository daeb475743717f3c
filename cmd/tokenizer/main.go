package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"goomtrain/data/tokenizer"
	"goomtrain/data/tokenizer/bpe"
	"goomtrain/internal/printable"
	"goomtrain/settings"

	_ "goomtrain/data" // tokenizers in files
	_ "goomtrain/data/gpt2"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// options are the flags of all subcommands.
type options struct {
	tokenizer, data, field, out string
	vocab, skip                 int
	replace                     bool
	rest                        []string // arguments after the flags
}

// A command is a subcommand.
type command struct {
	name, usage, help string
	flags             []string
	run               func(o options, in io.Reader, out io.Writer) error
}

var commands = []command{
	{"train", "-vocab N -data PATH -out FILE", "Makes a tokenizer from text.", []string{"vocab", "data", "text-field", "skip-bad-rows", "out", "replace"}, train},
	{"info", "-tokenizer T [-data PATH]", "Shows the sizes of a tokenizer and, of a text, how many bytes a token has.", []string{"tokenizer", "data", "text-field", "skip-bad-rows"}, info},
	{"encode", "-tokenizer T [TEXT]", "Prints the tokens of a text, or of standard input.", []string{"tokenizer"}, encode},
	{"decode", "-tokenizer T [TOKEN...]", "Writes the text of tokens, or of those in standard input.", []string{"tokenizer"}, decode},
}

func (o *options) table(names []string) (table settings.Table) {
	const group = "Flags"
	all := settings.Table{
		{Name: "vocab", Group: group, Help: "tokens, with the 256 bytes and the separator", Value: &o.vocab, Rule: settings.Between(bpe.MinVocab, bpe.MaxVocab)},
		{Name: "tokenizer", Group: group, Help: "tokenizer", Value: &o.tokenizer, OneCall: true,
			Rule: settings.OneOfFunc(tokenizer.Known).Or("the path of a tokenizer.json or a SentencePiece .model", tokenizer.IsPath)},
		{Name: "data", Group: group, Help: "text, JSONL or Parquet: file, folder or glob", Value: &o.data, OneCall: true},
		{Name: "text-field", Group: group, Help: "field or column of the text in rows", Value: &o.field, Zero: "text", OneCall: true},
		{Name: "skip-bad-rows", Group: group, Help: "rows without a text that are left out", Value: &o.skip, Rule: settings.AtLeast(0)},
		{Name: "out", Group: group, Help: "file to write", Value: &o.out, OneCall: true},
		{Name: "replace", Group: group, Help: "write over a file that exists", Value: &o.replace},
	}
	for _, name := range names {
		s, _ := all.Find(name)
		table = append(table, s)
	}
	return table
}

// run runs the command and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		for i, c := range commands {
			if i > 0 {
				fmt.Fprintln(stdout)
			}
			c.showHelp(stdout)
		}
		return 0
	}
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
		if c.name == args[0] {
			return c.call(args[1:], stdin, stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "tokenizer: %q is not one of %s\n", args[0], strings.Join(names, ", "))
	return 2
}

// call parses the arguments of the subcommand and runs it.
func (c command) call(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o := defaults()
	table := o.table(c.flags)
	_, rest, err := table.ParseFlags(args)
	o.rest = rest
	switch {
	case errors.Is(err, settings.ErrHelp):
		c.showHelp(stdout)
		return 0
	case err == nil:
		err = c.check(&o, table)
	}
	if err != nil {
		fmt.Fprintln(stderr, "tokenizer:", printable.Line(err.Error()))
		return 2
	}
	if err := c.run(o, stdin, stdout); err != nil {
		fmt.Fprintln(stderr, "tokenizer:", printable.Line(err.Error()))
		return 1
	}
	return 0
}

func defaults() options { return options{vocab: 4096} }

// showHelp prints the usage and the flags.
func (c command) showHelp(out io.Writer) {
	fmt.Fprintf(out, "Usage: go run ./cmd/tokenizer %s %s\n\n%s Defaults in brackets.\n", c.name, c.usage, c.help)
	o := defaults()
	o.table(c.flags).Help(out)
}

// check returns an error for flags that are missing or break a rule.
func (c command) check(o *options, table settings.Table) error {
	_, chosen := table.Find("tokenizer")
	switch {
	case chosen && o.tokenizer == "":
		return errors.New("-tokenizer is missing: give a name or the path of a file")
	case c.name == "train" && o.data == "":
		return errors.New("-data is missing: give the text to learn from")
	case c.name == "train" && o.out == "":
		return errors.New("-out is missing: give the file to write, such as tokenizer.json")
	case (c.name == "train" || c.name == "info") && len(o.rest) > 0:
		return fmt.Errorf("unexpected argument %q", o.rest[0])
	}
	return table.Validate()
}
