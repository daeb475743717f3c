package checkpoints

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"goomtrain/params"
)

// threeArrays have 16, 24 and 8 bytes.
func threeArrays() []params.Array {
	return []params.Array{
		{Name: "a", Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}},
		{Name: "b", Shape: []int{3}, Data: []float64{5, 6, 7}},
		{Name: "c", Shape: []int{2}, Data: []int32{8, 9}},
	}
}

// sharded writes the arrays in shards of at most 32 bytes: a, b and c.
func sharded(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := WriteWeights(dir, threeArrays(), 32); err != nil {
		t.Fatal(err)
	}
	return dir
}

// files lists the names in a folder.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestWriteWeights: shards are filled in order up to the limit, an array beyond it has one of its own, and what fits
// in one file is one.
func TestWriteWeights(t *testing.T) {
	for limit, want := range map[int64][]string{
		48: {"model.safetensors"},
		47: {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", indexFile},
		32: {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", indexFile},
		10: {"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors", indexFile},
	} {
		dir := t.TempDir()
		if err := WriteWeights(dir, threeArrays(), limit); err != nil {
			t.Fatal(err)
		}
		if got := files(t, dir); !slices.Equal(got, want) {
			t.Errorf("limit %d: %v, want %v", limit, got, want)
		}
		f, err := OpenTensors(WeightsIn(dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range threeArrays() {
			if got, err := f.Read(a.Name); err != nil || !reflect.DeepEqual(got, a) {
				t.Errorf("limit %d: %v, error %v, want %v", limit, got, err, a)
			}
			values, err := f.Values(a.Name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := values.Next()
			if first := fmt.Sprint(reflect.ValueOf(a.Data).Index(0)); err != nil || fmt.Sprint(got[0].Hi) != first {
				t.Errorf("limit %d: %s begins with %v, error %v, want %s", limit, a.Name, got[0].Hi, err, first)
			}
			raw, err := f.Raw(a.Name)
			if info, _ := f.Info(a.Name); err != nil || raw.Size() != info.Bytes {
				t.Errorf("limit %d: %s: error %v", limit, a.Name, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err := WriteWeights(dir, threeArrays(), limit); !errors.Is(err, os.ErrExist) {
			t.Errorf("limit %d: written twice: %v", limit, err)
		}
	}
}

// TestShardsAsWeights: a folder with shards, and its index, are weights as one file is. The checksum is of all of them.
func TestShardsAsWeights(t *testing.T) {
	dir := t.TempDir()
	want := []params.Array{{Name: "a", Shape: []int{2}, Data: []float32{1, 2}}, {Name: "b", Shape: []int{1}, Data: []float32{3}}}
	if err := WriteWeights(dir, want, 1); err != nil {
		t.Fatal(err)
	}
	sums := map[string]bool{}
	for _, path := range []string{dir, filepath.Join(dir, indexFile)} {
		c, err := LoadWeights(path)
		if err != nil {
			t.Fatal(err)
		}
		got := []params.Array{{Name: "a", Shape: []int{2}, Data: make([]float32, 2)}, {Name: "b", Shape: []int{1}, Data: make([]float32, 1)}}
		if err := c.ReadModel(got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, error %v", path, got, err)
		}
		total := int64(0)
		for _, name := range files(t, dir) {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			total += info.Size()
		}
		if n, err := c.ModelBytes(); err != nil || n != total {
			t.Errorf("%s: %d bytes, error %v, want %d", path, n, err, total)
		}
		sum, err := c.SHA256(false)
		if err != nil || len(sum) != 64 {
			t.Errorf("checksum %q, error %v", sum, err)
		}
		sums[sum] = true
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "holds weights only") {
			t.Errorf("resuming from %s: %v", path, err)
		}
	}
	if len(sums) != 1 {
		t.Errorf("a folder and its index have the checksums %v", sums)
	}
	upper := filepath.Join(dir, strings.ToUpper(indexFile)) // as file systems may give it
	if err := os.Link(filepath.Join(dir, indexFile), upper); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	if f, err := OpenTensors(upper); err != nil || len(f.Names()) != len(want) || f.Close() != nil {
		t.Errorf("%s: error %v", upper, err)
	}
	edit(t, filepath.Join(dir, "model-00002-of-00002.safetensors"), func(b []byte) []byte { b[len(b)-1]++; return b })
	c, err := LoadWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := c.SHA256(false); err != nil || sums[sum] {
		t.Errorf("the checksum %s remains when a shard changes, error %v", sum, err)
	}
}

// TestRunBeforeWeights: a folder with checkpoints is a run, also if somebody has put weights into it.
func TestRunBeforeWeights(t *testing.T) {
	dir := sharded(t)
	if _, err := Save(dir, State{DType: "float32"}, threeArrays()[:1], nil, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	c, err := LoadWeights(dir)
	if err != nil || c.Dir != StepDir(dir, 0) {
		t.Errorf("found %v, error %v", c, err)
	}
}

// edit changes a file.
func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestShardsRefused: each way in which index and shards can disagree is one line that names the file.
func TestShardsRefused(t *testing.T) {
	const second = "model-00002-of-00002.safetensors"
	swap := func(old, new string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, indexFile), func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(new)) })
		}
	}
	for want, damage := range map[string]func(*testing.T, string){
		`its shard "` + second + `" is missing`: func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, second)); err != nil {
				t.Fatal(err)
			}
		},
		`tensor "d": it is not in its shard`:                                 swap(`"c":`, `"c": "`+second+`", "d":`),
		`tensor "a": it is in this shard, but the index lists it nowhere`:    swap(`"a":`, `"e":`),
		`tensor "c": it is in this shard, but the index lists it in "model-`: swap(`"c": "`+second, `"c": "model-00001-of-00002.safetensors`),
		`shard "../x.safetensors", which is not the name`:                    swap(second, "../x.safetensors"),
		`shard "/etc/x.safetensors", which is not the name`:                  swap(second, "/etc/x.safetensors"),
		`shard "x\\y.safetensors", which is not the name`:                    swap(second, `x\\y.safetensors`),
		`shard "state.json", which is not the name`:                          swap(second, "state.json"),
		`shard "", which is not the name`:                                    swap(second, ""),
		`it is not an index of shards`:                                       swap("{", "["),
		`it lists no tensors in weight_map`:                                  swap("weight_map", "weights"),
		second + ": ": func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, second), func(b []byte) []byte { return b[:len(b)-1] })
		},
	} {
		dir := sharded(t)
		damage(t, dir)
		_, err := OpenTensors(filepath.Join(dir, indexFile))
		if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestTooManyShards: what an index lists is bounded before files are opened.
func TestTooManyShards(t *testing.T) {
	weights := map[string]string{}
	for i := range maxShards + 1 {
		weights[fmt.Sprint(i)] = fmt.Sprintf("%d.safetensors", i)
	}
	text, err := json.Marshal(map[string]any{"weight_map": weights})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := parseIndex("index", text); err == nil || !strings.Contains(err.Error(), "lists 1001 shards") {
		t.Error(err)
	}
	var arrays []params.Array
	for i := range maxShards + 1 {
		arrays = append(arrays, params.Array{Name: fmt.Sprint(i), Shape: []int{1}, Data: []float32{0}})
	}
	if err := WriteWeights(t.TempDir(), arrays, 1); err == nil || !strings.Contains(err.Error(), "use larger shards") {
		t.Error(err)
	}
}

// FuzzIndex: whatever an index says, only files of its own folder are opened.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":1},"weight_map":{"a":"model-00001-of-00001.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../b.safetensors","c":"/d.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"..\\b.safetensors","c":"C:d.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":null}}`))
	f.Add([]byte(`{"weight_map":[[[[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		weights, shards, err := parseIndex("index", text)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q", err)
			}
			return
		}
		for _, name := range shards {
			if filepath.Join("folder", name) != "folder"+string(filepath.Separator)+name || strings.ContainsAny(name, `/\`) {
				t.Errorf("shard %q", name)
			}
		}
		for tensor, name := range weights {
			if !slices.Contains(shards, name) {
				t.Errorf("tensor %q is in %q, which is not listed", tensor, name)
			}
		}
	})
}
