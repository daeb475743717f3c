package metrics

import "syscall"

// PeakRSS is the peak resident memory of this process in MiB, NaN if unknown.
func PeakRSS() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return Unknown
	}
	return float64(u.Maxrss) / (1 << 20) // bytes here, unlike on Linux
}
