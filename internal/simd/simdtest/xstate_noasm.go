//go:build !amd64 || noasm

package simdtest

// TilesInUse reports that nothing is known.
func TilesInUse() (inUse, known bool) { return false, false }
