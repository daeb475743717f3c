//go:build unix

package atomicfile

const canSyncDir = true
