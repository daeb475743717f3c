package commtest

import (
	"runtime"
	"strings"
	"testing"
)

// TestLocalLeavesNothing: after a test nothing sends or watches.
func TestLocalLeavesNothing(t *testing.T) {
	for range 20 {
		t.Run("groups", func(t *testing.T) { Local(t, 4) })
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for _, name := range []string{".beat(", ".watch("} {
			if strings.Contains(string(stacks), "comm.(*job)"+name) {
				t.Fatalf("a goroutine is left:\n%s", stacks)
			}
		}
	}
}
