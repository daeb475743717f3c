package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/huggingface"
	"goomtrain/models"
	"goomtrain/ops"
)

// TestImported: the program runs on an imported GPT-2, with a row for softmax and one for each number of terms.
func TestImported(t *testing.T) {
	dir := t.TempDir()
	run1 := filepath.Join(dir, "run")
	if _, err := huggingface.Import("../../huggingface/testdata/gpt2-tiny", run1, huggingface.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(dir, "text.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("the quick brown fox. "), 1000), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(&out, run1, text, 1, 1); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 1+ops.MaxTaylorTerms || !strings.HasPrefix(lines[1], "softmax ") || !strings.HasPrefix(lines[7], "Taylor, 7 terms") {
		t.Errorf("printed\n%s", out.String())
	}
}

// TestMostTerms: heads of GPT-2's dimension have fewer terms than small ones.
func TestMostTerms(t *testing.T) {
	for width, want := range map[int]int{8: ops.MaxTaylorTerms, 64: 5} {
		if got := mostTerms(width); got != want {
			t.Errorf("heads of dimension %d: %d terms, want %d", width, got, want)
		}
	}
}

// TestSwapConverges: with more terms the logits of the same weights come to those of softmax attention.
func TestSwapConverges(t *testing.T) {
	c, err := models.NewConfig("softmax-attention", "nano")
	if err != nil {
		t.Fatal(err)
	}
	sizes := c.Sizes.(*models.SoftmaxAttention)
	sizes.Vocab, sizes.DHead = 32, 8
	trained, err := models.New[float32](c, 3)
	if err != nil {
		t.Fatal(err)
	}
	tokens := make([]int32, 50)
	for i := range tokens {
		tokens[i] = int32(i * 7 % 32)
	}
	logits := func(m *models.Model[float32]) []float32 {
		s, err := m.NewStream()
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Append(tokens)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := logits(trained)
	distance := func(terms int) float64 {
		swapped, err := swap(trained, terms)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, v := range logits(swapped) {
			sum += math.Abs(float64(v - want[i]))
		}
		return sum
	}
	two, four, eight := distance(2), distance(4), distance(8)
	t.Logf("2 terms: %.3g away, 4 terms: %.3g, 8 terms: %.3g", two, four, eight)
	if !(four < 0.2*two && eight < 0.01*two) {
		t.Error("the distance does not fall with the number of terms")
	}
}
