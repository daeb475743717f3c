package corpus

import (
	"os"
	"sync"
)

// newProgress returns a function that adds to the number of bytes read of files and reports it, and nil without
// report.
func newProgress(report func(what string, done, total int64), what string, files []File) func(n int) {
	if report == nil {
		return nil
	}
	total := int64(0)
	for _, f := range files {
		if info, err := os.Stat(f.Path); err == nil { // opening the file says what is wrong
			total += info.Size()
		}
	}
	var mu sync.Mutex
	done := int64(0)
	return func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += int64(n)
		report(what, min(done, total), total)
	}
}
