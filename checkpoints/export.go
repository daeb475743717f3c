package checkpoints

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"goomtrain/internal/atomicfile"
	"goomtrain/params"
)

// WriteWeights writes arrays into a folder as model.safetensors or, if they have more than limit bytes together, as
// shards of at most limit bytes with an index (IndexSuffix). Arrays are not divided: one of more than limit bytes is a
// shard of its own. The order of the arrays decides which shard each is in. No file of the folder is replaced.
func WriteWeights(dir string, arrays []params.Array, limit int64) error {
	if err := checkArrays(arrays); err != nil {
		return err
	}
	parts, total := divide(arrays, limit)
	if len(parts) == 1 {
		return writeNew(filepath.Join(dir, modelFile), arrays)
	}
	if len(parts) > maxShards {
		return fmt.Errorf("%d bytes in shards of %d make %d shards, more than the %d allowed: use larger shards", total, limit, len(parts), maxShards)
	}
	index := struct {
		Metadata map[string]int64  `json:"metadata"`
		Weights  map[string]string `json:"weight_map"`
	}{map[string]int64{"total_size": total}, map[string]string{}}
	for i, part := range parts {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(parts))
		for _, a := range part {
			index.Weights[a.Name] = name
		}
		if err := writeNew(filepath.Join(dir, name), part); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(index); err != nil {
		return err
	}
	return atomicfile.WriteNew(filepath.Join(dir, indexFile), func(w io.Writer) error {
		_, err := w.Write(text.Bytes())
		return err
	})
}

// divide returns the arrays of each shard, and the bytes of all data.
func divide(arrays []params.Array, limit int64) (parts [][]params.Array, total int64) {
	size := int64(0) // of the last part
	for _, a := range arrays {
		dtype, length, _ := arrayType(a.Data) // checked by the caller
		bytes := int64(length) * int64(dtypeBits[dtype]/8)
		if len(parts) == 0 || size+bytes > limit {
			parts, size = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], a)
		size, total = size+bytes, total+bytes
	}
	return parts, total
}

func writeNew(path string, arrays []params.Array) error {
	return atomicfile.WriteNew(path, func(w io.Writer) error {
		return WriteTensors(w, arrays, map[string]string{"format": "pt"})
	})
}
