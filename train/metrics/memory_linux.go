package metrics

import (
	"bytes"
	"os"
	"strconv"
)

// PeakRSS is the peak resident memory of this process in MiB, NaN if unknown. It is read from VmHWM, because
// getrusage includes the process that started this one, such as the go command.
func PeakRSS() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return Unknown
	}
	for line := range bytes.Lines(status) {
		fields := bytes.Fields(line)
		if len(fields) == 3 && string(fields[0]) == "VmHWM:" {
			if kib, err := strconv.ParseFloat(string(fields[1]), 64); err == nil {
				return kib / 1024
			}
		}
	}
	return Unknown
}
