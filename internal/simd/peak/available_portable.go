//go:build !amd64 || noasm

package peak

const available = false

func fma(int) {}
