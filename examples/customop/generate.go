package main

import (
	"errors"
	"fmt"
	"io"

	"goomtrain/data/tokenizer"
	"goomtrain/models"
	"goomtrain/sampling"
	"goomtrain/settings"
)

// generate generates text with the model of a run.
func generate(args []string, out io.Writer) error {
	var from, prompt string
	n, seed, draw := 200, uint64(1), sampling.Config{Temperature: 0.8, TopP: 1}
	flags := settings.Table{
		{Name: "from", Help: "run folder", Value: &from},
		{Name: "prompt", Help: "text to continue", Value: &prompt},
		{Name: "n", Help: "tokens to generate", Value: &n, Rule: settings.AtLeast(0)},
		{Name: "temperature", Help: "logits are divided by it; 0: always the most likely token", Value: &draw.Temperature, Rule: settings.AtLeast(0)},
		{Name: "seed", Help: "seed of the random numbers", Value: &seed},
	}.In("Flags")
	_, rest, err := flags.ParseFlags(args)
	switch {
	case errors.Is(err, settings.ErrHelp):
		flags.Help(out)
		return nil
	case err != nil:
		return err
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	}
	if err := flags.Validate(); err != nil {
		return err
	}

	saved, err := models.Find(from)
	if err != nil {
		return err
	}
	model, err := models.Load[float32](saved, true)
	if err != nil {
		return err
	}
	tok, err := tokenizer.New(saved.Setting("tokenizer"))
	if err != nil {
		return err
	}
	stream, err := model.NewStream()
	if err != nil {
		return err
	}
	logits, err := stream.Append(append([]int32{tok.Separator()}, tok.Encode([]byte(prompt))...))
	if err != nil {
		return err
	}
	sampler, err := sampling.New[float32](draw, seed)
	if err != nil {
		return err
	}
	fmt.Fprint(out, prompt)
	_, err = sampling.Generate(stream, logits, sampler, n, func(token int32) error {
		_, err := out.Write(tok.Decode([]int32{token}))
		return err
	})
	fmt.Fprintln(out)
	return err
}
