package data

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"goomtrain/rng"
)

// TestMicroBatches: how many sequences a batch has does not change them.
func TestMicroBatches(t *testing.T) {
	for _, cfg := range configs(t) {
		whole, parts := sources(t, open(t, cfg, 1)), sources(t, open(t, cfg, 1))
		for name := range whole {
			want, row := next(t, whole[name], 8), 0
			for _, size := range []int{1, 4, 3} {
				got := Batch{Size: size}
				if err := parts[name].Next(&got); err == io.EOF && name != "train" && slices.Max(want.Targets[row*want.Len:]) < 0 {
					break // the set has ended, and the rest of the large batch does not count
				} else if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got.Inputs, want.Inputs[row*want.Len:(row+size)*want.Len]) || !slices.Equal(got.Targets, want.Targets[row*want.Len:(row+size)*want.Len]) {
					t.Errorf("%s/%s: sequences %d to %d differ", cfg.Name, name, row, row+size)
				}
				row += size
			}
		}
	}
}

// TestRestore: a restored source draws what the saved one does, at the start, in the middle and around the
// end of a round of all images; and restoring an old state goes back.
func TestRestore(t *testing.T) {
	for _, cfg := range configs(t) {
		d, again := open(t, cfg, 7), open(t, cfg, 7)
		others := sources(t, again)
		for name, s := range sources(t, d) {
			for range 16 {
				state, err := s.State()
				if err != nil || !json.Valid(state) {
					t.Fatalf("%s/%s: state %s, %v", d.Name, name, state, err)
				}
				var want, got, back Batch
				want.Size, got.Size, back.Size = 3, 3, 3
				wantErr := s.Next(&want)
				if err := others[name].Restore(state); err != nil {
					t.Fatal(err)
				}
				gotErr := others[name].Next(&got)
				if err := s.Restore(state); err != nil {
					t.Fatal(err)
				}
				if err := s.Next(&back); err != wantErr || gotErr != wantErr || err == nil && (!equal(got, want) || !equal(back, want)) {
					t.Fatalf("%s/%s: restored from %s it goes on otherwise (%v, %v, %v)", d.Name, name, state, wantErr, gotErr, err)
				}
			}
		}
	}
}

// TestRestoreRefuses damaged and foreign states, and then goes on as if nothing had been asked.
func TestRestoreRefuses(t *testing.T) {
	all := configs(t)
	for _, cfg := range all {
		d := open(t, cfg, 7)
		for name, s := range sources(t, d) {
			next(t, s, 2)
			state, err := s.State()
			if err != nil {
				t.Fatal(err)
			}
			bad := map[string]string{"empty": "", "null": "null", "text": "x", "trailing": string(state) + "{}", "cut": string(state[:len(state)-1]), "list": "[]"}
			for field, value := range map[string]string{"source": `"x/train"`, "seq": "3", "data": `"0"`, "next": "-1", "rng": `{"seed":7,"stream":"other","counter":1}`} {
				var fields map[string]json.RawMessage
				if err := json.Unmarshal(state, &fields); err != nil {
					t.Fatal(err)
				}
				if field == "next" && fields["rng"] != nil && d.Name == "text" {
					continue // a random window has no use for the number
				}
				fields[field] = json.RawMessage(value)
				text, err := json.Marshal(fields)
				if err != nil {
					t.Fatal(err)
				}
				bad[field] = string(text)
				fields["unknown"] = json.RawMessage("1")
				delete(fields, field)
				if text, err = json.Marshal(fields); err != nil {
					t.Fatal(err)
				}
				bad["unknown, without "+field] = string(text)
				delete(fields, "unknown")
				if text, err = json.Marshal(fields); err != nil {
					t.Fatal(err)
				}
				if needs := map[string]bool{"source": true, "seq": true, "data": true, "rng": strings.Contains(string(state), `"rng"`)}; needs[field] {
					bad["without "+field] = string(text)
				}
			}
			bad["far"] = strings.Replace(string(state), `"next":`, `"next":9999999`, 1)
			if d.Name == "text" && name == "train" || cfg.Name != "text" && !strings.HasPrefix(cfg.Name, "image") && name == "train" {
				delete(bad, "far") // without end
			}
			for what, text := range bad {
				if err := s.Restore([]byte(text)); err == nil || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s/%s: %s state %s: error %v", d.Name, name, what, text, err)
				}
			}
			if after, err := s.State(); err != nil || string(after) != string(state) {
				t.Errorf("%s/%s: refusing moved it from %s to %s", d.Name, name, state, after)
			}
		}
	}
	state, err := open(t, all[0], 7).Train.State()
	if err != nil {
		t.Fatal(err)
	}
	for want, other := range map[string]*Dataset{
		"resume with the same seed":             open(t, all[0], 8),
		"of length 16":                          open(t, Config{Name: "text", Seq: 17, Task: all[0].Task}, 7),
		"the data or its settings have changed": open(t, Config{Name: "text", Seq: 16, Task: all[2].Task}, 7),
		`is of source "text/train"`:             open(t, Config{Name: "parity"}, 7),
	} {
		if err := other.Train.Restore(state); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func FuzzRestore(f *testing.F) {
	var all []Source
	for _, cfg := range configs(f) {
		for _, s := range sources(f, open(f, cfg, 1)) {
			state, err := s.State()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(state)
			f.Add([]byte(strings.Replace(string(state), `"next":0`, `"next":1`, 1)))
			all = append(all, s)
		}
	}
	f.Add([]byte(`{"rng":{}}`))
	f.Fuzz(func(t *testing.T, state []byte) {
		for _, s := range all {
			if s.Restore(state) != nil {
				continue
			}
			b := Batch{Size: 2}
			if err := s.Next(&b); err != nil && err != io.EOF {
				t.Errorf("after %q: %v", state, err)
			}
		}
	})
}

// TestSeed: one seed decides everything, and two seeds share nothing.
func TestSeed(t *testing.T) {
	for _, cfg := range configs(t) {
		same, twin, other := open(t, cfg, 1), open(t, cfg, 1), open(t, cfg, 2)
		a, b, c := next(t, same.Train, 8), next(t, twin.Train, 8), next(t, other.Train, 8)
		if !equal(a, b) {
			t.Errorf("%s: the same seed gives other batches", cfg.Name)
		}
		if equal(a, c) {
			t.Errorf("%s: another seed gives the same batch", cfg.Name)
		}
	}
}

// TestSpread: every number once, and any first n of them leave no gap of more than four times count/n:
// the first 2^k reversed numbers are 2^-k of the next power of two apart, which is below twice the count,
// and n is at most twice 2^k.
func TestSpread(t *testing.T) {
	for _, count := range []int{0, 1, 2, 3, 7, 8, 9, 100, 1000, 1025} {
		s := spread{count: count}
		var got []int
		for i, ok := s.step(); ok; i, ok = s.step() {
			got = append(got, i)
			sorted := slices.Sorted(slices.Values(append([]int{-1, count}, got...)))
			for j := range sorted[1:] {
				if gap := sorted[j+1] - sorted[j]; gap > 4*count/len(got)+1 {
					t.Fatalf("count %d: the first %d leave a gap of %d", count, len(got), gap)
				}
			}
		}
		if slices.Sort(got); len(got) != count || len(slices.Compact(got)) != count || count > 0 && got[count-1] != count-1 {
			t.Errorf("count %d: %d numbers", count, len(got))
		}
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	for _, cfg := range configs(t) {
		for name, s := range sources(t, open(t, cfg, 1)) {
			b := Batch{Size: 4}
			if n := testing.AllocsPerRun(30, func() { s.Next(&b) }); n != 0 {
				t.Errorf("%s/%s: %g allocations", cfg.Name, name, n)
			}
		}
	}
}

func TestNextNeedsASize(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "at least 1, got 0") {
			t.Errorf("recovered %v", r)
		}
	}()
	open(t, Config{Name: "parity"}, 1).Train.Next(&Batch{})
}

// TestStreamsOfRandomNumbers: training and validation of a generated task do not draw the same sequences.
func TestStreamsOfRandomNumbers(t *testing.T) {
	d := open(t, Config{Name: "s5"}, 1)
	v, err := d.Valid[0].Source()
	if err != nil {
		t.Fatal(err)
	}
	a, b := next(t, d.Train, 64), next(t, v, 64)
	same := 0
	for i := range a.Inputs {
		if a.Inputs[i] == b.Inputs[i] {
			same++
		}
	}
	// 4096 pairs of permutations, one in 120 equal by chance: 34, standard deviation 5.8.
	if same > 75 {
		t.Errorf("%d of %d inputs are the same", same, len(a.Inputs))
	}
	if rng.New(1, "data/train").Uint64() == rng.New(1, "data/valid").Uint64() {
		t.Error("both streams begin alike")
	}
}

func BenchmarkNext(b *testing.B) {
	for _, cfg := range configs(b) {
		name := cfg.Name
		if text, ok := cfg.Task.(*Text); ok && text.Tokenizer != "" {
			name += "-" + text.Tokenizer
		}
		b.Run(name, func(b *testing.B) {
			d := open(b, cfg, 1)
			batch := Batch{Size: 32}
			for b.Loop() {
				if err := d.Train.Next(&batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*batch.Size*batch.Len)/b.Elapsed().Seconds()/1e6, "Mtokens/s")
			b.ReportAllocs()
		})
	}
}
