//go:build !amd64 || noasm

package peak

func widestLoop() (loop func(n int), lanes int) { return nil, 0 }
