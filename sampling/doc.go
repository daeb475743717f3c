// Package sampling draws the next token from a model's logits: top-k, then temperature, then top-p,
// always keeping at least one token. Temperature 0 takes the largest logit, the lowest token among
// equals.
//
// The random numbers come from a counter-based stream, so a saved state continues the very same
// text. Logits are natural-log scores over the vocabulary, float32 or float64; minus infinity
// excludes a token.
package sampling
