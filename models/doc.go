// Package models holds complete sequence models, one in each file: sizes, presets and how the network is built.
// registry.go lists them; Register adds models of other modules.
//
// # Parts of a model
//
//	layers.Mixer   combines the positions of a sequence: a recurrence or an attention
//	Block          adds norm, output projection, dropout and residual to a mixer; any mixer fits any block
//	Network        embedding, a stack of blocks, and a head: a function from tokens to hidden states. It is
//	               Predicting, with logits of the next token, or Classifying, with scores of a sequence's class
//	Model          runs a network: losses, gradients, streams
//
// Your own network needs no registration: FromNetwork makes a model of any Network, whose parts need not be of
// this package. The methods of a Model do not expose Gorgonia.
//
// # Training
//
// A training loop needs a Trainable: Step computes the loss and the gradients of a batch of token sequences,
// Evaluate the loss alone. optional.go has one interface for everything else that a training loop can use, with
// who calls it and what happens without it.
//
// # Registered models
//
// An Architecture is a named kind of model with its Sizes and presets of them. NewConfig returns the sizes of a
// preset, New builds the model, and Find and Load read a trained one from its folder.
//
// A Model is not safe for concurrent use. Different models may run at the same time.
package models
