package checkpoints

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"goomtrain/internal/regular"
)

// FormatVersion is the version of state.json that this program writes.
const FormatVersion = 2

// dividedVersion is the version of checkpoints whose optimizer state several processes have divided, and the newest that
// this program reads.
const dividedVersion = 3

// maxState is the largest size of state.json, which is read into memory. 64 MiB are far more than any data
// position needs.
const maxState = 64 << 20

// The files of a checkpoint folder.
const (
	modelFile     = "model.safetensors"
	optimizerFile = "optimizer.safetensors"
	stateName     = "state.json"
)

// A State is everything but tensors that the next training step depends on.
type State struct {
	FormatVersion int       `json:"format_version"` // set by Save
	Serial        int64     `json:"serial"`         // set by Save: 1, 2, 3, ... in the order of saving
	SavedAt       time.Time `json:"saved_at"`       // set by Save; informative only

	Progress

	// Ended is the evaluation that a session made of this step only because the session ended, when none was
	// due; nil: none. It can make this checkpoint the best one, but does not affect a run that continues.
	Ended *Best `json:"ended,omitempty"`

	Data            json.RawMessage `json:"data,omitempty"` // position of the data source: any JSON; Load returns it compacted
	DataFingerprint string          `json:"data_fingerprint"`
	DType           string          `json:"dtype"`            // float32 or float64
	Config          string          `json:"config,omitempty"` // the run's configuration, in TOML
}

// Progress is how far a run has come.
type Progress struct {
	Step           int64    `json:"step"`                // updates made, skipped ones included
	Tokens         int64    `json:"tokens"`              // counted tokens trained on
	ElapsedSeconds float64  `json:"elapsed_seconds"`     // of training, over all sessions
	Best           *Best    `json:"best,omitempty"`      // nil before the first finite evaluation
	Patience       int      `json:"patience"`            // evaluations since the best one
	Evaluated      bool     `json:"evaluated,omitempty"` // the evaluation of this step is in Best and Patience
	Skipped        int      `json:"skipped,omitempty"`   // steps skipped in a row, up to this one, because they were not finite
	Running        *Running `json:"running,omitempty"`   // nil: the run does not track it, or has made no finite step
}

// Running is the running mean of the training loss, and the length that is trained on.
type Running struct {
	Loss   float64 `json:"loss"`   // nats per counted token
	Length int     `json:"length"` // positions of the longest sequences
}

// Best is the best evaluation so far.
type Best struct {
	Metric string  `json:"metric"`
	Value  float64 `json:"value"`
	BPB    float64 `json:"bpb,omitempty"` // bits per byte of the same evaluation; 0: not known
	Step   int64   `json:"step"`
}

// best returns the best evaluation of the run up to this state, or nil.
func (s *State) best() *Best {
	if s.Ended != nil && (s.Best == nil || s.Ended.Value < s.Best.Value) {
		return s.Ended
	}
	return s.Best
}

// A stateFile is state.json. The checksum must remain its first field in every version.
type stateFile struct {
	SHA256 string `json:"sha256"`
	State
	Files map[string]fileSum `json:"files"`
}

// A fileSum is the size and checksum of a file of the checkpoint.
type fileSum struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

const (
	statePrefix = "{\n  \"sha256\": \""
	sumDigits   = 2 * sha256.Size
)

// encode returns the text of state.json, its own sum filled in.
func (s *stateFile) encode() ([]byte, error) {
	if math.IsNaN(s.ElapsedSeconds) || math.IsInf(s.ElapsedSeconds, 0) {
		return nil, fmt.Errorf("checkpoint state: elapsed seconds are %v", s.ElapsedSeconds)
	}
	for _, b := range []*Best{s.Best, s.Ended} {
		if b != nil && (math.IsNaN(b.Value) || math.IsInf(b.Value, 0)) {
			return nil, fmt.Errorf("checkpoint state: best %s is %v; leave it nil until an evaluation is finite", b.Metric, b.Value)
		}
	}
	if r := s.Running; r != nil && (math.IsNaN(r.Loss) || math.IsInf(r.Loss, 0)) {
		return nil, fmt.Errorf("checkpoint state: the running loss is %v; leave steps that are not finite out of it", r.Loss)
	}
	if len(s.Data) > 0 && !json.Valid(s.Data) {
		return nil, fmt.Errorf("checkpoint state: data is not JSON: %s", quote(string(s.Data)))
	}
	s.SHA256 = strings.Repeat("0", sumDigits)
	var b bytes.Buffer
	text := json.NewEncoder(&b)
	text.SetEscapeHTML(false)
	text.SetIndent("", "  ")
	if err := text.Encode(s); err != nil {
		return nil, fmt.Errorf("checkpoint state: %w", err)
	}
	if b.Len() > maxState {
		return nil, fmt.Errorf("checkpoint state has %d bytes; at most %d are read back", b.Len(), maxState)
	}
	out := b.Bytes()
	sum := sha256.Sum256(out)
	hex.Encode(out[len(statePrefix):], sum[:])
	return out, nil
}

// decodeState reads the text of state.json; file stands for it in errors.
func decodeState(text []byte, file string) (*stateFile, error) {
	corrupt := func(format string, args ...any) error {
		return &fileError{file: file, reason: fmt.Sprintf(format, args...), remedy: remedyOther, kind: ErrCorrupt}
	}
	hasSum := bytes.HasPrefix(text, []byte(statePrefix)) && len(text) >= len(statePrefix)+sumDigits
	sound := hasSum && sumMatches(text)
	var version struct {
		FormatVersion int `json:"format_version"`
	}
	err := json.Unmarshal(text, &version)
	if err == nil && version.FormatVersion > dividedVersion && (sound || !hasSum) {
		return nil, &fileError{file: file, reason: fmt.Sprintf("its format_version is %d and this program knows versions up to %d", version.FormatVersion, dividedVersion),
			remedy: "update the program, or name an older checkpoint", kind: ErrNewerFormat}
	}
	if !sound {
		return nil, corrupt("it does not match its checksum: it is incomplete, damaged or was edited")
	}
	s := new(stateFile)
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err == nil && s.FormatVersion == 1 {
		err = s.readVersion1(text)
	}
	if err != nil {
		return nil, corrupt("cannot be parsed: %v", err)
	}
	if s.FormatVersion < 1 || s.Step < 0 {
		return nil, corrupt("format_version %d and step %d are impossible", s.FormatVersion, s.Step)
	}
	for _, name := range s.names() {
		if _, ok := s.Files[name]; !ok {
			return nil, corrupt("it has no checksum of %s", name)
		}
	}
	var b bytes.Buffer
	if s.Data != nil && json.Compact(&b, s.Data) == nil {
		s.Data = b.Bytes()
	}
	return s, nil
}

// readVersion1 reads what version 1 kept in a field of its own.
func (s *stateFile) readVersion1(text []byte) error {
	var old struct {
		Extra struct {
			Config    string  `json:"config"`
			Evaluated bool    `json:"evaluated"`
			Nonfinite int     `json:"nonfinite"`
			BestBPB   float64 `json:"best_bpb"`
		} `json:"extra"`
	}
	if err := json.Unmarshal(text, &old); err != nil {
		return err
	}
	s.Config, s.Evaluated, s.Skipped = old.Extra.Config, old.Extra.Evaluated, old.Extra.Nonfinite
	if s.Best != nil {
		s.Best.BPB = old.Extra.BestBPB
	}
	return nil
}

const remedyOther = "name the run folder, which takes the newest intact checkpoint, or another checkpoint"

// sumMatches reports whether the checksum at the beginning of text matches the rest.
func sumMatches(text []byte) bool {
	want := text[len(statePrefix) : len(statePrefix)+sumDigits]
	h := sha256.New()
	h.Write([]byte(statePrefix))
	h.Write(bytes.Repeat([]byte{'0'}, sumDigits))
	h.Write(text[len(statePrefix)+sumDigits:])
	return hex.EncodeToString(h.Sum(nil)) == string(want)
}

// readState reads and checks the state.json of a checkpoint folder, and the sizes of the files that it lists.
// verify checks their content.
func readState(dir string) (*stateFile, error) {
	path := filepath.Join(dir, stateName)
	corrupt := func(path, reason string) error {
		return &fileError{file: path, reason: reason, remedy: remedyOther, kind: ErrCorrupt}
	}
	f, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, corrupt(dir, "it has no "+stateName+": the checkpoint is incomplete")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read: %w", path, err)
	}
	if len(text) > maxState {
		return nil, corrupt(path, fmt.Sprintf("it has more than %d bytes", maxState))
	}
	s, err := decodeState(text, path)
	if err != nil {
		return nil, err
	}
	for _, name := range s.names() {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, corrupt(path, "the file is missing")
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular():
			return nil, corrupt(path, "it is not a file")
		case info.Size() != s.Files[name].Bytes:
			return nil, corrupt(path, fmt.Sprintf("it has %d bytes but was saved with %d", info.Size(), s.Files[name].Bytes))
		}
	}
	return s, nil
}

// names lists the files of tensors: the weights, then the optimizer state, which several processes may have divided.
func (s *stateFile) names() []string {
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		match := dividedName.FindStringSubmatch(name)
		if match == nil || match[1] != "optimizer" || s.FormatVersion < dividedVersion {
			continue
		}
		count, _ := strconv.Atoi(match[3]) // five digits
		if count < 1 || count > maxShards {
			continue
		}
		names := []string{modelFile}
		for i := range count {
			names = append(names, dividedFile("optimizer", i, count))
		}
		return names
	}
	return []string{modelFile, optimizerFile}
}

// verify checks the content of one file of a checkpoint folder against its checksum.
func (s *stateFile) verify(dir, name string) error {
	path := filepath.Join(dir, name)
	sum, err := sumOf(path)
	if err != nil {
		return err
	}
	if sum != s.Files[name] {
		return &fileError{file: path, reason: "its content does not match the checksum in " + stateName + ": it is damaged", remedy: remedyOther, kind: ErrCorrupt}
	}
	return nil
}

// sumOf reads a file and returns its size and checksum.
func sumOf(path string) (fileSum, error) {
	f, err := regular.Open(path)
	if err != nil {
		return fileSum{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, bufferLength))
	if err != nil {
		return fileSum{}, fmt.Errorf("%s: cannot read: %w", path, err)
	}
	return fileSum{n, hex.EncodeToString(h.Sum(nil))}, nil
}
