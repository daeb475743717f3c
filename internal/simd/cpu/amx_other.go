//go:build !linux || !amd64 || noasm

package cpu

func requestAMX() bool { return false }
