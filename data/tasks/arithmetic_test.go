package tasks

import (
	"math"
	"strings"
	"testing"

	"goomtrain/rng"
)

// expectArithmetic writes an expression out and evaluates it by recursive descent: a sum of products of factors,
// where a factor is a digit, the negative of a factor, or a sum in brackets.
func expectArithmetic(s *Sequences, in []int32) int32 {
	signs := ".+-*="
	if _, ok := s.task.(*Brackets); ok {
		signs = ".+-*=()"
	}
	m := value(s, "modulus")
	p := parser{modulus: m}
	for _, x := range in {
		if int(x) < len(signs) {
			p.text = append(p.text, rune(signs[x]))
		} else {
			p.text = append(p.text, '0'+x-int32(len(signs))) // digits from 10 on are letters behind '9', as good as any
		}
	}
	v := p.sum()
	if p.next() != '=' || len(p.text) > 0 {
		return -2
	}
	return int32(len(signs) + (v%m+m)%m)
}

type parser struct {
	text    []rune
	modulus int
}

func (p *parser) next() rune {
	c := p.text[0]
	p.text = p.text[1:]
	return c
}

func (p *parser) sum() int {
	v := p.product()
	for strings.ContainsRune("+-", p.text[0]) {
		if p.next() == '+' {
			v += p.product()
		} else {
			v -= p.product()
		}
	}
	return v % p.modulus
}

func (p *parser) product() int {
	v := p.factor()
	for p.text[0] == '*' {
		p.next()
		v = v * p.factor() % p.modulus
	}
	return v
}

func (p *parser) factor() int {
	switch c := p.next(); c {
	case '-':
		return -p.factor()
	case '(':
		v := p.sum()
		if p.next() != ')' {
			return math.MinInt32
		}
		return v
	default:
		return int(c - '0')
	}
}

// TestArithmeticIsUniform: digits and signs are uniform, also with brackets, where sums and differences are equally
// likely and both leaves of two tokens and trees occur.
func TestArithmeticIsUniform(t *testing.T) {
	const draws = 20000
	for name, c := range map[string]struct {
		task  Task
		seq   int
		equal [][]int32 // tokens that are equally frequent
	}{
		"without": {&Arithmetic{}, 20, [][]int32{{plus, minus, star}, {5, 6, 7, 8, 9}}},
		"sums":    {&Brackets{}, 6, [][]int32{{plus, minus}, {7, 8, 9, 10, 11}, {opening, closing}}},
		"trees":   {&Brackets{}, 21, [][]int32{{7, 8, 9, 10, 11}, {opening, closing}}},
	} {
		s := build(t, c.task, c.seq)
		r, in, out := rng.New(2, name), make([]int32, s.Len), make([]int32, s.Len)
		counts := make([]int, s.Vocab)
		for range draws {
			s.Fill(r, in, out)
			for _, x := range in {
				counts[x]++
			}
		}
		for _, group := range c.equal {
			mean := 0.0
			for _, x := range group {
				mean += float64(counts[x]) / float64(len(group))
			}
			for _, x := range group {
				if counts[x] == 0 || math.Abs(float64(counts[x])-mean) > 6*math.Sqrt(mean) {
					t.Errorf("%s: token %d occurs %d times, others of its kind %.0f", name, x, counts[x], mean)
				}
			}
		}
	}
}

// TestShortProducts: the documented share of zeros among expressions of four tokens.
func TestShortProducts(t *testing.T) {
	s := build(t, &Arithmetic{}, 4)
	r, in, out := rng.New(3, "short"), make([]int32, 4), make([]int32, 4)
	zeros := 0
	const draws = 100000
	for range draws {
		if s.Fill(r, in, out); out[3] == firstDigit {
			zeros++
		}
	}
	if share := float64(zeros) / draws; math.Abs(share-19./75) > 0.008 {
		t.Errorf("%.4f of the values are 0, want %.4f", share, 19./75)
	}
}
