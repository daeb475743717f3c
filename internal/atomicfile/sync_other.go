//go:build !unix

package atomicfile

// A folder opened for reading cannot be flushed on Windows: its file system journals names itself.
const canSyncDir = false
