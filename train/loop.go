package train

import (
	"fmt"

	"goomtrain/checkpoints"
	"goomtrain/internal/comm"
	"goomtrain/settings"
)

// Loop is the training loop's own part of a Config.
type Loop struct {
	DType      string // element type of weights and activations: float32 or float64
	Init       string // run folder, checkpoint folder or .safetensors file whose weights a new run starts from; "": none
	InitSHA256 string // checksum of these weights; "": any

	Steps      int  // updates
	Batch      int  // sequences of an update
	MicroBatch int  // sequences processed at a time; 0: the whole batch
	Recompute  bool // keep only the inputs of blocks from the forward pass; see models.Recomputer
	Seed       uint64
	Patience   int     // evaluations without a lower validation loss before training stops; 0: it does not stop
	MinDelta   float64 // by which the loss must fall to count for Patience, in nats
	UntilLoss  float64 // running training loss at the full length below which training stops, in nats; 0: it does not stop

	Curriculum     bool    // begin with the shortest sequences of a range and double the longest as the loss falls
	CurriculumLoss float64 // running training loss below which the length doubles, in nats

	Freeze       string  // names of parameters that are not trained, separated by commas; * stands for any text
	MatMul       string  // precision of products of activations, weights and gradients
	Clip         float64 // largest global norm of the gradients; 0: no limit
	EMA          float64 // decay of a moving average of the weights, used for validation; 0: none
	OnNonfinite  string  // stop or skip
	MaxNonfinite int

	EvalEvery    int // steps; 0: after the last step only
	EvalBatches  int // batches of an evaluation
	SaveEvery    int // steps; 0: after the last step only
	Keep         int // last checkpoints kept, besides the best
	LogEvery     int // steps; 0: every tenth, on the console every few seconds
	SampleTokens int // length of the sample at the end of a run on text

	Out              string  // run folder; "": runs/<time>-<model>-<task>
	Resume           string  // run or checkpoint folder to resume
	Threads          int     // 0: as many as parallel.SetThreads said last, at first one for each core
	Device           string  // where training runs: auto, cpu, gpu or gpu:N
	OverfitBatch     bool    // train on one fixed batch
	DryRun           bool    // stop before training
	SequenceParallel int     // processes over which each sequence is cut
	CommTimeout      float64 // seconds after which a silent process ends a job of several
	Profile          bool
}

// defaultLoop returns the defaults, with which the presets small of most models train for a minute or two on 2 cores.
func defaultLoop() Loop {
	return Loop{
		DType: "float32", Steps: 800, Batch: 16, Seed: 1,
		CurriculumLoss: 0.1,
		MatMul:         "float32", Device: "auto", SequenceParallel: 1, CommTimeout: comm.DefaultTimeout.Seconds(),
		Clip: 1, OnNonfinite: "stop", MaxNonfinite: 10,
		EvalEvery: 200, EvalBatches: 20, SaveEvery: 200, Keep: checkpoints.DefaultKeep, SampleTokens: 300,
	}
}

// Larger values are mistakes and would exhaust the memory.
const (
	largestBatch      = 1 << 20
	largestMicroBatch = 1 << 24 // positions
)

// The parts of the table of settings that the loop contributes to.
const (
	partModel = iota
	partLength
	partOptimization
	partKeeping
	partCall
	parts
)

// settings lists the loop's settings by their part of the table.
func (c *Loop) settings() [parts]settings.Table {
	return [parts]settings.Table{
		partModel: {
			{Name: "dtype", Help: "element type", Value: &c.DType, Rule: settings.OneOf("float32", "float64"), Change: settings.Frozen},
			{Name: "init", Help: "start a new run from these weights: run folder, checkpoint folder, or .safetensors file with its config.toml", Value: &c.Init, Zero: "initial values from -seed", Change: settings.Frozen},
			{Name: "init-sha256", Help: "checksum that the file of these weights must have; a run records it", Value: &c.InitSHA256, Zero: "any", Change: settings.Frozen},
		},
		partLength: {
			{Name: "steps", Help: "updates to make", Value: &c.Steps, Rule: settings.AtLeast(1)},
			{Name: "batch", Help: "sequences of an update", Value: &c.Batch, Rule: settings.Between(1, largestBatch), Change: settings.Steers},
			{Name: "micro-batch", Help: "sequences processed at a time, a divisor of -batch", Value: &c.MicroBatch, Rule: settings.AtLeast(0), Zero: "the whole batch", Change: settings.Steers},
			{Name: "recompute", Help: "keep only the inputs of the blocks for the backward pass, and run the blocks again: less memory, more time, the same weights", Value: &c.Recompute},
			{Name: "seed", Help: "seed of all random numbers", Value: &c.Seed, Rule: settings.AtLeast(0), Change: settings.Frozen},
			{Name: "patience", Help: "stop after this many evaluations without a lower validation loss", Value: &c.Patience, Rule: settings.AtLeast(0), Zero: "never stop early"},
			{Name: "min-delta", Help: "improvement of the loss that -patience requires, in nats", Value: &c.MinDelta, Rule: settings.AtLeast(0)},
			{Name: "until-loss", Help: "stop when the running training loss at the full length is below this, in nats", Value: &c.UntilLoss, Rule: settings.AtLeast(0), Zero: "never"},
			{Name: "curriculum", Help: "with -seq MIN:MAX: begin with the shortest sequences, double the length as they are learned", Value: &c.Curriculum, Change: settings.Frozen},
			{Name: "curriculum-loss", Help: "running training loss below which the length doubles, in nats", Value: &c.CurriculumLoss, Rule: settings.Positive(), Change: settings.Steers},
		},
		partOptimization: {
			{Name: "freeze", Help: "names of parameters that are not trained, separated by commas; * stands for any text, as in embed.*,*.0.*", Value: &c.Freeze, Zero: "all are trained", Change: settings.Frozen},
			{Name: "matmul", Help: "precision of products of activations, weights and gradients: on the CPU float32, or bf16 with AMX; on a GPU any", Value: &c.MatMul, Rule: settings.OneOf(precisions...), Change: settings.Steers},
			{Name: "clip", Help: "largest global norm of the gradients", Value: &c.Clip, Rule: settings.AtLeast(0), Zero: "no clipping", Change: settings.Steers},
			{Name: "ema", Help: "decay of a moving average of the weights, used for validation", Value: &c.EMA, Rule: settings.Fraction(), Zero: "none", Change: settings.Starts},
			{Name: "on-nonfinite", Help: "what to do about a step whose loss or gradient is not finite", Value: &c.OnNonfinite, Rule: settings.OneOf("stop", "skip"), Change: settings.Steers},
			{Name: "max-nonfinite", Help: "with -on-nonfinite skip: stop after this many in a row", Value: &c.MaxNonfinite, Rule: settings.AtLeast(1)},
		},
		partKeeping: {
			{Name: "eval-every", Help: "steps between evaluations", Value: &c.EvalEvery, Rule: settings.AtLeast(0), Zero: "at the end only"},
			{Name: "eval-batches", Help: "micro-batches of an evaluation", Value: &c.EvalBatches, Rule: settings.AtLeast(1)},
			{Name: "save-every", Help: "steps between checkpoints", Value: &c.SaveEvery, Rule: settings.AtLeast(0), Zero: "at the end only"},
			{Name: "keep", Help: "last checkpoints kept, besides the best", Value: &c.Keep, Rule: settings.AtLeast(1)},
			{Name: "log-every", Help: "steps between log lines", Value: &c.LogEvery, Rule: settings.AtLeast(0), Zero: "10 in files, a few seconds on the console"},
			{Name: "sample", Help: "tokens of the sample at the end of training on text", Value: &c.SampleTokens, Rule: settings.AtLeast(0), Zero: "none"},
		},
		partCall: {
			{Name: "out", Help: "run folder", Value: &c.Out, Zero: "runs/<time>-<model>-<task>", OneCall: true},
			{Name: "resume", Help: "run or checkpoint folder to resume, bit for bit", Value: &c.Resume, OneCall: true},
			{Name: "threads", Help: "number of threads, which does not affect results", Value: &c.Threads, Rule: settings.Threads(), Zero: "all cores", OneCall: true},
			{Name: "device", Help: "where training runs; auto is the GPU if the program is built for one and there is one", Value: &c.Device, Rule: settings.OneOf("auto", "cpu", "gpu").Or("gpu:N for the GPU of that number", isGPU), OneCall: true},
			{Name: "sequence-parallel", Help: "in a job of several processes: processes over which each sequence is cut", Value: &c.SequenceParallel, Rule: settings.AtLeast(1), OneCall: true},
			{Name: "comm-timeout", Help: "in a job of several processes: seconds without an answer after which a process counts as lost, and the job ends", Value: &c.CommTimeout, Rule: settings.Between(comm.LeastTimeout.Seconds(), comm.LargestTimeout.Seconds()), OneCall: true},
			{Name: "overfit-batch", Help: "train on one fixed batch: its loss must approach zero", Value: &c.OverfitBatch, Change: settings.Frozen},
			{Name: "dry-run", Help: "build everything, print the parameters and stop", Value: &c.DryRun, OneCall: true},
			{Name: "profile", Help: "write cpu.pprof and heap.pprof and print the time of every operation", Value: &c.Profile, OneCall: true},
		},
	}
}

// validate applies the rules of single settings, then those between them.
func (c *Loop) validate() error {
	for _, table := range c.settings() {
		if err := table.Validate(); err != nil {
			return err
		}
	}
	if _, err := c.patterns(); err != nil {
		return err
	}
	switch {
	case c.InitSHA256 != "" && c.Init == "":
		return fmt.Errorf("-init-sha256 is the checksum of the weights of -init: give -init too")
	case c.MicroBatch > 0 && c.Batch%c.MicroBatch != 0:
		return fmt.Errorf("-micro-batch %d does not divide -batch %d: all micro-batches must have the same size", c.MicroBatch, c.Batch)
	case c.Patience > 0 && c.EvalEvery == 0:
		return fmt.Errorf("-patience %d counts evaluations, but -eval-every is 0: set -eval-every", c.Patience)
	case c.Patience > 0 && c.OverfitBatch:
		return fmt.Errorf("-patience %d contradicts -overfit-batch, which makes the validation loss worse by design", c.Patience)
	case c.Curriculum && c.OverfitBatch:
		return fmt.Errorf("-curriculum contradicts -overfit-batch, which trains on one fixed batch: leave one out")
	case c.Out != "" && c.Resume != "":
		return fmt.Errorf("-out contradicts -resume: a resumed run continues in its own folder")
	}
	return nil
}
