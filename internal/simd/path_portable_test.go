//go:build !amd64 || noasm

package simd

import "testing"

// onEachPath runs f on every implementation that this build and machine have.
func onEachPath(t *testing.T, f func(t *testing.T)) { t.Run("portable", f) }
