// Package models holds complete sequence models, one file each, that read from top to bottom:
// configuration, presets, parameters, forward pass. registry.go lists them all.
//
// A Model computes losses and gradients on batches of token sequences (Step, Evaluate) and streams
// (NewStream); what it is made of, a Network, is also what a user's own model has to provide (New
// builds a registered one, FromNetwork any). Nothing of Gorgonia shows in the methods of a Model.
//
// A Model is not safe for concurrent use; different models may run at the same time.
package models
