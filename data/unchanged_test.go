package data

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"goomtrain/data/tasks"
)

// contents is the SHA-256 of the first batches of a dataset's sources and of their states, which hold the
// fingerprint. Where earlier versions had another one, the states are theirs, and must be restored.
func contents(t *testing.T, d *Dataset) string {
	hash := sha256.New()
	all := sources(t, d)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for range 3 {
			b := Batch{Size: 3}
			if err := all[name].Next(&b); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			state, err := all[name].State()
			if err != nil {
				t.Fatal(err)
			}
			if d.Earlier != "" {
				state = bytes.ReplaceAll(state, []byte(d.Fingerprint), []byte(d.Earlier))
				if err := all[name].Restore(state); err != nil {
					t.Errorf("a state of earlier versions: %v", err)
				}
			}
			fmt.Fprintf(hash, "%s %d %d %v %v %g %s\n", name, b.Size, b.Len, b.Inputs, b.Targets, b.Bytes, state)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// TestSequencesUnchanged holds sequences, fingerprints and states to those of earlier versions, so that their
// run folders can be resumed. Sequences that change on purpose need another fingerprint.
func TestSequencesUnchanged(t *testing.T) {
	text, images := textFolder(t), idxFolder(t, false)
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Name: "text", Seq: 16, Task: &Text{Data: text}}, "64919d9ea85cee02facc82ba51a0bcda94023f9fd7e20d55431728fc532b183d"},
		{Config{Name: "text", Seq: 16, Task: &Text{Data: text, Tokenizer: "gpt2", ValidFraction: 0.3}}, "e3ab310814bc87d9abc5c130ed19c3b06de64255ca9f5ac929019356c8140eb9"},
		{Config{Name: "text", Seq: 8, Task: &Text{Data: filepath.Join(text, "AA.txt")}}, "f3195aa090427967fcca9b943e59de952d234a90a8f47572b3f51d9735ee3476"},
		{Config{Name: "copy"}, "931ab5027440af6bd84a3ac9dab378dd5f303646310d17bd91e8b2bb8f7eb944"},
		{of("copy", &tasks.Copy{Delay: 5, Symbols: 3}), "db0d45fc985d6cceedf8ec97acedcab499a46923836edf9c43fc815e533e0a52"},
		{Config{Name: "copy", Seq: 40, Task: Synthetic("copy", &tasks.Copy{Symbols: 5, Alphabet: 20})}, "99e8bcf84d15c26211d57400ee9478841f7376791473fdae959acdbcd268c374"},
		{Config{Name: "selective-copy", Seq: 30}, "75dd1b96e60739f011aa5f28d4a927dd7cc5426d4ccd4d35514ffed9dd26e55f"},
		{Config{Name: "parity"}, "a3f3e7ab08be036513e0cdad079c4c38da15d2e2f8830d101df91459575c644c"},
		{Config{Name: "modular"}, "7cddefd5a2ea6afe49fd05b755e0d65a7385bdec5d2659bcdc4c1875fb3432ca"},
		{of("modular", &tasks.Modular{Modulus: 97}), "384968b605449200c56e48421a6e41fa93bf6435f549a1168d0a7a4360b9e772"},
		{Config{Name: "s3", Seq: 7}, "4b7b8bacccf073318a6ea1d1691ea0c970b3da0b5b081bc71ffc04a0ffee33b6"},
		{Config{Name: "s5"}, "e3d62725d2026cea2f9d7e65755cec39d124796145afd1d3def7b399bd2d39b4"},
		{Config{Name: "recall"}, "dd20d6e54420159051f92a6b9bb2da0fa196def69f937f6c55bc9d55ecf8327d"},
		{Config{Name: "recall", Seq: 100, Task: Synthetic("recall", &tasks.Recall{Symbols: 1, Alphabet: 100})}, "09f32f6467b7dd46e3e8e0161e26285cbc993b58c087f490381ce45f73fa4cfe"},
		{Config{Name: "parity", MinSeq: 2, Seq: 32}, "00d401ab6b9febbda9d5a49e848fabf4f2b447ec4fc67b26c39bfc10b70219c0"},
		{of("parity", &tasks.Parity{Answer: "end"}), "e06344c3608d4c9fa03535b544263012dd97214e486399bb6386808b0456b305"},
		{of("copy", &tasks.Copy{MinDelay: 1, Delay: 50}), "b88898ab0eac960f9643917cd4c8a4abe1e08eed47da60d645c8b580aae03eb9"},
		{Config{Name: "group"}, "388007401b5456917fb96ac4095ff33f93f69dd1ef16bcacb3d18b5789c49c7b"},
		{of("group", &tasks.Group{Name: "a4xz5", PerElement: 2}), "ac1bbd483bf00f609982837b297e1479d811cd44a8ec3a50cdd29c8722826d6b"},
		{of("group", &tasks.Group{Generators: "swaps", PerElement: 4}), "f90504ecf27d8edef6f4f3dd6e165a781a0c08d4fc5904c54aaadbb75cbf9809"},
		{Config{Name: "arithmetic", MinSeq: 3, Seq: 40}, "42f681016d94e0362eef452d6ccc55e8620692e77745300b3db63eb8204d35d9"},
		{Config{Name: "arithmetic-brackets", MinSeq: 3, Seq: 40}, "9193d403186bdb47bb955c46bfc2a9f34080febd3c6df20ebfd1273c394a8e10"},
		{Config{Name: "mqar"}, "20bc1009a92a6e308d5680af5eeca6e613c82e6da2e249f39b4b2b7033f80253"},
		{of("mqar", &tasks.MQAR{Pairs: 8, Alphabet: 64, Filler: "zero"}), "8e5575663c897cff5fc778552f876995ef02914a3ba09e07af34c3e0070819f0"},
		{Config{Name: "dyck"}, "8aa3687dd36e375df8157ad4439528db8e48b391666e370168752880969d1a67"},
		{Config{Name: "sort"}, "e76a1738b213a8d07d00020fa51ea24f930e67ae9eefa145bd94525275ef6cf1"},
		{Config{Name: "images", Task: &Images{Data: images}}, "3837e13cce6c30fdb64ec3668458ce4f2c861b779ef19894b24b618eb6d4f0c8"},
		{Config{Name: "image-pixels", Task: &ImagePixels{Data: images}}, "d871c9554d3e9e551fbbcfa1beb32a1fce5881ce8c985bef5cfc4856210a1e40"},
	} {
		if got := contents(t, open(t, c.cfg, 42)); got != c.want {
			t.Errorf("%s %+v: the SHA-256 is %s, want %s", c.cfg.Name, c.cfg.Task, got, c.want)
		}
	}
}
