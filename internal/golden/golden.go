package golden

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"testing"

	"goomtrain/internal/simd"
)

// A Tensor is a flat row-major array with its shape; a scalar has an empty shape and one number.
type Tensor struct {
	Shape []int
	Data  []float64
}

// Float32 returns the data rounded to float32.
func (t Tensor) Float32() []float32 { return Convert[float32](t) }

// Convert returns a copy of the data as F.
func Convert[F simd.Float](t Tensor) []F {
	out := make([]F, len(t.Data))
	for i, v := range t.Data {
		out[i] = F(v)
	}
	return out
}

// Ints returns the data as integers (labels, tokens, indices). It panics if a number is not an integer.
func (t Tensor) Ints() []int {
	out := make([]int, len(t.Data))
	for i, v := range t.Data {
		out[i] = int(v)
		if float64(out[i]) != v {
			panic(fmt.Sprintf("golden: element %d is %v, want an integer", i, v))
		}
	}
	return out
}

// UnmarshalJSON reads {shape, data} and checks that the two agree.
func (t *Tensor) UnmarshalJSON(b []byte) error {
	var raw struct {
		Shape []int    `json:"shape"`
		Data  []number `json:"data"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	n := 1
	for _, d := range raw.Shape {
		if d < 0 {
			return fmt.Errorf("golden: negative dimension in shape %v", raw.Shape)
		}
		n *= d
	}
	if n != len(raw.Data) {
		return fmt.Errorf("golden: %d numbers for shape %v", len(raw.Data), raw.Shape)
	}
	t.Shape, t.Data = raw.Shape, make([]float64, n)
	for i, v := range raw.Data {
		t.Data[i] = float64(v)
	}
	return nil
}

// number is a float64 that may be written as the string inf, -inf or nan, or as a boolean.
type number float64

func (x *number) UnmarshalJSON(b []byte) error {
	switch s := string(b); s {
	case "true":
		*x = 1
	case "false":
		*x = 0
	default:
		if len(s) > 1 && s[0] == '"' {
			s = s[1 : len(s)-1]
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fmt.Errorf("golden: %s is no number", b)
		}
		*x = number(v)
	}
	return nil
}

// A Case is one test vector.
type Case struct {
	File        string // base name of the file it comes from
	Op          string
	Name        string
	Status      string         // of the outputs: normative or informative
	GradsStatus string         // of the gradients; empty when there are none
	Seed        uint64         // of generated inputs; 0 if the file gives none
	Params      map[string]any // as JSON gives them; see Int, Float, String, Bool, Floats

	tensors map[string]map[string]Tensor // kind -> name -> tensor
}

// Load returns the cases of an operation: those of testdata/golden in the folder of the package under
// test and those of $GOLDEN_DIR. A file that cannot be read fails the test.
func Load(t testing.TB, op string) []Case {
	t.Helper()
	dirs := []string{filepath.Join("testdata", "golden")}
	if d := os.Getenv("GOLDEN_DIR"); d != "" {
		dirs = append(dirs, d)
	}
	var out []Case
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatalf("golden: %v", err)
		}
		sort.Strings(files)
		for _, f := range files {
			cases, err := readFile(f, op)
			if err != nil {
				t.Fatalf("golden: %s: %v", f, err)
			}
			out = append(out, cases...)
		}
	}
	return out
}

// readFile returns the file's cases if it is of that operation, else none.
func readFile(path, op string) ([]Case, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var head struct {
		Op string `json:"op"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, err
	}
	if head.Op != op {
		return nil, nil
	}
	var file struct {
		Cases []map[string]json.RawMessage `json:"cases"`
	}
	if err := json.Unmarshal(b, &file); err != nil {
		return nil, err
	}
	out := make([]Case, 0, len(file.Cases))
	for i, raw := range file.Cases {
		c, err := readCase(raw)
		if err != nil {
			return nil, fmt.Errorf("case %d (%s): %w", i, c.Name, err)
		}
		c.File, c.Op = filepath.Base(path), op
		out = append(out, c)
	}
	return out, nil
}

// readCase reads one case. Every field that is an object of tensors becomes a kind, so a file may have more
// kinds than this package knows.
func readCase(raw map[string]json.RawMessage) (Case, error) {
	c := Case{tensors: map[string]map[string]Tensor{}}
	for key, b := range raw {
		var err error
		switch key {
		case "name":
			err = json.Unmarshal(b, &c.Name)
		case "status":
			err = json.Unmarshal(b, &c.Status)
		case "grads_status":
			err = json.Unmarshal(b, &c.GradsStatus) // null leaves it empty
		case "seed":
			err = json.Unmarshal(b, &c.Seed)
		case "params":
			err = json.Unmarshal(b, &c.Params)
		case "inputs", "outputs", "cotangents", "grads", "exact", "exact_grads":
			var ts map[string]Tensor
			err = json.Unmarshal(b, &ts)
			c.tensors[key] = ts
		case "ref_err", "comment":
		default:
			var ts map[string]Tensor
			if json.Unmarshal(b, &ts) == nil {
				c.tensors[key] = ts
			}
		}
		if err != nil {
			return c, fmt.Errorf("%s: %w", key, err)
		}
	}
	return c, nil
}

// Has reports whether the case has a tensor of that kind and name.
func (c Case) Has(kind, name string) bool {
	_, ok := c.tensors[kind][name]
	return ok
}

// Tensor returns a tensor by kind (inputs, outputs, cotangents, grads, exact, exact_grads) and name.
// It panics when there is none.
func (c Case) Tensor(kind, name string) Tensor {
	v, ok := c.tensors[kind][name]
	if !ok {
		panic(fmt.Sprintf("golden: %s/%s has no %s %q, only %v", c.File, c.Name, kind, name, c.Names(kind)))
	}
	return v
}

// Input returns an input by name.
func (c Case) Input(name string) Tensor { return c.Tensor("inputs", name) }

// Cotangent returns the upstream gradient of an output.
func (c Case) Cotangent(name string) Tensor { return c.Tensor("cotangents", name) }

// Names lists the tensors of a kind in alphabetical order.
func (c Case) Names(kind string) []string {
	var out []string
	for n := range c.tensors[kind] {
		out = append(out, n)
	}
	sort.Strings(out)
	return out
}

// Want returns the required value of an output: the exact one if present, otherwise that of the reference if it
// is normative. ok is false if no value is required.
func (c Case) Want(name string) (want Tensor, ok bool) {
	return c.binding("exact", "outputs", name, c.Status)
}

// WantGrad is Want for the gradient with respect to an input.
func (c Case) WantGrad(name string) (want Tensor, ok bool) {
	return c.binding("exact_grads", "grads", name, c.GradsStatus)
}

func (c Case) binding(exact, reference, name, status string) (Tensor, bool) {
	if c.Has(exact, name) {
		return c.Tensor(exact, name), true
	}
	if status == "normative" && c.Has(reference, name) {
		return c.Tensor(reference, name), true
	}
	return Tensor{}, false
}

// Float returns a number among the parameters, or def when it is absent or null.
func (c Case) Float(name string, def float64) float64 {
	switch v := c.Params[name].(type) {
	case nil:
		return def
	case float64:
		return v
	case string:
		x, err := strconv.ParseFloat(v, 64)
		if err == nil {
			return x
		}
	}
	panic(fmt.Sprintf("golden: %s/%s: parameter %s is %v, want a number", c.File, c.Name, name, c.Params[name]))
}

// Int returns an integer among the parameters, or def when it is absent or null.
func (c Case) Int(name string, def int) int {
	v := c.Float(name, float64(def))
	if v != math.Trunc(v) {
		panic(fmt.Sprintf("golden: %s/%s: parameter %s is %v, want an integer", c.File, c.Name, name, v))
	}
	return int(v)
}

// String returns a text among the parameters, or def when it is absent or null.
func (c Case) String(name, def string) string {
	switch v := c.Params[name].(type) {
	case nil:
		return def
	case string:
		return v
	}
	panic(fmt.Sprintf("golden: %s/%s: parameter %s is %v, want a text", c.File, c.Name, name, c.Params[name]))
}

// Bool returns a boolean among the parameters (1 counts as true), or def when it is absent or null.
func (c Case) Bool(name string, def bool) bool {
	switch v := c.Params[name].(type) {
	case nil:
		return def
	case bool:
		return v
	case float64:
		return v != 0
	}
	panic(fmt.Sprintf("golden: %s/%s: parameter %s is %v, want a boolean", c.File, c.Name, name, c.Params[name]))
}

// Floats returns a list of numbers among the parameters; nil when it is absent or null.
func (c Case) Floats(name string) []float64 {
	list, ok := c.Params[name].([]any)
	if !ok {
		if c.Params[name] == nil {
			return nil
		}
		return []float64{c.Float(name, 0)}
	}
	out := make([]float64, len(list))
	for i, v := range list {
		x, ok := v.(float64)
		if !ok {
			panic(fmt.Sprintf("golden: %s/%s: parameter %s[%d] is %v, want a number", c.File, c.Name, name, i, v))
		}
		out[i] = x
	}
	return out
}
