package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	"goomtrain/params"
)

// TestDamagedStates: a file of a state that has been changed is refused with what is wrong in it, whatever it says.
func TestDamagedStates(t *testing.T) {
	dir, state := trained(t, "-sample", "0"), filepath.Join(t.TempDir(), "state")
	if code, _, _, errs := call("-from", dir, "-prompt", "gr", "-n", "3", "-save-state", state); code != 0 {
		t.Fatal(errs)
	}
	f, err := checkpoints.OpenTensors(state)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var arrays []params.Array
	for _, name := range f.Names() {
		a, err := f.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		arrays = append(arrays, a)
	}
	logits := slices.IndexFunc(arrays, func(a params.Array) bool { return a.Name == logitsName })
	stream := slices.IndexFunc(arrays, func(a params.Array) bool { return strings.HasPrefix(a.Name, streamPrefix) })
	for want, change := range map[string]func(arrays []params.Array, meta map[string]string){
		"":                               func([]params.Array, map[string]string) {},
		"was not written by -save-state": func(_ []params.Array, meta map[string]string) { meta["format"] = "goomtrain-stream-0" },
		"was saved with other weights":   func(_ []params.Array, meta map[string]string) { meta["model"] = strings.Repeat("0", 64) },
		"the sampler's state: ":          func(_ []params.Array, meta map[string]string) { delete(meta, "sampler") },
		"the logits have shape [255], want [256]": func(a []params.Array, _ map[string]string) {
			a[logits].Shape, a[logits].Data = []int{255}, make([]float32, 255)
		},
		"the logits have shape [], want [256]": func(a []params.Array, _ map[string]string) { a[logits].Name = "other" },
		"the logits are []float64, want []float32": func(a []params.Array, _ map[string]string) {
			a[logits].Data = make([]float64, 256)
		},
		arrays[stream].Name: func(a []params.Array, _ map[string]string) { a[stream].Name = "stream.other" },
		strings.TrimPrefix(arrays[stream].Name, streamPrefix) + " ": func(a []params.Array, _ map[string]string) {
			a[stream].Shape = append([]int{1}, a[stream].Shape...)
		},
	} {
		changed, meta := slices.Clone(arrays), maps.Clone(f.Metadata())
		change(changed, meta)
		path := filepath.Join(t.TempDir(), "changed")
		out, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkpoints.WriteTensors(out, changed, meta); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		code, _, _, errs := call("-from", dir, "-load-state", path, "-n", "1")
		if want == "" && code != 0 || want != "" && (code != 1 || !strings.HasPrefix(errs, "generate: load-state: ") && !strings.Contains(errs, "\ngenerate: load-state: ") || !strings.Contains(errs, want)) {
			t.Errorf("exit code %d, %swant %q", code, errs, want)
		}
	}
}
