package checkpoints

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/params"
)

// TestReadPartial: arrays are read by name or alias, a table may have more rows, and all else is told apart. Where a
// shape or a type does not fit nothing is changed.
func TestReadPartial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	stored := []params.Array{
		{Name: "table", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
		{Name: "old.w", Shape: []int{2}, Data: []float32{7, 8}},
		{Name: "more", Shape: []int{1}, Data: []float32{9}},
		{Name: "constant", Shape: []int{1}, Data: []float32{9}},
	}
	if err := errors.Join(WriteTensors(f, stored, nil), f.Close()); err != nil {
		t.Fatal(err)
	}
	c, err := LoadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	table, w, fresh := make([]float64, 12), make([]float64, 2), []float64{-1}
	into := []params.Array{
		{Name: "table", Shape: []int{4, 3}, Data: table},
		{Name: "w", Aliases: []string{"old.w"}, Shape: []int{2}, Data: w},
		{Name: "fresh", Shape: []int{1}, Data: fresh},
	}
	for _, bad := range []struct {
		want  string
		shape []int
		data  any
		fit   Fit
	}{
		{`tensor "table": its shape is [2 3] in the file but [4 3] in this model`, []int{4, 3}, table, Exact},
		{"[2 3] in the file but [3 4]", []int{3, 4}, table, Grows},
		{"[2 3] in the file but [12]", []int{12}, table, Grows},
		{"[2 3] in the file but [1 3]", []int{1, 3}, table[:3], Grows},
		{"stored as F32 but this model computes in I64", []int{2, 3}, make([]int64, 6), Optional},
	} {
		wrong := slices.Clone(into)
		wrong[0].Shape, wrong[0].Data = bad.shape, bad.data
		_, err := c.ReadPartial(wrong, []Fit{bad.fit, Exact, Exact})
		if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), bad.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %q", err, bad.want)
		}
		if w[0] != 0 || table[0] != 0 {
			t.Fatal("arrays have changed")
		}
	}
	got, err := c.ReadPartial(into, []Fit{Optional, Exact, Exact}, "constant")
	if err != nil || !slices.Equal(got.From, []string{"", "old.w", ""}) || len(got.Left) != 2 || got.Left[0].Name != "more" || got.Left[1].Name != "table" || table[0] != 0 {
		t.Errorf("an optional array of another shape: %+v, error %v, read %v", got, err, table)
	}
	got, err = c.ReadPartial(into, []Fit{Grows, Optional, Exact}, "constant")
	if err != nil || !slices.Equal(got.Read, []int{6, 2, 0}) || !slices.Equal(got.From, []string{"table", "old.w", ""}) || len(got.Left) != 1 || got.Left[0].Name != "more" {
		t.Errorf("%+v, error %v", got, err)
	}
	if !slices.Equal(table, []float64{1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0}) || !slices.Equal(w, []float64{7, 8}) || fresh[0] != -1 {
		t.Errorf("read %v, %v, %v", table, w, fresh)
	}
}

// TestSHA256: the checksum is that of the file, recorded or computed.
func TestSHA256(t *testing.T) {
	run := t.TempDir()
	dir, err := Save(run, State{}, []params.Array{{Name: "w", Shape: []int{1}, Data: []float32{1}}}, []params.Array{{Name: "m", Shape: []int{1}, Data: []float32{2}}}, SaveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "w.safetensors")
	text, err := os.ReadFile(filepath.Join(dir, modelFile))
	if err == nil {
		err = os.WriteFile(copied, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	sum := func(path string, average bool) string {
		t.Helper()
		c, err := LoadWeights(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.SHA256(average)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	weights, averages := sum(run, false), sum(run, true)
	if len(weights) != 64 || weights != sum(copied, false) || weights == averages {
		t.Errorf("%s of the run, %s of a copy of the file, %s of the averages", weights, sum(copied, false), averages)
	}
}
