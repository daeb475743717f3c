package train

// The numbers of training that go with a preset. What a preset does not list is as in base().

// small is the preset of a run without flags: about two minutes on 2 cores.
const defaultModel, defaultPreset, defaultTask = "goom-rnn", "small", "text"

// base holds what every run starts from.
func base() Config {
	return Config{
		Model: defaultModel, Preset: defaultPreset, DType: "float32", Task: defaultTask, Tokenizer: "byte",
		Steps: 800, Batch: 16, Seed: 1,
		Optimizer: "adamw", LR: 3e-3, MinLR: 1e-5, LRRecurrent: 1, Schedule: "one-cycle", Warmup: 10, DecayRatio: 0.2,
		WeightDecay: 0.1, Beta1Max: 0.99, Beta2: 0.99, Eps: 1e-8, Clip: 1,
		EvalEvery: 200, EvalBatches: 20, SaveEvery: 200, Keep: 3,
		OnNonfinite: "stop", MaxNonfinite: 10, SampleTokens: 300,
	}
}

// byPreset holds what differs for each preset of models.Preset, with its reason.
var byPreset = map[string]func(c *Config){
	// seconds a run: to try a change, in tests
	"nano": func(c *Config) {
		c.Steps, c.Batch, c.LR, c.EvalEvery, c.SaveEvery = 200, 8, 5e-3, 100, 100
	},
	// the default: see base
	"small": func(c *Config) {},
	// about an hour: a wider model wants a lower rate
	"base": func(c *Config) {
		c.Steps, c.LR, c.EvalEvery, c.SaveEvery = 3000, 2e-3, 250, 250
	},
	// the paper's synthetic tasks: many short sequences
	"paper-task": func(c *Config) {
		c.Steps, c.Batch, c.MicroBatch, c.LR, c.EvalEvery, c.SaveEvery = 5000, 32, 8, 1e-3, 500, 500
	},
	// the paper's language model: GPT-2's vocabulary
	"paper-124m": func(c *Config) {
		c.Tokenizer, c.Seq = "gpt2", 1024
		c.Steps, c.Batch, c.MicroBatch, c.LR, c.EvalEvery, c.SaveEvery = 100000, 480, 4, 1e-3, 1000, 1000
	},
}

// Default returns the configuration of a preset on a task. An unknown preset starts from base: the
// model's own check refuses it with the valid names.
func Default(preset, task string) Config {
	c := base()
	c.Preset, c.Task = preset, task
	if set, ok := byPreset[preset]; ok {
		set(&c)
	}
	if task != "text" {
		// A synthetic task is learnt by accuracy, not by text: no sample, smaller decay.
		// Its length follows from the task.
		c.Tokenizer, c.Seq, c.SampleTokens, c.WeightDecay = "byte", 0, 0, 0.01
		// What must be remembered for hundreds of steps turns with every update of a recurrence's matrix:
		// that gets a rate of its own. At 3e-3 for all a delay of 200 is copied to 36 or 82 %, with a tenth
		// of it for the matrix to 99 %, and images of 784 steps need less than 5e-3 to be learnt at all.
		c.LR, c.LRRecurrent = min(c.LR, 2e-3), 0.1
	}
	return c
}

// defaultSteps is the length of a preset's own curve: a shorter debugging run keeps it, so that
// -steps 20 and a resumed -steps 40 make the very steps of an unbroken run.
func defaultSteps(preset string) int { c := Default(preset, defaultTask); return c.Steps }
