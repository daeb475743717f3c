package models

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLSTMIsPyTorchs: names and shapes of the weights are those of a PyTorch module of nn.Embedding, nn.LSTM and nn.Linear.
func TestLSTMIsPyTorchs(t *testing.T) {
	c := smallest(t, "lstm")
	var got []string
	for _, p := range build[float32](t, c).Params() {
		got = append(got, strings.Join(p.Stored, "|")+p.Name+fmt.Sprint(p.Shape))
	}
	want := []string{"emb.weight[17 24]", "head.weight[17 24]"}
	for l := range 2 {
		for _, side := range []string{"ih", "hh"} {
			want = append(want, fmt.Sprintf("rnn.weight_%s_l%d[96 24]", side, l), fmt.Sprintf("rnn.bias_%s_l%d[96]", side, l))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("parameters %v, want %v", got, want)
	}
	set(t, c, "tie-embeddings", "true")
	if n := len(build[float32](t, c).Params()); n != len(want)-1 {
		t.Errorf("%d parameters with tied embeddings, want %d", n, len(want)-1)
	}
}
