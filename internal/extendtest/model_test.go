package extendtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/layers"
	"goomtrain/models"
	"goomtrain/params"
	"goomtrain/sampling"
	"goomtrain/settings"
)

// slim is the sizes of a model of another module: one block of that width, cut into groups.
type slim struct {
	models.Common
	Width, Groups int
}

func (c *slim) Settings() settings.Table {
	return settings.Table{
		{Name: "slim-width", Help: "width of all activations", Value: &c.Width, Rule: settings.Between(1, 512), ZeroKeeps: true},
		{Name: "slim-groups", Help: "hidden vectors", Value: &c.Groups, Rule: settings.AtLeast(1)},
	}
}

func (c *slim) Validate() error {
	if c.Width%c.Groups != 0 {
		return fmt.Errorf("-slim-groups %d does not divide -slim-width %d", c.Groups, c.Width)
	}
	return nil
}

type slimNetwork[F params.Float] struct {
	embed *layers.Embedding[F]
	block models.Block[F]
}

func newSlim[F params.Float](s params.Set[F], c slim) models.Network[F] {
	return &slimNetwork[F]{
		embed: layers.NewEmbedding(s, "embed", c.Vocab, c.Width),
		block: models.NewRecurrentBlock(s.Sub("block"), c.Width, c.Dropout, func(s params.Set[F]) layers.Mixer[F] {
			return layers.NewGOOMSSM(s.Sub("mixer"), c.Width, 2*c.Width, c.Groups, c.Width/c.Groups)
		}),
	}
}

func (n *slimNetwork[F]) Head() *layers.Embedding[F] { return n.embed }

func (n *slimNetwork[F]) Hidden(g *layers.Graph[F], tokens *G.Node) *G.Node {
	return n.block.Forward(g, n.embed.Forward(g, tokens))
}

func init() {
	models.Register(models.Architecture[slim]{
		Name:  "slim",
		About: "one block of a recurrence",
		Presets: []models.Preset[slim]{{Name: "nano", Sizes: slim{Width: 16, Groups: 2}, Why: "tests",
			Training: []settings.Pair{{Name: "lr", Text: "0.02"}}}},
		Float32: newSlim[float32],
		Float64: newSlim[float64],
	})
}

// TestModel: a model of another module has flags with rules and an owner, stands in the help and in config.toml,
// resumes exactly and with its own sizes alone, and generates.
func TestModel(t *testing.T) {
	text := writeText(t)
	flags := append(text, "-model", "slim", "-slim-width", "24", "-dropout", "0.1", "-micro-batch", "2")
	helpHas(t, "model", "goom-rnn", "slim")
	helpHas(t, "slim-width", "width of all activations", "(slim)", "(16)")
	refused(t, "-slim-width: model hybrid has no such setting, only slim: leave it out", "-slim-width", "24")
	refused(t, "-slim-width 1000: must be 1 to 512", "-model", "slim", "-slim-width", "1000")
	refused(t, "-slim-groups 5 does not divide -slim-width 16", "-model", "slim", "-slim-groups", "5")
	refused(t, "-heads: model slim has no such setting", "-model", "slim", "-heads", "2")

	dir, console := sameAt40(t, flags...)
	for _, want := range []string{"slim, preset nano: slim-width 24, slim-groups 2, vocab 256", "block.mixer.A", "12 x 12", "sample:",
		"mine -resume " + dir + " -steps 80", "mine -from " + dir} {
		if !strings.Contains(console, want) {
			t.Errorf("the console lacks %q:\n%s", want, console)
		}
	}
	configHas(t, dir, `model = "slim"`, "slim-width = 24", "slim-groups = 2", "lr = 0.06") // three times the preset's, for muon
	refused(t, "resume: -slim-width is 48, but the run has 24", "-resume", dir, "-slim-width", "48")
	refused(t, "resume: -model is goom-rnn, but the run has slim", "-resume", dir, "-model", "goom-rnn")
	run(t, short(t, "2", append(text, "-model", "slim", "-dtype", "float64")...)...)

	saved, err := models.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	if sizes := saved.Config.Sizes.(*slim); sizes.Width != 24 || sizes.Vocab != 256 {
		t.Errorf("found with the sizes %+v", sizes)
	}
	model, err := models.Load[float32](saved, true)
	if err != nil {
		t.Fatal(err)
	}
	prompt := []byte("the quick brown fox")
	first, second := generate(t, model, prompt), generate(t, model, prompt)
	if len(first) != 40 || !slices.Equal(first, second) {
		t.Errorf("generated %q, then %q", first, second)
	}
}

// generate returns 40 bytes that follow a prompt.
func generate(t *testing.T, model *models.Model[float32], prompt []byte) (text []byte) {
	t.Helper()
	stream, err := model.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	var tokens []int32
	for _, b := range prompt {
		tokens = append(tokens, int32(b))
	}
	logits, err := stream.Append(tokens)
	if err != nil {
		t.Fatal(err)
	}
	sampler, err := sampling.New[float32](sampling.Config{Temperature: 0.5, TopP: 1}, 7)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sampling.Generate(stream, logits, sampler, 40, func(token int32) error {
		text = append(text, byte(token))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
