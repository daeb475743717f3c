// Package models holds complete sequence models, one file each: sizes, presets and how the network is built.
// registry.go lists them all; Register adds those of other modules.
//
// # What a model is made of
//
//	layers.Mixer   lets the positions of a sequence see each other: a recurrence or an attention
//	Block          puts norm, output projection, dropout and residual around a mixer; any mixer fits any block
//	Network        embedding, a stack of blocks, and a head: a function from tokens to hidden states
//	Model          runs a network: losses, gradients, streams
//
// A network of one's own needs no registration: FromNetwork makes a model of any Network, and nothing in it has
// to be of this package. Nothing of Gorgonia shows in the methods of a Model.
//
// # What a training loop needs
//
// A training loop needs a Trainable: Step computes the loss and the gradients of a batch of token sequences,
// Evaluate the loss alone. Everything else that it can use stands in optional.go, one interface each, with who
// calls it and what happens without it.
//
// # Registered models
//
// An Architecture is a kind of model under a name, with its Sizes and presets of them. NewConfig takes the
// sizes of a preset, New builds the model, and Find and Load read a trained one from its folder.
//
// A Model is not safe for concurrent use; different models may run at the same time.
package models
