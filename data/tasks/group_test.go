package tasks

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"goomtrain/rng"
)

// elements lists the elements of a group as things that can be composed without its table: a number modulo n for
// z, the images of 0..n-1 for s and a, one after another for a product.
func elements(name string) (all [][]int) {
	all = [][]int{{}}
	for factor := range strings.SplitSeq(name, "x") {
		n, _ := strconv.Atoi(factor[1:])
		var own [][]int
		switch factor[0] {
		case 'z':
			for i := range n {
				own = append(own, []int{i})
			}
		default:
			for _, word := range lexicographic("abcdef"[:n]) {
				p, sign := []int{}, 1
				for i := range word {
					p = append(p, int(word[i]-'a'))
					for j := range i {
						if p[j] > p[i] {
							sign = -sign
						}
					}
				}
				if factor[0] == 's' || sign == 1 {
					own = append(own, p)
				}
			}
		}
		var pairs [][]int
		for _, a := range all {
			for _, b := range own {
				pairs = append(pairs, slices.Concat(a, b))
			}
		}
		all = pairs
	}
	return all
}

// compose applies y after x, factor by factor.
func compose(name string, x, y []int) (out []int) {
	at := 0
	for factor := range strings.SplitSeq(name, "x") {
		n, _ := strconv.Atoi(factor[1:])
		if factor[0] == 'z' {
			out = append(out, (x[at]+y[at])%n)
			at++
			continue
		}
		for _, to := range x[at : at+n] {
			out = append(out, y[at+to])
		}
		at += n
	}
	return out
}

// expectGroup composes the elements themselves and looks the results up in the list of all.
func expectGroup(task *Group, in []int32) []int32 {
	name, n := "s5", max(1, task.PerElement)
	if task.Name != "" {
		name = task.Name
	}
	all := elements(name)
	product := all[0]
	out := make([]int32, len(in))
	for i, x := range in {
		product = compose(name, product, all[x])
		out[i] = -1
		if (i+1)%n == 0 {
			out[i] = int32(slices.IndexFunc(all, func(e []int) bool { return slices.Equal(e, product) }))
		}
	}
	return out
}

// TestGenerators: the inputs are the generators and no others, S5 has the 11 and 31 of Grazzi et al., and words of
// several of them are uniform elements.
func TestGenerators(t *testing.T) {
	for _, c := range []struct {
		task  Group
		count int
	}{
		{Group{Name: "s5", Generators: "swaps"}, 11},
		{Group{Name: "s5", Generators: "swaps", PerElement: 4}, 11},
		{Group{Name: "s5", Generators: "swaps", PerElement: 6}, 11},
		{Group{Name: "s5", Generators: "3-cycles"}, 31},
		{Group{Name: "s5", Generators: "3-cycles", PerElement: 2}, 31},
		{Group{Name: "s5", PerElement: 2}, 120},
		{Group{Name: "a5", Generators: "3-cycles"}, 21},
		{Group{Name: "a4xz5"}, 60},
		{Group{Name: "z2"}, 2}, // the smallest of each kind
		{Group{Name: "s2"}, 2},
		{Group{Name: "a3"}, 3},
	} {
		s := build(t, &c.task, 48)
		r, in, out := rng.New(1, "generators"), make([]int32, 48), make([]int32, 48)
		seen, first := map[int32]bool{}, make([]int, s.Vocab)
		const draws = 12000
		n := max(1, c.task.PerElement)
		for range draws {
			s.Fill(r, in, out)
			for _, x := range in {
				seen[x] = true
			}
			first[out[n-1]]++
		}
		if len(seen) != c.count {
			t.Errorf("%+v: %d different inputs, want %d", c.task, len(seen), c.count)
		}
		if n == 1 && c.count < s.Vocab {
			continue // the first product is a generator
		}
		mean := draws / float64(s.Vocab)
		for x, count := range first {
			if math.Abs(float64(count)-mean) > 6*math.Sqrt(mean) {
				t.Errorf("%+v: element %d is the first product %d times, want %.0f", c.task, x, count, mean)
			}
		}
	}
}

// TestGroupIsSymmetric: the task group has the sequences of s3 and s5.
func TestGroupIsSymmetric(t *testing.T) {
	for n, name := range map[int]string{3: "s3", 5: "s5"} {
		a, b := build(t, &Symmetric{N: n}, 50), build(t, &Group{Name: name}, 50)
		rows := make([][]int32, 4)
		for i := range rows {
			rows[i] = make([]int32, 50)
		}
		a.Fill(rng.New(1, "a"), rows[0], rows[1])
		b.Fill(rng.New(1, "a"), rows[2], rows[3])
		if !slices.Equal(rows[0], rows[2]) || !slices.Equal(rows[1], rows[3]) {
			t.Errorf("%s: %v, want %v", name, rows[2:], rows[:2])
		}
	}
}
