package main

import (
	"fmt"
	"os"
	"strings"
)

// availableMemory returns the memory in bytes that programs can still have, where the system tells it as Linux does.
func availableMemory() (bytes float64, known bool) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "MemAvailable: %f kB", &kilobytes); n == 1 {
			return 1024 * kilobytes, true
		}
	}
	return 0, false
}
