//go:build !amd64 || noasm

package peak

const available, wide = false, false

func fma(int)     {}
func fmaWide(int) {}
