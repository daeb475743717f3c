package checkpoints

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"goomtrain/params"
)

// The files of a divided set, NAME-00001-of-00004.safetensors to NAME-00004-of-00004.safetensors, hold arrays and pieces
// of arrays. Each file has this key in its metadata. Its text says, by tensor, of what the tensor is a piece. Tensors that
// it does not name are whole. A file of another name that has pieces is a set of its own.
const piecesKey = "goomtrain.pieces"

// A placing says what a tensor of a divided file is a piece of.
type placing struct {
	Array  string `json:"array"`
	Shape  []int  `json:"shape"`  // of the array
	Offset int64  `json:"offset"` // of the first element, flat and row-major
}

// tensorName is the name under which an array is stored. That of a piece is NAME[LO:HI], so that a file can hold several
// pieces of an array.
func tensorName(a params.Array) string {
	if a.Whole == nil {
		return a.Name
	}
	_, n, _ := arrayType(a.Data)
	return fmt.Sprintf("%s[%d:%d]", a.Name, a.Offset, a.Offset+n)
}

// withPieces returns the metadata with the text about pieces, if there are any.
func withPieces(metadata map[string]string, arrays []params.Array) (map[string]string, error) {
	placings := map[string]placing{}
	for _, a := range arrays {
		if a.Whole != nil {
			placings[tensorName(a)] = placing{a.Name, a.Whole, int64(a.Offset)}
		}
	}
	if len(placings) == 0 {
		return metadata, nil
	}
	text, err := json.Marshal(placings) // sorted by name
	if err != nil {
		return nil, err
	}
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	metadata[piecesKey] = string(text)
	return metadata, nil
}

// placings reads the text about pieces. Each tensor that it names is of one dimension, and lies inside its array.
func (t *TensorFile) placings() (map[string]placing, error) {
	text, ok := t.metadata[piecesKey]
	if !ok {
		return nil, &fileError{file: t.name, reason: "it does not say which pieces it holds, as the other files of its set do", remedy: remedySet, kind: ErrCorrupt}
	}
	var all map[string]placing
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, &fileError{file: t.name, reason: fmt.Sprintf("what it says about its pieces is damaged: %v", err), remedy: remedyCopy, kind: ErrCorrupt}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := all[name]
		corrupt := func(format string, args ...any) error {
			return &fileError{t.name, name, fmt.Sprintf(format, args...), remedyCopy, ErrCorrupt}
		}
		i, ok := t.index[name]
		if !ok {
			return nil, corrupt("the file lists it as a piece but does not hold it")
		}
		info := t.tensors[i]
		whole, ok := elements(p.Shape)
		n, _ := elements(info.Shape) // checked when opened
		switch {
		case p.Array == "":
			return nil, corrupt("it is a piece of a tensor without a name")
		case len(info.Shape) != 1 || dtypeBits[info.DType] < 8:
			return nil, corrupt("a tensor of shape %s and type %s cannot be a piece", shapeText(info.Shape), quote(string(info.DType)))
		case !ok || whole > math.MaxInt64/8 || len(p.Shape) > maxRank:
			return nil, corrupt("it is a piece of shape %s, which is impossible", shapeText(p.Shape))
		case p.Offset < 0 || uint64(p.Offset) > whole || n > whole-uint64(p.Offset):
			return nil, corrupt("it is said to be elements %d to %d of a tensor of %d", p.Offset, uint64(p.Offset)+n, whole)
		}
	}
	return all, nil
}
