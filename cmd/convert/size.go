package main

import (
	"fmt"
	"strconv"
	"strings"
)

// units are decimal, as those of Hugging Face's max_shard_size.
var units = []struct {
	name  string
	bytes float64
}{{"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}}

// bytesOf reads a size such as 5GB or 200MB.
func bytesOf(text string) (int64, error) {
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.ToUpper(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if size := n * u.bytes; err == nil && size >= 1 && size <= 1e15 {
			return int64(size), nil
		}
	}
	return 0, fmt.Errorf("-shard-size %q: must be a number of KB, MB or GB, as in 5GB", text)
}
