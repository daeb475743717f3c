package checkpoints

import (
	"crypto/sha256"
	"encoding/hex"
	"goomtrain/internal/atomicfile"
	"goomtrain/params"
	"hash"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strconv"
)

// prepare makes the folder of checkpoints and removes what killed saves left there. It returns the name for a temporary
// folder and the next serial number.
func prepare(d disk, runDir, name string) (temp string, serial int64, err error) {
	root := root(runDir)
	if err := d.mkdirAll(root); err != nil {
		return "", 0, err
	}
	if err := clean(d, root); err != nil {
		return "", 0, err
	}
	entries, err := List(runDir)
	if err != nil {
		return "", 0, err
	}
	serial = 1
	for _, e := range entries {
		serial = max(serial, e.State.Serial+1)
	}
	temp = atomicfile.TempPrefix + name + "-" + strconv.FormatUint(uint64(rand.Uint32()), 36)
	path := filepath.Join(root, temp)
	if err := d.mkdirAll(path); err != nil {
		d.removeAll(path)
		return "", 0, err
	}
	return temp, serial, nil
}

// writeFiles writes and syncs the files of this process: process 0 all but state.json, and each its part of the optimizer
// state. It returns their sums, when it is known that the checkpoint is good.
func writeFiles(d disk, dir string, t team, model, optimizer []params.Array, opt SaveOptions) (word, error) {
	own := word{Files: map[string]fileSum{}}
	tensors := func(name string, arrays []params.Array, metadata map[string]string) error {
		sum := summing{h: sha256.New()}
		err := d.writeFile(filepath.Join(dir, name), func(w io.Writer) error {
			sum.w = w
			return WriteTensors(&sum, arrays, metadata)
		})
		own.Files[name] = fileSum{sum.n, hex.EncodeToString(sum.h.Sum(nil))}
		return err
	}
	metadata := map[string]string{"format": "pt"} // as PyTorch's tools expect of their own files
	if t.rank() == 0 {
		if err := tensors(modelFile, model, metadata); err != nil {
			return own, err
		}
	}
	if t.size() > 1 {
		metadata[piecesKey] = "{}" // even if there are none
	}
	if err := tensors(t.optimizerName(), optimizer, metadata); err != nil {
		return own, err
	}
	if t.rank() == 0 {
		for _, f := range opt.Files {
			if err := writeText(d, filepath.Join(dir, f.Name), f.Content); err != nil {
				return own, err
			}
		}
	} else if err := d.syncDir(dir); err != nil {
		return own, err
	}
	if opt.accepted != nil && !opt.accepted() {
		own.Rejected = true
		return own, nil
	}
	if opt.Before != nil {
		return own, opt.Before()
	}
	return own, nil
}

// writeState writes state.json, the last file, with the sums that all processes tell, and syncs the folder.
func writeState(d disk, dir string, s State, words []word) error {
	state := stateFile{State: s, Files: map[string]fileSum{}}
	for _, w := range words {
		maps.Copy(state.Files, w.Files)
	}
	if len(words) > 1 { // what the others wrote is seen here, and it is all
		f, err := OpenTensors(filepath.Join(dir, dividedFile("optimizer", 0, len(words))))
		if err != nil {
			return err
		}
		f.Close()
	}
	text, err := state.encode()
	if err != nil {
		return err
	}
	if err := writeText(d, filepath.Join(dir, stateName), text); err != nil {
		return err
	}
	return d.syncDir(dir)
}

// writeText writes a small file.
func writeText(d disk, path string, text []byte) error {
	return d.writeFile(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// summing counts and hashes what is written through it.
type summing struct {
	w io.Writer
	h hash.Hash
	n int64
}

func (s *summing) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.h.Write(b[:n])
	s.n += int64(n)
	return n, err
}

// asidePrefix marks a checkpoint that another of the same step is replacing. No system can rename a folder to
// the name of one that is not empty, so the old checkpoint has this name for a moment. A reader that finds it
// without its replacement takes it as the checkpoint, and the next save gives it its name back.
const asidePrefix = ".aside-"

// putInPlace renames the complete folder temp to root/name. A folder of that name is set aside first.
func putInPlace(d disk, temp, root, name string) error {
	final, aside := filepath.Join(root, name), filepath.Join(root, asidePrefix+name)
	if exists(final) {
		if err := d.rename(final, aside); err != nil {
			return err
		}
		if err := d.rename(temp, final); err != nil {
			d.rename(aside, final) // if this fails too, readers and the next save still find it
			return err
		}
	} else if err := d.rename(temp, final); err != nil {
		return err
	}
	return d.syncDir(root)
}
