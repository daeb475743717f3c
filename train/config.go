package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"goomtrain/data"
	"goomtrain/models"
	"goomtrain/settings"
	"goomtrain/train/optim"
	"goomtrain/train/schedule"
)

// Config is everything that decides a run. Default returns one that can be trained with; Parse makes
// one from flags and files, whose names stand in Table.
type Config struct {
	// Which model, and its sizes; a size of 0 is the preset's.
	Model, Preset               string
	DEmb, Layers, Heads, DHead  int
	DValue, TaylorTerms, Vocab  int
	Positions, MLP              string // of transformers; "": the preset's
	Context, DMLP               int    // Context 0: the longest sequence of the data
	DType                       string // float32 or float64
	Task, Data, Tokenizer       string
	Seq                         int // positions of a sequence; 0: the task's default
	Delay, Symbols              int // of synthetic tasks; 0: the task's default
	Alphabet, Modulus           int
	ValidFraction               float64
	CacheDir                    string
	Steps, Batch, MicroBatch    int // MicroBatch 0: the whole batch at once
	Seed                        uint64
	Optimizer                   string
	LR, MinLR                   float64
	LRRecurrent                 float64 // factor on the rate of recurrences' matrices
	Schedule                    string
	Warmup, ScheduleSteps       int // ScheduleSteps 0: the larger of Steps and the preset's steps
	DecayRatio                  float64
	WeightDecay                 float64
	Beta1, Beta1Max, Beta2, Eps float64 // Beta1 and Beta2 of 0: what suits optimiser and schedule
	Clip, EMA, Dropout          float64 // 0: off
	EvalEvery, EvalBatches      int     // EvalEvery 0: after the last step only
	SaveEvery, Keep             int     // SaveEvery 0: after the last step only
	LogEvery                    int     // 0: every tenth step, on the console every few seconds
	Patience                    int     // 0: never stop early
	MinDelta                    float64
	OnNonfinite                 string // stop or skip
	MaxNonfinite                int
	OverfitBatch                bool
	Threads                     int    // 0: all cores
	Out                         string // run folder; "": runs/<time>-<model>-<task>
	Resume                      string // run or checkpoint folder to go on from
	DryRun, Profile             bool
	SampleTokens                int // length of the sample at the end of a run on text

	notes []string // said at the start: what a resumed run changes
}

// Table names every setting for flags, files and help. Files do not hold what is of one call only.
func (c *Config) Table() settings.Table {
	const model, task, length, rates, keeping, debug = "Model", "Data", "Length of training", "Optimisation", "Logs and checkpoints", "This call"
	return settings.Table{
		{Name: "model", Group: model, Help: strings.Join(models.Names(), ", "), Value: &c.Model},
		{Name: "preset", Group: model, Help: "sizes to start from: " + strings.Join(presetNames(c.Model), ", "), Value: &c.Preset},
		{Name: "d-emb", Group: model, Help: "width of embeddings; 0: the preset's, as for all sizes", Value: &c.DEmb},
		{Name: "layers", Group: model, Help: "residual blocks", Value: &c.Layers},
		{Name: "heads", Group: model, Help: "heads, or hidden vectors, a layer", Value: &c.Heads},
		{Name: "d-head", Group: model, Help: "width of a head", Value: &c.DHead},
		{Name: "d-value", Group: model, Help: "width of a head's values (log-attention); 0: d-head", Value: &c.DValue},
		{Name: "taylor-terms", Group: model, Help: "terms of the series (taylor-attention)", Value: &c.TaylorTerms},
		{Name: "positions", Group: model, Help: "rotary, learned or none (softmax-, taylor-attention); empty: the preset's", Value: &c.Positions},
		{Name: "context", Group: model, Help: "longest sequence of learned positions; 0: that of the data", Value: &c.Context},
		{Name: "mlp", Group: model, Help: "gelu or swiglu (softmax-, taylor-attention); empty: the preset's", Value: &c.MLP},
		{Name: "d-mlp", Group: model, Help: "hidden width of the MLP; 0: 4 d-emb, of swiglu about 8/3 d-emb", Value: &c.DMLP},
		{Name: "vocab", Group: model, Help: "tokens of the model; 0: those of the data", Value: &c.Vocab},
		{Name: "dtype", Group: model, Help: "float32 or float64", Value: &c.DType},

		{Name: "task", Group: task, Help: strings.Join(data.Tasks(), ", "), Value: &c.Task},
		{Name: "data", Group: task, Help: "file, folder or glob of text, IDX folder of images; empty: the Go library's sources", Value: &c.Data},
		{Name: "tokenizer", Group: task, Help: "byte or gpt2", Value: &c.Tokenizer},
		{Name: "seq", Group: task, Help: "positions of a sequence; 0: the task's", Value: &c.Seq},
		{Name: "delay", Group: task, Help: "copy: positions between symbols and recall; 0: the task's", Value: &c.Delay},
		{Name: "symbols", Group: task, Help: "copy, selective-copy, recall: symbols or pairs to remember; 0: the task's", Value: &c.Symbols},
		{Name: "alphabet", Group: task, Help: "copy, selective-copy, recall: different symbols or keys; 0: the task's", Value: &c.Alphabet},
		{Name: "modulus", Group: task, Help: "modular: the modulus; 0: the task's", Value: &c.Modulus},
		{Name: "valid-fraction", Group: task, Help: "part of the text held out; 0: the task's", Value: &c.ValidFraction},
		{Name: "cache-dir", Group: task, Help: `folder of tokenised text; empty: the user's cache, "off": none`, Value: &c.CacheDir},

		{Name: "steps", Group: length, Help: "updates to make", Value: &c.Steps},
		{Name: "batch", Group: length, Help: "sequences a step", Value: &c.Batch},
		{Name: "micro-batch", Group: length, Help: "sequences at a time, a divisor of -batch; 0: all", Value: &c.MicroBatch},
		{Name: "seed", Group: length, Help: "decides everything random", Value: &c.Seed},
		{Name: "patience", Group: length, Help: "stop after so many evaluations without a better loss; 0: never", Value: &c.Patience},
		{Name: "min-delta", Group: length, Help: "what counts as better for -patience, in nats", Value: &c.MinDelta},

		{Name: "optimizer", Group: rates, Help: strings.Join(optim.Names(), ", "), Value: &c.Optimizer},
		{Name: "lr", Group: rates, Help: "peak learning rate", Value: &c.LR},
		{Name: "min-lr", Group: rates, Help: "learning rate at the end", Value: &c.MinLR},
		{Name: "lr-recurrent", Group: rates, Help: "factor on the learning rate of a recurrence's matrix A (goom-rnn): below 1 keeps long memory", Value: &c.LRRecurrent},
		{Name: "schedule", Group: rates, Help: strings.Join(schedule.Names(), ", "), Value: &c.Schedule},
		{Name: "warmup", Group: rates, Help: "steps until the peak", Value: &c.Warmup},
		{Name: "schedule-steps", Group: rates, Help: "length of the curve; 0: the larger of -steps and the preset's steps", Value: &c.ScheduleSteps},
		{Name: "decay-ratio", Group: rates, Help: "wsd: part of the curve that decays", Value: &c.DecayRatio},
		{Name: "weight-decay", Group: rates, Help: "decoupled, on matrices", Value: &c.WeightDecay},
		{Name: "beta1", Group: rates, Help: "momentum, one-cycle: at the peak; 0: 0.85 with one-cycle, else 0.9", Value: &c.Beta1},
		{Name: "beta1-max", Group: rates, Help: "one-cycle: momentum at both ends", Value: &c.Beta1Max},
		{Name: "beta2", Group: rates, Help: "decay of the mean square", Value: &c.Beta2},
		{Name: "eps", Group: rates, Help: "added to the root of the mean square", Value: &c.Eps},
		{Name: "clip", Group: rates, Help: "largest global norm of the gradients; 0: any", Value: &c.Clip},
		{Name: "ema", Group: rates, Help: "decay of an average of the weights, which is then evaluated; 0: none", Value: &c.EMA},
		{Name: "dropout", Group: rates, Help: "part of the activations set to zero at random in training; 0: none", Value: &c.Dropout},
		{Name: "on-nonfinite", Group: rates, Help: "stop or skip a step whose loss or gradient is not finite", Value: &c.OnNonfinite},
		{Name: "max-nonfinite", Group: rates, Help: "skip: stop after so many in a row", Value: &c.MaxNonfinite},

		{Name: "eval-every", Group: keeping, Help: "steps between evaluations; 0: at the end only", Value: &c.EvalEvery},
		{Name: "eval-batches", Group: keeping, Help: "batches of an evaluation, as large as a micro-batch", Value: &c.EvalBatches},
		{Name: "save-every", Group: keeping, Help: "steps between checkpoints; 0: at the end only", Value: &c.SaveEvery},
		{Name: "keep", Group: keeping, Help: "last checkpoints kept, besides the best", Value: &c.Keep},
		{Name: "log-every", Group: keeping, Help: "steps between lines; 0: 10 in files, a few seconds on the console", Value: &c.LogEvery},
		{Name: "sample", Group: keeping, Help: "tokens of the sample at the end, for text; 0: none", Value: &c.SampleTokens},

		{Name: "out", Group: debug, Help: "run folder; empty: runs/<time>-<model>-<task>", Value: &c.Out, OneCall: true},
		{Name: "resume", Group: debug, Help: "run or checkpoint folder to go on from, bit for bit", Value: &c.Resume, OneCall: true},
		{Name: "threads", Group: debug, Help: "threads; 0: all cores; the result is the same", Value: &c.Threads, OneCall: true},
		{Name: "overfit-batch", Group: debug, Help: "train on one fixed batch: its loss must fall to almost nothing", Value: &c.OverfitBatch},
		{Name: "dry-run", Group: debug, Help: "build everything, print the parameters and stop", Value: &c.DryRun, OneCall: true},
		{Name: "profile", Group: debug, Help: "write cpu.pprof and heap.pprof and print the time of every operation", Value: &c.Profile, OneCall: true},
	}
}

// presetNames is for the help, which must not fail on a misspelled model.
func presetNames(model string) []string {
	names, err := models.Presets(model)
	if err != nil {
		return []string{"unknown"}
	}
	return names
}

// Beyond these sizes a value is a mistake, and would end in a lack of memory.
const (
	largestBatch   = 1 << 20
	largestThreads = 1 << 10
	largestPiece   = 1 << 24 // positions of a micro-batch
)

// Validate names the rule that a value breaks, and both names where two contradict each other.
func (c *Config) Validate() error {
	for _, r := range []struct {
		broken bool
		rule   string
	}{
		{c.DType != "float32" && c.DType != "float64", fmt.Sprintf("dtype %q: must be float32 or float64", c.DType)},
		{c.Steps < 1, fmt.Sprintf("steps %d: must be at least 1", c.Steps)},
		{c.Batch < 1 || c.Batch > largestBatch, fmt.Sprintf("batch %d: must be 1 to %d", c.Batch, largestBatch)},
		{c.MicroBatch < 0, fmt.Sprintf("micro-batch %d: must be at least 0 (0: the whole batch)", c.MicroBatch)},
		{c.MicroBatch > 0 && c.Batch%max(c.MicroBatch, 1) != 0, fmt.Sprintf("micro-batch %d does not divide batch %d: every piece must be of one size", c.MicroBatch, c.Batch)},
		{c.Seq < 0, fmt.Sprintf("seq %d: must be at least 1 (0: the task's default)", c.Seq)},
		{!(c.Clip >= 0), fmt.Sprintf("clip %g: must be at least 0 (0: no clipping)", c.Clip)},
		{!(c.EMA >= 0 && c.EMA < 1), fmt.Sprintf("ema %g: must lie in [0, 1) (0: none)", c.EMA)},
		{!(c.Dropout >= 0 && c.Dropout < 1), fmt.Sprintf("dropout %g: must lie in [0, 1) (0: none)", c.Dropout)},
		{c.Dropout > 0 && c.OverfitBatch, fmt.Sprintf("dropout %g contradicts overfit-batch, whose loss could not fall to almost nothing: give -dropout 0", c.Dropout)},
		{c.EvalEvery < 0, fmt.Sprintf("eval-every %d: must be at least 0 (0: at the end only)", c.EvalEvery)},
		{c.EvalBatches < 1, fmt.Sprintf("eval-batches %d: must be at least 1", c.EvalBatches)},
		{c.SaveEvery < 0, fmt.Sprintf("save-every %d: must be at least 0 (0: at the end only)", c.SaveEvery)},
		{c.Keep < 1, fmt.Sprintf("keep %d: must be at least 1, or no run could be resumed", c.Keep)},
		{c.LogEvery < 0, fmt.Sprintf("log-every %d: must be at least 0 (0: automatic)", c.LogEvery)},
		{c.Patience < 0, fmt.Sprintf("patience %d: must be at least 0 (0: never stop early)", c.Patience)},
		{c.Patience > 0 && c.EvalEvery == 0, fmt.Sprintf("patience %d counts evaluations, but eval-every is 0: set eval-every", c.Patience)},
		{c.Patience > 0 && c.OverfitBatch, fmt.Sprintf("patience %d contradicts overfit-batch, which gets worse on other data by design", c.Patience)},
		{!(c.MinDelta >= 0), fmt.Sprintf("min-delta %g: must be at least 0", c.MinDelta)},
		{c.OnNonfinite != "stop" && c.OnNonfinite != "skip", fmt.Sprintf("on-nonfinite %q: must be stop or skip", c.OnNonfinite)},
		{c.MaxNonfinite < 1, fmt.Sprintf("max-nonfinite %d: must be at least 1", c.MaxNonfinite)},
		{c.Threads < 0 || c.Threads > largestThreads, fmt.Sprintf("threads %d: must be 0 to %d (0: all cores)", c.Threads, largestThreads)},
		{c.SampleTokens < 0, fmt.Sprintf("sample %d: must be at least 0 (0: none)", c.SampleTokens)},
		{c.Out != "" && c.Resume != "", "out contradicts resume: a resumed run goes on in its own folder"},
		{!slices.Contains(optim.Names(), c.Optimizer), fmt.Sprintf("optimizer %q: must be one of %s", c.Optimizer, strings.Join(optim.Names(), ", "))},
		{!slices.Contains(schedule.Names(), c.Schedule), fmt.Sprintf("schedule %q: must be one of %s", c.Schedule, strings.Join(schedule.Names(), ", "))},
	} {
		if r.broken {
			return fmt.Errorf("%s", r.rule)
		}
	}
	if err := c.checkTask(); err != nil {
		return err
	}
	curve, err := c.curve()
	if err != nil {
		return err
	}
	if err := curve.Validate(); err != nil {
		return err
	}
	o, err := c.optimizer()
	if err != nil {
		return err
	}
	return o.Validate()
}

// resolve replaces what is automatic by what it stands for, once, before a run.
func (c *Config) resolve() {
	if c.MicroBatch == 0 {
		c.MicroBatch = c.Batch
	}
	if curve, err := c.curve(); err == nil { // else Validate says what is wrong
		curve.Resolve()
		c.ScheduleSteps, c.Warmup, c.Beta1 = curve.Steps, curve.Warmup, curve.Beta1
	}
}

// curve is the schedule of the configuration.
func (c *Config) curve() (schedule.Config, error) {
	s, err := schedule.NewConfig(c.Schedule)
	if err == nil {
		err = take(s.Settings(), c.Table())
	}
	if s.Steps == 0 {
		s.Steps = max(c.Steps, defaultSteps(c.Preset))
	}
	return s, err
}

// optimizer is the optimizer of the configuration.
func (c *Config) optimizer() (optim.Config, error) {
	o, err := optim.NewConfig(c.Optimizer)
	if err != nil {
		return o, err
	}
	return o, take(o.Settings(), c.Table())
}

// take sets every setting of a table to the value that another table has for it.
func take(into, from settings.Table) error {
	for _, s := range into {
		if value, ok := from.Find(s.Name); ok {
			if err := into.Set(settings.Pair{Name: s.Name, Text: value.Text()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// DataConfig is the part of the configuration that data.Open takes.
func (c *Config) DataConfig() data.Config {
	d, all := data.Config{Name: c.Task, Seq: c.Seq}, c.Table()
	for _, s := range d.Settings() {
		from, _ := all.Find(s.Name)
		switch to := s.Value.(type) {
		case *int:
			*to = *from.Value.(*int)
		case *float64:
			*to = *from.Value.(*float64)
		case *string:
			*to = *from.Value.(*string)
		}
	}
	return d
}

// checkTask refuses settings of other tasks.
func (c *Config) checkTask() error {
	d := c.DataConfig()
	own := d.Settings()
	if d.Task == nil { // not one of package data: what it can be set to is not known here
		return nil
	}
	for _, s := range c.Table() {
		if _, ok := own.Find(s.Name); ok || s.Group != "Data" || s.IsZero() || s.Name == "tokenizer" && c.Tokenizer == "byte" {
			continue
		}
		return fmt.Errorf("-%s %s: task %s has no such setting: leave it out", s.Name, s.Text(), c.Task)
	}
	return nil
}

// ModelConfig is the preset's sizes with those of the configuration over them; vocab is that of the
// data.
func (c *Config) ModelConfig(vocab int) (models.Config, error) {
	m, err := models.Preset(c.Model, c.Preset)
	if err != nil {
		return m, err
	}
	for _, size := range []struct {
		to   *int
		from int
	}{{&m.DEmb, c.DEmb}, {&m.Layers, c.Layers}, {&m.Heads, c.Heads}, {&m.DHead, c.DHead}, {&m.DValue, c.DValue},
		{&m.TaylorTerms, c.TaylorTerms}, {&m.Context, c.Context}, {&m.DMLP, c.DMLP}} {
		if size.from != 0 {
			*size.to = size.from
		}
	}
	for _, kind := range []struct {
		to   *string
		from string
	}{{&m.Positions, c.Positions}, {&m.MLP, c.MLP}} {
		if kind.from != "" {
			*kind.to = kind.from
		}
	}
	if m.Positions == "learned" && m.Context == 0 {
		m.Context = max(c.Seq, 1) // until the data is known: see fitContext
	}
	m.Vocab, m.Dropout = vocab, c.Dropout
	if c.Vocab != 0 {
		if c.Vocab < vocab {
			return m, fmt.Errorf("vocab %d: the data has %d tokens: must be at least as many (0: as many)", c.Vocab, vocab)
		}
		m.Vocab = c.Vocab
	}
	return m, m.Validate()
}

// setSizes writes a model's sizes into the configuration, so that the run's config.toml says them.
func (c *Config) setSizes(m models.Config) {
	c.DEmb, c.Layers, c.Heads, c.DHead, c.DValue, c.TaylorTerms, c.Vocab = m.DEmb, m.Layers, m.Heads, m.DHead, m.DValue, m.TaylorTerms, m.Vocab
	c.Positions, c.Context, c.MLP, c.DMLP = m.Positions, m.Context, m.MLP, m.DMLP
}

// fitContext gives learned positions the length of the longest sequence to train or validate on, or says
// that what was asked for is too short.
func (c *Config) fitContext(d *data.Dataset) error {
	longest := d.SeqLen
	for _, v := range d.Valid {
		longest = max(longest, v.Len)
	}
	switch {
	case c.Positions == "learned" && c.Context == 0:
		c.Context = longest
	case c.Context > 0 && c.Context < longest:
		return fmt.Errorf("context %d: the data has sequences of %d positions: must be at least as many (0: as many)", c.Context, longest)
	}
	return nil
}

// finite says whether x is a number that arithmetic can go on with.
func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
