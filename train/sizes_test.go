package train

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"goomtrain/models"
	"goomtrain/params"
)

// TestSizesReachTheModel: every flag of sizes arrives in the weights, stands in the run's file, and builds
// the same model from there.
func TestSizesReachTheModel(t *testing.T) {
	onText := []string{"-sample", "40", "-cache-dir", "off", "-data",
		writeFile(t, "text.txt", strings.Repeat("peter piper picked a peck of pickled peppers. ", 100))}
	for _, c := range []struct {
		name string
		args []string
		task []string
		want map[string][]int // shapes by parameter
	}{
		{"sizes", []string{"-model", "goom-rnn", "-d-emb", "12", "-layers", "3", "-heads", "2", "-d-head", "5", "-vocab", "300"}, onText,
			map[string][]int{"head": {300, 12}, "res_layers.2.ssm_over_gooms.init_states": {2, 5}}},
		{"values", []string{"-model", "log-attention", "-heads", "2", "-d-head", "5", "-d-value", "3"}, onText,
			map[string][]int{"layers.0.feedforward1.1.weight": {2 * (5 + 5 + 3), 64}}},
		{"positions and mlp", []string{"-model", "softmax-attention", "-positions", "learned", "-context", "31", "-mlp", "swiglu", "-d-mlp", "20"}, onText,
			map[string][]int{"position.weight": {31, 64}, "blocks.0.mlp.0.weight": {40, 64}, "blocks.0.mlp.2.weight": {64, 20}}},
		{"context of the data", []string{"-model", "taylor-attention", "-positions", "learned", "-mlp", "gelu"}, onText,
			map[string][]int{"position.weight": {24, 64}, "blocks.0.mlp.0.weight": {256, 64}}},
		{"context of the longest validation", []string{"-model", "softmax-attention", "-positions", "learned"}, []string{"-task", "parity"},
			map[string][]int{"position.weight": {96, 64}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"-preset", "nano", "-seq", "24", "-batch", "2", "-steps", "2", "-out", filepath.Join(t.TempDir(), "run")}
			cfg := parse(t, slices.Concat(args, c.task, c.args)...)
			result, err := Launch(context.Background(), cfg, &bytes.Buffer{})
			if err != nil {
				t.Fatal(err)
			}
			saved, err := models.Find(result.Dir)
			if err != nil {
				t.Fatal(err)
			}
			m, err := models.Load[float32](saved, false)
			if err != nil {
				t.Fatal(err)
			}
			for name, shape := range c.want {
				i := slices.IndexFunc(m.Params(), func(p *params.Param[float32]) bool { return p.Name == name })
				if i < 0 || !slices.Equal(m.Params()[i].Shape, shape) {
					t.Errorf("%s is not %v in %+v", name, shape, m.Config())
				}
			}
		})
	}
}
