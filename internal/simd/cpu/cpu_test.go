package cpu

import (
	"slices"
	"testing"
)

func TestEachPath(t *testing.T) {
	type state struct {
		name         string
		avx2, avx512 bool
	}
	before := [2]bool{AVX2, AVX512}
	defer func() { AVX2, AVX512 = before[0], before[1] }()
	all := []state{{"avx512", true, true}, {"avx2", true, false}, {"portable", false, false}}
	for have := range all {
		AVX2, AVX512 = all[have].avx2, all[have].avx512
		var got []state
		EachPath(func(name string) { got = append(got, state{name, AVX2, AVX512}) })
		if want := all[have:]; !slices.Equal(got, want) || AVX2 != all[have].avx2 || AVX512 != all[have].avx512 {
			t.Errorf("a machine with %s: %v, then AVX2 %v and AVX512 %v, want %v", all[have].name, got, AVX2, AVX512, want)
		}
	}
}
