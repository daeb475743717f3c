// Package commtest makes groups of goroutines for tests.
package commtest

import (
	"testing"

	"goomtrain/internal/comm"
)

// Local is comm.Local whose heartbeats end with the test: they would go on in the tests after it, and allocate.
func Local(t testing.TB, n int) []*comm.Group {
	groups := comm.Local(n)
	t.Cleanup(func() {
		for _, g := range groups {
			g.Stop()
		}
	})
	return groups
}
