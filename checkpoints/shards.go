package checkpoints

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"goomtrain/internal/regular"
)

// IndexSuffix ends the name of a file that says in which shard, a safetensors file of the same folder, each tensor of a
// model is. The format is Hugging Face's: {"metadata": ..., "weight_map": {"tensor": "shard", ...}}.
const IndexSuffix = ".safetensors.index.json"

const (
	indexFile = "model" + IndexSuffix
	maxIndex  = 64 << 20 // bytes of an index: more than any model needs
	maxShards = 1000     // open at the same time
)

func isIndex(path string) bool { return strings.HasSuffix(strings.ToLower(path), IndexSuffix) }

// WeightsIn returns the path of the weights of a folder that is not a run: its model.safetensors, or the index of its
// shards; "" if it has neither.
func WeightsIn(dir string) string {
	for _, name := range []string{modelFile, indexFile} {
		if path := filepath.Join(dir, name); regular.Exists(path) {
			return path
		}
	}
	return ""
}

const remedyIndex = "download or export the folder again"

// readIndex returns, by tensor, the name of its shard, and the names of all shards in order. Shards are files of the
// folder of the index and nothing else.
func readIndex(path string) (weights map[string]string, shards []string, err error) {
	text, err := regular.ReadFile(path, maxIndex)
	if err != nil {
		return nil, nil, err
	}
	return parseIndex(path, text)
}

func parseIndex(path string, text []byte) (weights map[string]string, shards []string, err error) {
	corrupt := func(format string, args ...any) (map[string]string, []string, error) {
		return nil, nil, &fileError{file: path, reason: fmt.Sprintf(format, args...), remedy: remedyIndex, kind: ErrCorrupt}
	}
	var index struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return corrupt("it is not an index of shards: %v", err)
	}
	if len(index.Weights) == 0 {
		return corrupt("it lists no tensors in weight_map")
	}
	seen := map[string]bool{}
	for _, name := range index.Weights {
		seen[name] = true
	}
	shards = slices.Sorted(maps.Keys(seen))
	if len(shards) > maxShards {
		return corrupt("it lists %d shards, more than the %d allowed", len(shards), maxShards)
	}
	for _, name := range shards {
		if strings.ContainsAny(name, `/\:`) || !strings.HasSuffix(name, ".safetensors") || !filepath.IsLocal(name) { // not local: a device of Windows
			return corrupt("it lists the shard %s, which is not the name of a .safetensors file in the same folder", quote(name))
		}
	}
	return index.Weights, shards, nil
}

// openShards opens all shards of an index. Each tensor that the index lists must be in the shard that it says, and
// each tensor of a shard must be listed.
func openShards(path string) (t *TensorFile, err error) {
	weights, names, err := readIndex(path)
	if err != nil {
		return nil, err
	}
	t = &TensorFile{name: path, index: make(map[string]int, len(weights))}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	for i, name := range names {
		one, err := openFile(filepath.Join(filepath.Dir(path), name))
		if errors.Is(err, fs.ErrNotExist) {
			return t, &fileError{file: path, reason: fmt.Sprintf("its shard %s is missing", quote(name)), remedy: remedyIndex, kind: ErrCorrupt}
		} else if err != nil {
			return t, err
		}
		t.shards = append(t.shards, one.shards[0])
		if i == 0 {
			t.metadata = one.metadata
		}
		for _, info := range one.tensors {
			if listed, ok := weights[info.Name]; listed != name {
				where := "nowhere"
				if ok {
					where = "in " + quote(listed)
				}
				return t, &fileError{one.name, info.Name, fmt.Sprintf("it is in this shard, but the index lists it %s", where), remedyIndex, ErrCorrupt}
			}
			info.shard = i
			t.index[info.Name] = len(t.tensors)
			t.tensors = append(t.tensors, info)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if _, ok := t.index[name]; !ok {
			return t, &fileError{path, name, fmt.Sprintf("it is not in its shard %s", quote(weights[name])), remedyIndex, ErrCorrupt}
		}
	}
	return t, nil
}

// filesOf lists the files of weights at a path: itself and, if it is an index, its shards.
func filesOf(path string) ([]string, error) {
	if !isIndex(path) {
		return []string{path}, nil
	}
	_, names, err := readIndex(path)
	files := []string{path}
	for _, name := range names {
		files = append(files, filepath.Join(filepath.Dir(path), name))
	}
	return files, err
}
