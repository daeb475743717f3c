package train

import (
	"fmt"
	"slices"

	"goomtrain/data/tokenizer"
	"goomtrain/internal/printable"
	"goomtrain/models"
	"goomtrain/settings"
)

// An origin is the trained model from whose weights a new run starts.
type origin struct {
	path  string // the value of -init that it was found at
	saved models.Saved
}

// findOrigin finds the model of -init, once, and records the checksum of its weights. It returns an error if they are
// not those that the configuration has recorded.
func (c *Config) findOrigin(find func(path string) (models.Saved, error)) error {
	if c.origin != nil && c.origin.path == c.Init {
		return nil
	}
	saved, err := find(c.Init)
	if err != nil {
		return fmt.Errorf("-init: %w", err)
	}
	sum, err := saved.SHA256()
	switch {
	case err != nil:
		return fmt.Errorf("-init: %w", err)
	case c.InitSHA256 != "" && c.InitSHA256 != sum:
		return fmt.Errorf("-init %s: its weights have changed: their SHA-256 is %.12s, but -init-sha256 is %.12s: restore them, or start a new run without -init-sha256", c.Init, sum, c.InitSHA256)
	}
	c.InitSHA256 = sum
	c.origin = &origin{c.Init, saved}
	return nil
}

// sizes lists the settings of the origin's model that a run of that model, "" for the same one, has to agree with: all
// of its sizes but those that follow from the data, or, of another model, those of models.Stack.
func (o *origin) sizes(model string) (table settings.Table) {
	config := o.saved.Config
	same := model == "" || model == config.Model
	stack := new(models.Stack).Settings()
	for _, s := range config.Settings() {
		if _, shared := stack.Find(s.Name); s.Change == settings.Frozen && !slices.Contains(notSizes, s.Name) && (same || shared) {
			table = append(table, s)
		}
	}
	return table
}

// notSizes are frozen settings of a model with which weights of another fit: what follows from the data, how documents
// are read, and how token vectors begin that the weights do not have.
var notSizes = []string{"vocab", "classes", "reset-documents", "document-start", "embedding-std"}

// inherited are the settings that a run of the model has by default from the run that trained the weights: the sizes,
// without those that follow from the data, the element type and the tokenizer. A run of the same model resets documents
// if that run did.
func (o *origin) inherited(model string) (pairs []settings.Pair) {
	for _, s := range o.sizes(model) {
		pairs = append(pairs, settings.Pair{Name: s.Name, Text: s.Text()})
	}
	names := []string{"dtype", "tokenizer"}
	if model == "" || model == o.saved.Config.Model {
		names = append(names, "reset-documents")
	}
	for _, name := range names {
		if text, ok := settings.Last(o.saved.Settings, name); ok {
			pairs = append(pairs, settings.Pair{Name: name, Text: text})
		}
	}
	return pairs
}

// checkOrigin returns an error for a size that contradicts the model of -init.
func (c *Config) checkOrigin() error {
	table := c.Settings()
	for _, s := range c.origin.sizes(c.Model.Model) {
		if mine, has := table.Find(s.Name); has && mine.Text() != s.Text() {
			return fmt.Errorf("-%s %s contradicts -init, whose model has %s: leave it out", s.Name, shown(mine.Text()), shown(s.Text()))
		}
	}
	if n, least := c.Model.Common().Vocab, c.origin.saved.Config.Tokens(); n > 0 && n < least {
		return fmt.Errorf("-vocab %d contradicts -init, whose model has %d tokens: a vocabulary may grow, but not shrink", n, least)
	}
	return nil
}

// vocab returns the number of tokens of a new model for data with that many: at least those of the model of -init. A
// classifier has exactly those of the data.
func (c *Config) vocab(data int) (int, error) {
	if c.Init == "" || c.Resume != "" || c.Model.Classifies() {
		return data, nil
	}
	if err := c.findOrigin(models.Find); err != nil {
		return 0, err
	}
	return max(data, c.origin.saved.Config.Tokens()), nil
}

// initialize sets the parameters to the weights of -init and prints what was taken.
func (s *session[F]) initialize() error {
	if err := s.cfg.findOrigin(models.FindWeights); err != nil {
		return err
	}
	taken, err := models.Take(s.cfg.origin.saved, s.model)
	if err != nil {
		return fmt.Errorf("-init: %w", err)
	}
	if name := nonfinite(s.params); name != "" {
		return fmt.Errorf("-init %s: the weights in %s are not finite: start from other weights", s.cfg.Init, name)
	}
	s.printTaken(taken)
	return nil
}

// printTaken prints which parameters start from trained weights, which do not, and which tensors are left over.
func (s *session[F]) printTaken(t models.Transfer) {
	var loaded, fresh, left grouped
	counts := [2]int{} // of parameters: fresh, loaded
	for i, p := range s.params {
		switch n := t.Read[i]; {
		case n == 0:
			fresh.add(p.Name, "")
			counts[0]++
		case n < len(p.Value):
			row := len(p.Value) / p.Shape[0]
			loaded.add(p.Name, fmt.Sprintf(" (rows 1 to %d of %d, the others are new)", n/row, p.Shape[0]))
			counts[1]++
		default:
			loaded.add(p.Name, "")
			counts[1]++
		}
	}
	for _, info := range t.Left {
		left.add(info.Name, "")
	}
	weights := s.cfg.origin.saved.Weights
	from := "weights of " + weights.ModelPath()
	if t.Average {
		from = "averaged weights of " + weights.OptimizerPath()
	}
	if weights.HasState {
		from += fmt.Sprintf(", step %d", weights.State.Step)
	}
	fmt.Fprintf(s.out, "%s, SHA-256 %.12s\n", printable.Line(from), s.cfg.InitSHA256)
	for _, note := range weights.Notes {
		fmt.Fprintln(s.out, "note:", note)
	}
	for _, l := range []struct {
		verb  string
		n     int
		noun  string
		names grouped
	}{{"loaded", counts[1], "parameter", loaded}, {"new", counts[0], "parameter", fresh}, {"left over", len(t.Left), "tensor", left}} {
		if l.n > 0 {
			fmt.Fprintf(s.out, "%-10s %s: %s\n", l.verb, printable.Count(l.n, l.noun), printable.Line(l.names.names()))
		}
	}
	was, is := s.cfg.origin.saved.Setting("tokenizer"), s.tokenizer()
	if sum := s.cfg.origin.saved.Setting("tokenizer-sha256"); sum != "" {
		was = tokenizer.FileName(was, sum)
	}
	if was != "" && is != "" && was != is {
		fmt.Fprintf(s.out, "note: the weights were trained with -tokenizer %s, this run has %s: its tokens have another meaning\n", was, is)
	}
}

// tokenizer is the name of the run's tokenizer; "": the data is no text.
func (s *session[F]) tokenizer() string {
	if s.dataset.Tokenizer == nil {
		return ""
	}
	return s.dataset.Tokenizer.Name()
}
