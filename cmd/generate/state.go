package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"goomtrain/checkpoints"
	"goomtrain/internal/atomicfile"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/rng"
	"goomtrain/sampling"
)

// A state file is a safetensors file of the stream's arrays under the prefix "stream.", the logits
// after the last token, and in its metadata the model's fingerprint and the sampler's generator.
const (
	stateFormat  = "goomtrain-stream-1"
	streamPrefix = "stream."
	logitsName   = "logits"
)

// modelFingerprint is a hash of all weights. A state can only be used with the weights that computed it.
func modelFingerprint(values []params.Array) string {
	h := sha256.New()
	for _, a := range values {
		fmt.Fprintf(h, "%s %v %T\n", a.Name, a.Shape, a.Data)
		binary.Write(h, binary.LittleEndian, a.Data) // a hash takes every slice of numbers
	}
	return hex.EncodeToString(h.Sum(nil))
}

func saveState[F params.Float](path, fingerprint string, stream *models.Stream[F], logits []F, sampler *sampling.Sampler[F]) error {
	random, err := json.Marshal(sampler.State())
	if err != nil {
		return err
	}
	arrays := []params.Array{{Name: logitsName, Shape: []int{len(logits)}, Data: logits}}
	for _, a := range stream.State() {
		a.Name = streamPrefix + a.Name
		arrays = append(arrays, a)
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		return checkpoints.WriteTensors(w, arrays, map[string]string{"format": stateFormat, "model": fingerprint, "sampler": string(random)})
	})
	if err != nil {
		return fmt.Errorf("save-state: %w", err)
	}
	return nil
}

// loadState restores stream and, if withSampler is set, sampler. It returns the logits to continue from.
func loadState[F params.Float](path, fingerprint string, stream *models.Stream[F], vocab int, sampler *sampling.Sampler[F], withSampler bool) (logits []F, err error) {
	file, err := checkpoints.OpenTensors(path)
	if err != nil {
		return nil, fmt.Errorf("load-state: %w", err)
	}
	defer file.Close()
	meta := file.Metadata()
	switch {
	case meta["format"] != stateFormat:
		return nil, fmt.Errorf("load-state: %s was not written by -save-state", path)
	case meta["model"] != fingerprint:
		return nil, fmt.Errorf("load-state: %s was saved with other weights: give the run that it belongs to with -from", path)
	}
	var random rng.State
	if err := json.Unmarshal([]byte(meta["sampler"]), &random); err != nil {
		return nil, fmt.Errorf("load-state: %s: the sampler's state: %w", path, err)
	}
	own := stream.State()
	saved := make([]params.Array, len(own))
	for i, a := range own {
		if saved[i], err = file.Read(streamPrefix + a.Name); err != nil {
			return nil, fmt.Errorf("load-state: %w", err)
		}
		saved[i].Name = a.Name
	}
	if info, _ := file.Info(logitsName); !slices.Equal(info.Shape, []int{vocab}) { // before memory is spent on it
		return nil, fmt.Errorf("load-state: %s: the logits have shape %v, want [%d]", path, info.Shape, vocab)
	}
	last, err := file.Read(logitsName)
	if err != nil {
		return nil, fmt.Errorf("load-state: %w", err)
	}
	logits, ok := last.Data.([]F)
	if !ok {
		return nil, fmt.Errorf("load-state: %s: the logits are %T, want %T", path, last.Data, logits)
	}
	if err := stream.Restore(saved); err != nil {
		return nil, fmt.Errorf("load-state: %w", err)
	}
	if withSampler {
		sampler.Restore(random)
	}
	return logits, nil
}
