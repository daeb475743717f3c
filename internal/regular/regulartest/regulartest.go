// Package regulartest helps to test that no call waits for a named pipe in place of a file.
package regulartest

import (
	"path/filepath"
	"testing"
	"time"
)

// Pipe makes a named pipe in a folder of the test and returns its path. The test is skipped on systems
// that have none.
func Pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	PipeAt(t, path)
	return path
}

// PipeAt is Pipe at a path, where nothing may be yet.
func PipeAt(t *testing.T, path string) {
	t.Helper()
	if err := mkfifo(path); err != nil {
		t.Skip("no named pipes here:", err)
	}
}

// AtOnce calls f and ends the test if it has not returned after a time that only a call that waits takes.
func AtOnce(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the call waits for something to be written to a named pipe")
	}
}
