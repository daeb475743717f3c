package train

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"goomtrain/params"
)

// TestFreezePatterns: * stands for any text, dots too; all other characters stand for themselves.
func TestFreezePatterns(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{"a.0.w", "a.0.w"}, {"a.*", "a.0.w a.1.w a.10.b"}, {"*.w", "a.0.w a.1.w"}, {"*1*", "a.1.w a.10.b"},
		{" a.1.* , b", "a.1.w b"}, {"*.?.w", ""}, {"a", ""}, {"a.0.w.*", ""}, {"A.0.w", ""}, {"a.*,x*", ""}, {"*", ""}, {"a.*,b", ""},
	} {
		var ps []*params.Param[float32]
		for _, name := range []string{"a.0.w", "a.1.w", "a.10.b", "b"} {
			ps = append(ps, params.New[float32](name, params.Matrix, 1))
		}
		patterns, err := (&Loop{Freeze: c.pattern}).patterns()
		if err == nil {
			err = freeze(ps, patterns)
		}
		var frozen []string
		for _, p := range ps {
			if p.Frozen {
				frozen = append(frozen, p.Name)
			}
		}
		if got := strings.Join(frozen, " "); (err == nil) != (c.want != "") || err == nil && got != c.want {
			t.Errorf("%q froze %q, error %v, want %q", c.pattern, got, err, c.want)
		}
	}
}

// TestFrozenNorm: the gradient of a frozen parameter, which this model computes, counts neither for clipping nor as
// one that is not finite.
func TestFrozenNorm(t *testing.T) {
	dataset, cfg := corpus(t)
	cfg.Freeze, cfg.Steps = "table", 2
	model := newBigram[float32](256, 1)
	model.onStep = func(int) { model.table.Grad[0] = float32(math.NaN()) }
	if _, console, err := runBigram(t, context.Background(), cfg, dataset, model); err != nil || !strings.Contains(console, "65,536 are frozen") {
		t.Errorf("error %v, console\n%s", err, console)
	}
}

// TestFreezeEnds: after a run the parameters are as frozen as before it.
func TestFreezeEnds(t *testing.T) {
	dataset, cfg := corpus(t)
	cfg.Freeze, cfg.Steps = "table", 1
	model := newBigram[float32](256, 1)
	during := false
	model.onStep = func(int) { during = model.table.Frozen }
	for _, c := range []struct{ freeze, frozen string }{{"table", ""}, {"bias", "table"}} {
		cfg.Freeze, cfg.Out = c.freeze, filepath.Join(t.TempDir(), "run")
		model.table.Frozen = c.frozen == "table"
		_, _, err := runBigram(t, context.Background(), cfg, dataset, model)
		if all := c.frozen != ""; (err == nil) == all || model.bias.Frozen || model.table.Frozen != all || !during {
			t.Errorf("-freeze %s: error %v, the table is frozen: %t, in the run %t, the bias: %t", c.freeze, err, model.table.Frozen, during, model.bias.Frozen)
		}
	}
}

// TestFrozenTable: frozen parameters have rows of their own, which name the blocks.
func TestFrozenTable(t *testing.T) {
	var ps []*params.Param[float32]
	for _, name := range []string{"l.0.w", "l.1.w", "l.2.w", "l.3.w", "l.4.w"} {
		ps = append(ps, params.New[float32](name, params.Matrix, 1))
	}
	ps[3].Frozen = true
	var out bytes.Buffer
	if err := WriteParameters(&out, ps, func(*params.Param[float32]) string { return "lion" }); err != nil {
		t.Fatal(err)
	}
	want := `parameter      shape  count  group   rule
l.{0..2,4}.w  1      4 x 1  decays  lion
l.3.w         1      1      frozen  -
total 5 parameters: 4 decay, 0 do not, 1 are frozen
`
	if got := out.String(); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("table\n%s\nwant\n%s", got, want)
	}
}
