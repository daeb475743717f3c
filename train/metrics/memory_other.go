//go:build !linux && !darwin

package metrics

import "runtime/metrics"

// PeakRSS is the memory that the Go runtime has obtained from the system, in MiB: the best estimate on this
// platform without further libraries.
func PeakRSS() float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64()) / (1 << 20)
}
