package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"goomtrain/data/corpus"
	"goomtrain/data/tokenizer/bpe"
	"goomtrain/internal/atomicfile"
	"goomtrain/internal/printable"
	"goomtrain/internal/regular"
)

// train makes a tokenizer and writes it.
func train(o options, _ io.Reader, out io.Writer) error {
	if !strings.EqualFold(o.out[max(0, len(o.out)-len(".json")):], ".json") {
		return fmt.Errorf("-out %s: the name must end in .json, by which -tokenizer knows the file", o.out)
	}
	if regular.Exists(o.out) && !o.replace {
		return fmt.Errorf("-out %s exists: give another name, or -replace", o.out)
	}
	files, err := corpus.Find(o.data)
	if err != nil {
		return fmt.Errorf("-data: %w", err)
	}
	begin := time.Now()
	var counter bpe.Counter
	notes, size, err := counter.Load(files, corpus.Options{Field: o.field, SkipBad: o.skip})
	if err != nil {
		return fmt.Errorf("-data: %w", err)
	}
	for _, note := range notes {
		fmt.Fprintln(out, "note:", note)
	}
	counted := time.Since(begin)
	begin = time.Now()
	v, err := bpe.Train(&counter, o.vocab)
	if err != nil {
		return err
	}
	content := v.Encode()
	if err := atomicfile.WriteFile(o.out, content); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s from %.1f MB: words counted in %s, merges learned in %s\n", printable.Count(o.vocab, "token"), float64(size)/1e6, counted.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
	fmt.Fprintf(out, "written to %s: train with -tokenizer %s\n", printable.Line(o.out), printable.Line(o.out))
	return nil
}
