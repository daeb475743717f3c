// Package sampling draws the next token from the logits of a model. It applies top-k, then temperature, then
// top-p, and always keeps at least one token. Temperature 0 selects the largest logit, and the lowest token
// among equals.
//
// The random numbers come from a counter-based stream, so that a saved state continues exactly the same text.
// Logits are natural logarithms of unnormalized probabilities over the vocabulary, float32 or float64. A logit
// of minus infinity excludes a token.
package sampling
