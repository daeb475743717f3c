package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"goomtrain/data"
	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/emulated"
	"goomtrain/layers"
	"goomtrain/models"
	"goomtrain/ops"
	"goomtrain/params"
	"goomtrain/train/metrics"
)

// emulate puts an emulated GPU in the place of the driver during a test.
func emulate(t testing.TB) *emulated.Device {
	t.Helper()
	before := openGPU
	t.Cleanup(func() { openGPU = before })
	device := emulated.New()
	openGPU = func(int) (gpu.Device, error) { return device, nil }
	return device
}

// dense is a network of dense layers, which reads each token by itself.
type dense struct {
	embed   *layers.Embedding[float32]
	norm    *layers.LayerNorm[float32]
	up      *layers.Linear[float32]
	down    *layers.Linear[float32]
	dropout *layers.Dropout[float32]
}

func newDense() *models.Model[float32] {
	set := params.NewSet[float32](1)
	n := &dense{
		embed:   layers.NewEmbedding(set, "embed", 256, 8),
		norm:    layers.NewLayerNorm(set.Sub("norm"), 8),
		up:      layers.NewLinear(set.Sub("up"), 8, 24, true),
		down:    layers.NewLinear(set.Sub("down"), 12, 8, false),
		dropout: layers.NewDropout(set, 0.1),
	}
	return models.FromNetwork(set, n)
}

func (n *dense) Head() *layers.Embedding[float32] { return n.embed }

func (n *dense) Hidden(g *layers.Graph[float32], tokens *G.Node) *G.Node {
	x := n.embed.Forward(g, tokens)
	g.Bound(x)
	x = n.down.ForwardAdd(g, ops.GLU[float32](n.up.Forward(g, n.norm.Forward(g, x))), x, n.dropout)
	g.Bound(x)
	return x
}

// TestAccelerated: a run on the emulated GPU has the losses of one on the CPU, resumes to the bit, and goes on there.
func TestAccelerated(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	run := func(dir string, pairs ...string) []metrics.Record {
		t.Helper()
		dataset, cfg := corpusForGPU(t)
		set(t, &cfg, append([]string{"steps", "12", "schedule-steps", "12", "eval-every", "4", "save-every", "4", "ema", "0.9", "micro-batch", "2", "lr", "0.01"}, pairs...)...)
		if cfg.Resume == "" {
			cfg.Out = dir
		} else {
			cfg.Out = ""
		}
		var console bytes.Buffer
		if _, err := Run(context.Background(), cfg, newDense(), dataset, &console); err != nil {
			t.Fatal(err, console.String())
		}
		if onGPU := strings.Contains(console.String(), "PTX emulator"); onGPU != (cfg.Device == "gpu") {
			t.Errorf("-device %s: %s", cfg.Device, console.String())
		}
		records, err := metrics.ReadFile(filepath.Join(dir, "metrics.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return records
	}
	device := emulate(t)
	dir := t.TempDir()
	cpu, whole, cut, mixed := filepath.Join(dir, "cpu"), filepath.Join(dir, "gpu"), filepath.Join(dir, "cut"), filepath.Join(dir, "mixed")
	want := run(cpu, "device", "cpu")
	got := run(whole, "device", "gpu")
	if n := device.InUse(); n != 0 {
		t.Errorf("%d bytes of the device are not freed", n)
	}
	run(cut, "device", "gpu", "steps", "4")
	resumed := run(cut, "device", "gpu", "resume", cut)
	run(mixed, "device", "cpu", "steps", "4")
	onGPU := run(mixed, "device", "gpu", "steps", "8", "resume", mixed)
	back := run(mixed, "device", "cpu", "resume", mixed)
	if len(got) != len(want) || len(resumed) != len(want) || len(back) != len(want) || len(onGPU) == 0 {
		t.Fatalf("%d, %d and %d records, want %d", len(got), len(resumed), len(back), len(want))
	}
	for i, w := range want {
		for _, other := range []struct {
			name string
			r    metrics.Record
		}{{"on the GPU", got[i]}, {"in turn", back[i]}} {
			if d := math.Abs(other.r.Loss - w.Loss); !(d <= 1e-5*w.Loss) || other.r.Split != w.Split {
				t.Errorf("%s: step %d, %s: loss %v, on the CPU %v", other.name, w.Step, w.Split, other.r.Loss, w.Loss)
			}
		}
		if got[i].Loss != resumed[i].Loss || got[i].GradNorm != resumed[i].GradNorm && w.Split == metrics.Train {
			t.Errorf("step %d: loss %v, resumed %v", w.Step, got[i].Loss, resumed[i].Loss)
		}
	}
	for _, name := range []string{"model.safetensors", "optimizer.safetensors"} {
		at := filepath.Join("checkpoints", "step-00000012", name)
		a, err := os.ReadFile(filepath.Join(whole, at))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(cut, at)); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs after a resume; error %v", name, err)
		}
	}
}

// TestAcceleratedModels: models on the emulated GPU have the losses that they have on the CPU.
func TestAcceleratedModels(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	emulate(t)
	text := filepath.Join(t.TempDir(), "text.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		of    Selection
		pairs []string
	}{
		"goom-rnn":                        {Selection{Model: "goom-rnn"}, []string{"dropout", "0.1"}},
		"goom-rnn by documents":           {Selection{Model: "goom-rnn"}, []string{"reset-documents", "true", "document-start", "32", "micro-batch", "1"}},
		"goom-rnn, recomputed, lion":      {Selection{Model: "goom-rnn", Optimizer: "lion"}, []string{"recompute", "true", "lr", "0.001"}},
		"goom-rnn, frozen":                {Selection{Model: "goom-rnn"}, []string{"freeze", "*.A,head", "ema", "0.9"}},
		"log-attention":                   {Selection{Model: "log-attention"}, []string{"dropout", "0.1"}},
		"delta-net":                       {Selection{Model: "delta-net"}, nil},
		"gated-delta-net":                 {Selection{Model: "gated-delta-net"}, nil},
		"delta-product":                   {Selection{Model: "delta-product"}, nil},
		"softmax-attention":               {Selection{Model: "softmax-attention"}, []string{"dropout", "0.1"}},
		"softmax-attention, learned":      {Selection{Model: "softmax-attention"}, []string{"positions", "learned"}},
		"taylor-attention":                {Selection{Model: "taylor-attention"}, []string{"dropout", "0.1"}},
		"softmax-attention, tensor cores": {Selection{Model: "softmax-attention"}, []string{"matmul", "tf32x3"}},
	} {
		t.Run(name, func(t *testing.T) {
			var losses [2][]metrics.Record
			for i, device := range []string{"cpu", "gpu"} {
				c.of.Preset = "nano"
				cfg := selected(t, forGPU(c.of))
				dir := filepath.Join(t.TempDir(), device)
				set(t, &cfg, "data", text, "seq", "16", "batch", "2", "steps", "4", "eval-batches", "1", "log-every", "1", "sample", "20",
					"layers", "1", "d-emb", "16", "heads", "2", "d-head", "6", "device", device, "out", dir)
				for p := c.pairs; len(p) > 0; p = p[2:] {
					if p[0] != "matmul" || device == "gpu" {
						set(t, &cfg, p[0], p[1])
					}
				}
				var console bytes.Buffer
				if _, err := Launch(context.Background(), cfg, &console); err != nil {
					t.Fatal(err, console.String())
				}
				var err error
				if losses[i], err = metrics.ReadFile(filepath.Join(dir, "metrics.jsonl")); err != nil {
					t.Fatal(err)
				}
			}
			for i, w := range losses[0] {
				if got := losses[1][i]; !(math.Abs(got.Loss-w.Loss) <= 1e-5*w.Loss) || got.Split != w.Split {
					t.Errorf("step %d, %s: loss %v, on the CPU %v", w.Step, w.Split, got.Loss, w.Loss)
				}
			}
		})
	}
}

// TestAcceleratorErrors: what a GPU cannot do is refused in one line that says what to do.
func TestAcceleratorErrors(t *testing.T) {
	device := emulate(t)
	for _, c := range []struct {
		of    Selection
		pairs []string
		limit int64
		want  string
	}{
		{Selection{Model: "gla"}, nil, 0, "ops of the network run on the CPU only and not on a GPU: GLA"},
		{Selection{Model: "gla"}, nil, 0, "; give -device cpu, or another model"},
		{Selection{}, []string{"dtype", "float64"}, 0, "-device gpu: a GPU computes in float32: leave out -dtype float64, or give -device cpu"},
		{Selection{Optimizer: "muon"}, nil, 0, "-device gpu: -optimizer muon runs on the CPU only: give -device cpu, or -optimizer adamw or lion"},
		{Selection{}, nil, 100_000, "out of memory; give a smaller -micro-batch or -seq, or -recompute, or -device cpu"},
		{Selection{}, []string{"device", "cpu", "matmul", "tf32"}, 0, "-matmul tf32: only a GPU has products of that precision: give -matmul float32 to train on the CPU"},
		{Selection{}, []string{"device", "gpu:-1"}, 0, `-device "gpu:-1": must be one of auto, cpu, gpu, or gpu:N for the GPU of that number`},
	} {
		device.Limit = c.limit
		c.of.Preset = "nano"
		cfg := selected(t, forGPU(c.of))
		pairs := append([]string{"device", "gpu", "data", "accelerator_test.go", "seq", "8", "batch", "2", "steps", "2", "out", filepath.Join(t.TempDir(), "run")}, c.pairs...)
		var err error
		for i := 0; i < len(pairs) && err == nil; i += 2 {
			err = cfg.Set(pairs[i], pairs[i+1])
		}
		if err == nil {
			_, err = Launch(context.Background(), cfg, &bytes.Buffer{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v %v: error %v, want %q", c.of, c.pairs, err, c.want)
		}
	}
	if n := device.InUse(); n != 0 {
		t.Errorf("%d bytes of the device are not freed", n)
	}
}

// limited is an emulated GPU that says how fast it is.
type limited struct{ *emulated.Device }

func (limited) Limits() (flops, bytes float64) { return 1e6, 1 }

// forGPU names a model and an optimizer that a GPU runs where the selection leaves them to the defaults.
func forGPU(s Selection) Selection {
	s.Model, s.Optimizer = or(s.Model, defaultModelGPU), or(s.Optimizer, defaultOptimizerGPU)
	return s
}

// corpusForGPU is corpus with such an optimizer.
func corpusForGPU(t *testing.T) (*data.Dataset, Config) {
	dataset, cfg := corpus(t)
	with := selected(t, forGPU(Selection{Preset: "nano"}))
	cfg.Optimizer, cfg.Schedule = with.Optimizer, with.Schedule
	return dataset, cfg
}

// TestAcceleratedSpeed: on a GPU the MFU is the share of its peak, and -profile says that it measures the CPU.
func TestAcceleratedSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	device := emulate(t)
	for _, known := range []bool{false, true} {
		if known {
			openGPU = func(int) (gpu.Device, error) { return limited{device}, nil }
		}
		dataset, cfg := corpusForGPU(t)
		set(t, &cfg, "steps", "2", "eval-every", "0", "device", "gpu", "profile", "true")
		model := newDense()
		var console bytes.Buffer
		if _, err := Run(context.Background(), cfg, model, dataset, &console); err != nil {
			t.Fatal(err)
		}
		if out := console.String(); !strings.Contains(out, "\nnote: -profile measures the CPU: ") || strings.Contains(out, "operation\n") {
			t.Error(out)
		}
		records, err := metrics.ReadFile(filepath.Join(cfg.Out, "metrics.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		position, target := operations(model.Params())
		want := math.NaN()
		if known {
			want = records[0].TokensPerSec * (position + target) / 1e6
		}
		if got := records[0].MFU; math.IsNaN(got) == known || known && math.Abs(got-want) > 1e-6*want {
			t.Errorf("MFU %v, want %v", got, want)
		}
	}
}

// filling leaves a GPU no memory when a text is printed.
type filling struct {
	bytes.Buffer
	device *emulated.Device
	at     string
}

func (f *filling) Write(text []byte) (int, error) {
	if strings.Contains(string(text), f.at) {
		f.device.Limit = f.device.InUse() + 1
	}
	return f.Buffer.Write(text)
}

// TestAcceleratedMemory: when memory is wanting in the middle of a run, the error comes once, the weights of the host are
// those of the last step, and all memory is freed, also that of the evaluations, which have more lengths than graphs are kept.
func TestAcceleratedMemory(t *testing.T) {
	device := emulate(t)
	run := func(steps, at string) ([]float32, string, error) {
		cfg := selected(t, forGPU(Selection{Preset: "nano", Task: "parity"}))
		set(t, &cfg, "seq", "4:32", "eval-lengths", "4,5,6,7,8,9,10,11,12", "batch", "4", "steps", steps, "schedule-steps", "4", "warmup", "1", "eval-batches", "1", "curriculum", "true", "curriculum-loss", "50", "device", "gpu", "ema", "0.9",
			"out", filepath.Join(t.TempDir(), "run"))
		dataset, err := data.Open(cfg.Data, cfg.Seed)
		if err != nil {
			t.Fatal(err)
		}
		defer dataset.Close()
		device.Limit = 0
		console := &filling{device: device, at: at}
		model := newDense()
		_, err = Run(context.Background(), cfg, model, dataset, console)
		if n := device.InUse(); n != 0 {
			t.Errorf("%d bytes of the device are not freed", n)
		}
		return model.Params()[0].Value, console.String(), err
	}
	want, _, err := run("1", "never")
	if err != nil {
		t.Fatal(err)
	}
	got, console, err := run("4", "the sequences now have")
	if err == nil || !strings.HasPrefix(err.Error(), "step 2: gpu: ") || !strings.Contains(err.Error(), "; give a smaller -micro-batch") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(console, "warning") {
		t.Error(console)
	}
	if !slices.Equal(got, want) {
		t.Error("the weights are not those of step 1")
	}
}

// TestAcceleratedSample: the sample after a run on the GPU is that of the average of the weights, after which the host has the
// weights themselves, of which those of a recurrence learn at a rate of their own.
func TestAcceleratedSample(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	emulate(t)
	var samples [2][]byte
	var weights [2][]float32
	for i, device := range []string{"cpu", "gpu"} {
		dataset, cfg := corpusForGPU(t)
		set(t, &cfg, "steps", "4", "schedule-steps", "4", "eval-every", "0", "ema", "0.5", "lr-recurrent", "0.1", "sample", "40", "device", device)
		model, err := models.New[float32](goomRNN(256, 16, 1, 2, 4), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), cfg, model, dataset, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		if samples[i], err = os.ReadFile(filepath.Join(cfg.Out, "sample.txt")); err != nil {
			t.Fatal(err)
		}
		for _, p := range model.Params() {
			weights[i] = append(weights[i], p.Value...)
		}
	}
	if !bytes.Equal(samples[0], samples[1]) {
		t.Errorf("sample %q, on the CPU %q", samples[1], samples[0])
	}
	for i, w := range weights[0] {
		if math.Abs(float64(weights[1][i]-w)) > 1e-3 {
			t.Fatalf("weight %d is %v, on the CPU %v", i, weights[1][i], w)
		}
	}
}

// TestAutomaticDevice: without -device, what runs on the CPU only is trained there if there is no GPU, and refused if there is.
func TestAutomaticDevice(t *testing.T) {
	device := emulate(t)
	emulated := openGPU
	defer func(before bool) { gpuBuilt = before }(gpuBuilt)
	gpuBuilt = true
	for _, of := range []Selection{{Optimizer: "muon"}, {Model: "gla"}} {
		for _, there := range []bool{false, true} {
			of.Preset = "nano"
			cfg := selected(t, forGPU(of))
			set(t, &cfg, "data", "accelerator_test.go", "seq", "8", "batch", "2", "steps", "1", "sample", "0", "out", filepath.Join(t.TempDir(), "run"))
			openGPU = emulated
			if !there {
				openGPU = func(int) (gpu.Device, error) { return nil, errors.New("no GPU") }
			}
			var console bytes.Buffer
			_, err := Launch(context.Background(), cfg, &console)
			if there != (err != nil) || there && !strings.Contains(err.Error(), "give -device cpu") {
				t.Errorf("%+v, with a GPU: %v: error %v", of, there, err)
			}
			if there == strings.Contains(console.String(), "note: training on the CPU: no GPU\n") {
				t.Errorf("%+v, with a GPU: %v: %s", of, there, console.String())
			}
		}
	}
	if n := device.InUse(); n != 0 {
		t.Errorf("%d bytes of the device are not freed", n)
	}
}

// TestAcceleratedBeginning: a run that starts from given weights and was killed before its first checkpoint starts again
// with the same result, also of the average of the weights.
func TestAcceleratedBeginning(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	emulate(t)
	dir := t.TempDir()
	run := func(name string, pairs ...string) []metrics.Record {
		t.Helper()
		cfg := selected(t, forGPU(Selection{Preset: "nano"}))
		set(t, &cfg, append([]string{"data", "accelerator_test.go", "seq", "8", "batch", "2", "steps", "4", "eval-every", "2", "eval-batches", "1", "save-every", "0", "sample", "0",
			"log-every", "1", "layers", "1", "d-emb", "16", "device", "gpu"}, pairs...)...)
		if _, err := Launch(context.Background(), cfg, &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		records, err := metrics.ReadFile(filepath.Join(dir, name, "metrics.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		return records
	}
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	run("first", "device", "cpu", "out", first)
	want := run("second", "init", first, "ema", "0.9", "out", second)
	saved, err := filepath.Glob(filepath.Join(second, "checkpoints", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range saved {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	got := run("second", "init", first, "ema", "0.9", "resume", second)
	for i, w := range want {
		if got[i].Loss != w.Loss || got[i].Split != w.Split {
			t.Errorf("step %d, %s: loss %v, want %v", w.Step, w.Split, got[i].Loss, w.Loss)
		}
	}
}

// shaky is a model whose gradients are not finite at an update.
type shaky struct {
	*models.Model[float32]
	bad, update int64
}

func (m *shaky) Draw(update int64, first int) {
	m.update = update
	m.Model.Draw(update, first)
}

func (m *shaky) denominator(d float64, update int64) float64 {
	if update == m.bad {
		return 1e-300 // its inverse is no float32
	}
	return d
}

func (m *shaky) Step(inputs, targets []int32, size, length int, denominator float64) (models.Stats, error) {
	return m.Model.Step(inputs, targets, size, length, m.denominator(denominator, m.update))
}

func (m *shaky) EnqueueStep(inputs, targets []int32, size, rows, length int, denominator float64, update int64) (gpu.Ptr, error) {
	return m.Model.EnqueueStep(inputs, targets, size, rows, length, m.denominator(denominator, update), update)
}

// TestAcceleratedSkip: a step on the GPU that is not finite changes neither weights nor the state of the optimizer and of
// the average, on the host and on the device, and a run that is resumed after it goes on as one that was not interrupted.
func TestAcceleratedSkip(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	emulate(t)
	dir := t.TempDir()
	for _, optimizer := range []string{"adamw", "lion"} {
		run := func(name string, pairs ...string) []metrics.Record {
			t.Helper()
			dataset, cfg := corpusForGPU(t)
			cfg.Optimizer = selected(t, Selection{Preset: "nano", Optimizer: optimizer}).Optimizer
			out := filepath.Join(dir, optimizer+name)
			set(t, &cfg, append([]string{"steps", "6", "schedule-steps", "6", "eval-every", "2", "save-every", "3", "ema", "0.9", "lr", "0.003", "on-nonfinite", "skip", "out", out}, pairs...)...)
			if cfg.Resume != "" {
				cfg.Out = ""
			}
			if _, err := Run(context.Background(), cfg, &shaky{Model: newDense(), bad: 2}, dataset, &bytes.Buffer{}); err != nil {
				t.Fatal(err)
			}
			records, err := metrics.ReadFile(filepath.Join(out, "metrics.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			return records
		}
		want := run("cpu", "device", "cpu")
		got := run("gpu", "device", "gpu")
		run("cut", "device", "gpu", "steps", "3")
		resumed := run("cut", "device", "gpu", "resume", filepath.Join(dir, optimizer+"cut"))
		skipped := 0
		for i, w := range want {
			if w.Skipped != "" {
				skipped++
			}
			if d := math.Abs(got[i].Loss - w.Loss); !(d <= 1e-5*w.Loss) || got[i].Skipped != w.Skipped || got[i].Split != w.Split {
				t.Errorf("%s, step %d, %s: loss %v, skipped %q, on the CPU %v, %q", optimizer, w.Step, w.Split, got[i].Loss, got[i].Skipped, w.Loss, w.Skipped)
			}
			if resumed[i].Loss != got[i].Loss {
				t.Errorf("%s, step %d, %s: loss %v, resumed %v", optimizer, w.Step, w.Split, got[i].Loss, resumed[i].Loss)
			}
		}
		if skipped != 1 {
			t.Errorf("%d steps are skipped", skipped)
		}
	}
}

// TestAcceleratedNonfinite: a step on the GPU that is not finite changes nothing, as on the CPU.
func TestAcceleratedNonfinite(t *testing.T) {
	if testing.Short() {
		t.Skip("the emulator is slow")
	}
	emulate(t)
	losses := map[string][]metrics.Record{}
	for _, device := range []string{"cpu", "gpu"} {
		dataset, cfg := corpusForGPU(t)
		cfg.Schedule = selected(t, Selection{Preset: "nano", Schedule: "constant"}).Schedule
		set(t, &cfg, "steps", "6", "warmup", "0", "eval-every", "0", "lr", "1e36", "clip", "0", "on-nonfinite", "skip", "device", device)
		var console bytes.Buffer
		_, err := Run(context.Background(), cfg, newDense(), dataset, &console)
		records, rerr := metrics.ReadFile(filepath.Join(cfg.Out, "metrics.jsonl"))
		if rerr != nil {
			t.Fatal(rerr)
		}
		t.Log(device, err)
		losses[device] = records
	}
	skipped := 0
	for i, w := range losses["cpu"] {
		got := losses["gpu"][i]
		if w.Skipped != "" {
			skipped++
		}
		if (got.Skipped == "") != (w.Skipped == "") {
			t.Errorf("step %d: skipped %q, on the CPU %q", w.Step, got.Skipped, w.Skipped)
		}
	}
	if skipped == 0 {
		t.Error("no step is skipped")
	}
}
