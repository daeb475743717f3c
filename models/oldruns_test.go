package models

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// oldRun is what the version that wrote a run folder had in it.
type oldRun struct {
	Parameters []string  // name, shape and role, in the order in which the model makes them
	Logits     []float64 // the first ones after oldTokens
}

// oldTokens is a short text of small tokens.
func oldTokens(vocab int) []int32 {
	tokens := make([]int32, 20)
	for i := range tokens {
		tokens[i] = int32(i * i % vocab)
	}
	return tokens
}

// TestOldRunsLoad: run folders of earlier versions load, with the parameters and the logits that those versions
// had. Names, shapes and order of parameters are an API: testdata/oldruns.json changes only by additions.
func TestOldRunsLoad(t *testing.T) {
	const runs = "../train/testdata/runs"
	text, err := os.ReadFile("testdata/oldruns.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string]oldRun
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(runs, "*", "config.toml"))
	if err != nil || len(folders) != len(recorded) {
		t.Errorf("%d run folders, but %d are recorded, error %v", len(folders), len(recorded), err)
	}
	for name, want := range recorded {
		t.Run(name, func(t *testing.T) {
			saved, err := Find(filepath.Join(runs, name))
			if err != nil {
				t.Fatal(err)
			}
			m, err := Load[float32](saved, true)
			if err != nil {
				t.Fatal(err)
			}
			var parameters []string
			for _, p := range m.Params() {
				parameters = append(parameters, fmt.Sprintf("%s %v %s", p.Name, p.Shape, p.Role))
			}
			if !slices.Equal(parameters, want.Parameters) {
				t.Errorf("parameters\n%q, want\n%q", parameters, want.Parameters)
			}
			s, err := m.NewStream()
			if err != nil {
				t.Fatal(err)
			}
			logits, err := s.Append(oldTokens(m.Vocab()))
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range want.Logits {
				if got := float64(logits[i]); !(math.Abs(got-w) <= 1e-5*(1+math.Abs(w))) {
					t.Errorf("logit %d is %v, want %v", i, got, w)
				}
			}
		})
	}
}
