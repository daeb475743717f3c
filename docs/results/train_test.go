package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/train/metrics"
)

const nano = "-task parity -preset nano -d-emb 16 -layers 1 -seq 8 -batch 4 -steps 4 -eval-every 0"

// TestTrain trains, stores and documents in a folder of its own.
func TestTrain(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	program, remove, err := build(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	defer remove()
	if err := os.MkdirAll(filepath.Join(dir, "docs", "results"), 0o755); err != nil {
		t.Fatal(err)
	}
	readme := filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("before\n"+begin+end+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	b := &book{
		Sections: []section{{Name: "s", Title: "Title", Readme: true, Picture: "p.png"}},
		Recipes: []recipe{
			{Name: "bad", Section: "s", Task: "text", Model: "M", Args: "-preset nano -data " + filepath.Join(dir, "missing"), Seeds: []uint64{1}},
			{Name: "good", Section: "s", Task: "parity", Model: "M", Args: nano, Seeds: []uint64{1, 2}},
		},
	}
	train := func(ctx context.Context, only string) (string, error) {
		var out bytes.Buffer
		err := b.train(ctx, &out, dir, program, regexp.MustCompile(only), 1)
		return out.String(), err
	}

	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := train(canceled, ""); !errors.Is(err, errInterrupted) {
		t.Errorf("canceled: %v", err)
	}
	out, err := train(ctx, "")
	if err == nil || !strings.Contains(err.Error(), "1 run failed; the first: bad seed 1") || !strings.Contains(err.Error(), "missing") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out, "good seed 1: ") || !strings.Contains(out, "good seed 2: ") {
		t.Errorf("output %q", out)
	}
	if out, err := train(ctx, "^g"); out != "" || err != nil {
		t.Errorf("nothing was missing: %q, error %v", out, err)
	}

	var said bytes.Buffer
	if err := b.write(&said, dir); err != nil || !strings.Contains(said.String(), "2 of 3 runs") {
		t.Errorf("%q, error %v", said.String(), err)
	}
	text, err := os.ReadFile(readme)
	if err != nil || !strings.HasPrefix(string(text), "before\n") || !strings.HasSuffix(string(text), "after\n") || !strings.Contains(string(text), "| parity | M |") {
		t.Errorf("%s, error %v", text, err)
	}
	decode(t, filepath.Join(dir, "docs", "results", "p.png"))

	b.Recipes[1].Args += " -lr 1e-3"
	if err := b.write(&said, dir); err == nil || !strings.Contains(err.Error(), "lr: 0.001 | ") {
		t.Errorf("written from runs with other settings: %v", err)
	}
	if out, err := train(ctx, "good"); err != nil || strings.Count(out, "training again") != 2 {
		t.Errorf("%q, error %v", out, err)
	}
	if err := b.write(&said, dir); err != nil {
		t.Error(err)
	}
}

// TestStore: a stored run has what the documents need, and few records and lines.
func TestStore(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "name", "1")
	var lines strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&lines, "{\"step\":%d,\"split\":\"train\",\"tokens\":0,\"elapsed_s\":%d}\n", i+1, 2*i)
		if i%500 == 499 {
			fmt.Fprintf(&lines, "{\"step\":%d,\"split\":\"valid\",\"length\":64,\"tokens\":0,\"accuracy\":%g}\n", i+1, float64(i)/1000)
			fmt.Fprintf(&lines, "{\"step\":%d,\"split\":\"valid-8\",\"length\":8,\"tokens\":0,\"accuracy\":1}\n", i+1)
		}
	}
	for name, text := range map[string]string{metricsFile: lines.String(), checkpoints.ConfigFile: "steps = 1\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	console := "header\ntotal 1,234 parameters: all\n" + strings.Repeat("step\n", 100)
	for range 2 { // the second replaces the first
		if err := store(dir, []byte(console), to); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(to))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, error %v", entries, err)
	}
	records, err := metrics.ReadFile(filepath.Join(to, metricsFile))
	if err != nil || len(records) != mostSteps+4 || records[0].Step != 1 {
		t.Errorf("%d records, error %v", len(records), err)
	}
	o, err := load(to)
	if err != nil || o.parameters != "1,234" || o.steps != 1000 || o.seconds != 1998 || o.lengthsText() != "8, 64" {
		t.Errorf("%+v, error %v", o, err)
	}
	if x, ok := o.at(measures[0], 64); x != 0.999 || !ok {
		t.Errorf("accuracy %g, %v: want that of the last evaluation", x, ok)
	}
	if x, ok := o.at(measures[1], 64); ok {
		t.Errorf("sequence accuracy %g, which is not known", x)
	}
}

func TestThinKeepsShortRuns(t *testing.T) {
	for n := range 2 * mostSteps {
		records := make([]record, n)
		for i := range records {
			records[i] = record{Step: int64(i), Split: metrics.Train}
		}
		kept := thin(records)
		if len(kept) != min(n, mostSteps) || n > 0 && kept[len(kept)-1].Step != int64(n-1) {
			t.Errorf("%d of %d kept", len(kept), n)
		}
	}
}

func TestExcerpt(t *testing.T) {
	if got := string(excerpt([]byte("a\nstep 1\nend\n"))); got != "a\nstep 1\nend\n" {
		t.Errorf("a short one: %q", got)
	}
	got := string(excerpt([]byte("a\n" + strings.Repeat("step 1\n", 50) + "end\n")))
	if want := "a\n" + strings.Repeat("step 1\n", 3) + "...\n" + strings.Repeat("step 1\n", 38) + "end\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
