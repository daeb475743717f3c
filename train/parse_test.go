package train

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"goomtrain/checkpoints"
	_ "goomtrain/data/gpt2" // the preset paper-124m
	"goomtrain/models"
	"goomtrain/settings"
	"goomtrain/train/schedule"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestValueOrder: preset < config file < flag, whatever the order on the command line.
func TestValueOrder(t *testing.T) {
	file := writeFile(t, "c.toml", "preset = \"nano\"\nsteps = 77\nlr = 0.25\n")
	call, err := Parse([]string{"-lr", "0.5", "-config", file})
	if err != nil {
		t.Fatal(err)
	}
	c := call.Config
	if nano := selected(t, Selection{Preset: "nano"}); c.Model.Preset != "nano" || c.Batch != nano.Batch || c.Steps != 77 || c.Schedule.LR != 0.5 {
		t.Errorf("%+v", c)
	}
	if call, err = Parse([]string{"-config", file, "-preset", "small"}); err != nil || call.Config.Batch != defaultLoop().Batch || call.Config.Steps != 77 {
		t.Errorf("%+v, error %v", call.Config, err)
	}
}

// TestPrintedConfigIsRead: what -print-config prints gives the same run again.
func TestPrintedConfigIsRead(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"-task", "copy", "-steps", "9", "-ema", "0.5", "-delay", "12", "-schedule", "wsd", "-decay-ratio", "0.5", "-print-config"},
		{"-model", "taylor-attention", "-optimizer", "lion", "-schedule", "constant", "-positions", "learned"},
	} {
		call, err := Parse(args)
		if err != nil || call.printConfig != slices.Contains(args, "-print-config") {
			t.Fatal(err)
		}
		text := call.Config.Settings().TOML()
		again, err := Parse([]string{"-config", writeFile(t, "c.toml", text)})
		if err != nil {
			t.Fatal(err)
		}
		if got := again.Config.Settings().TOML(); got != text {
			t.Errorf("%s\nbecame\n%s", text, got)
		}
	}
}

// TestPresetsAreValid: every preset of every model is valid on every task that needs no files, and its
// settings of training exist.
func TestPresetsAreValid(t *testing.T) {
	o, err := newOwners(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, model := range models.Names() {
		presets, err := models.Presets(model)
		if err != nil {
			t.Fatal(err)
		}
		for _, preset := range presets {
			for _, task := range []string{"text", "copy"} {
				c := selected(t, Selection{Model: model, Preset: preset, Task: task})
				if err := c.Validate(); err != nil {
					t.Errorf("preset %s of %s on %s: %v", preset, model, task, err)
				}
				for _, p := range c.Model.Training() {
					s, ok := o.table.Find(p.Name)
					if !ok {
						t.Errorf("preset %s of %s: there is no setting %s", preset, model, p.Name)
					}
					want := s.Normal(p.Text)
					if rate, err := strconv.ParseFloat(p.Text, 64); err == nil && p.Name == "lr" {
						want = fmt.Sprint(c.Optimizer.ScaleRate(rate))
					}
					if now, ok := c.Settings().Find(p.Name); ok && task == "text" && now.Text() != want {
						t.Errorf("preset %s of %s: %s is %s, want %s", preset, model, p.Name, now.Text(), want)
					}
				}
			}
		}
	}
}

// TestDefaultOptimizer: Muon, at three times AdamW's learning rates, unless the preset or the selection names another.
func TestDefaultOptimizer(t *testing.T) {
	for _, c := range []struct {
		of        Selection
		optimizer string
		lr        float64
	}{
		{Selection{}, "muon", 0.009},
		{Selection{Preset: "nano"}, "muon", 0.015},
		{Selection{Task: "copy"}, "muon", 0.006},
		{Selection{Optimizer: "adamw"}, "adamw", 0.003},
		{Selection{Optimizer: "lion"}, "lion", 0.003},
		{Selection{Model: "goom-rnn", Preset: "paper-task"}, "adamw", 0.001},
		{Selection{Model: "softmax-attention", Preset: "gpt2", Optimizer: "muon"}, "muon", 0.0018},
	} {
		got := selected(t, c.of)
		if err := got.Validate(); err != nil {
			t.Error(err)
		}
		if got.Optimizer.Name != c.optimizer || got.Schedule.LR != c.lr {
			t.Errorf("%+v: %s at %v, want %s at %v", c.of, got.Optimizer.Name, got.Schedule.LR, c.optimizer, c.lr)
		}
	}
}

// TestSettingsHaveOneOwner: no two settings of one run have one name, each has help, a group and a valid
// default.
func TestSettingsHaveOneOwner(t *testing.T) {
	o, err := newOwners(new(Call).settings())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range o.table {
		if seen[s.Name] {
			t.Errorf("%s occurs twice", s.Name)
		}
		seen[s.Name] = true
		if s.Group == "" || s.Help == "" && !slices.Contains([]string{"model", "task", "optimizer", "schedule"}, s.Name) {
			t.Errorf("%+v has no help or group", s)
		}
	}
	for _, name := range []string{"d-value", "taylor-terms", "delay", "modulus", "beta1-max", "decay-ratio", "eps", "print-config"} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestClaimRefuses: a setting of another module whose name is taken would hide the one that had it.
func TestClaimRefuses(t *testing.T) {
	o, err := newOwners(new(Call).settings())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
	}{
		{"ema", "setting ema belongs to the training loop already: give it another name"},
		{"config", "setting config belongs to the call already"},
		{"seq", "setting seq belongs to the task already"},
		{"lr", "setting lr belongs to the schedule already"},
		{"beta2", "setting beta2 belongs to the optimizer already"},
		{"heads", ""}, // models may share it
		{"new", ""},
	} {
		err := o.claim("model", settings.Table{{Name: c.name}})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if err := o.claim("model", settings.Table{{Name: "twice"}, {Name: "twice"}}); err == nil || !strings.Contains(err.Error(), "setting twice occurs twice") {
		t.Errorf("a table with a name twice: error %v", err)
	}
}

// TestShortRunsKeepTheCurve: the first 20 steps are the same whether 20 or 40 were asked for.
func TestShortRunsKeepTheCurve(t *testing.T) {
	var curves []*schedule.Schedule
	for _, steps := range []string{"20", "40"} {
		call, err := Parse([]string{"-steps", steps})
		if err != nil {
			t.Fatal(err)
		}
		s, err := call.Config.curve()
		if err != nil {
			t.Fatal(err)
		}
		curves = append(curves, s)
	}
	for step := 1; step <= 40; step++ {
		if curves[0].At(step) != curves[1].At(step) {
			t.Fatalf("step %d: %+v and %+v", step, curves[0].At(step), curves[1].At(step))
		}
	}
}

// TestBatchAlone: a batch that the preset's pieces do not divide goes in one piece.
func TestBatchAlone(t *testing.T) {
	call, err := Parse([]string{"-model", "goom-rnn", "-preset", "paper-task", "-task", "copy", "-batch", "4"})
	if err != nil {
		t.Fatal(err)
	}
	if c := call.Config; c.Batch != 4 || c.MicroBatch != 0 {
		t.Errorf("batch %d in pieces of %d, want 4 in pieces of 0 (all)", c.Batch, c.MicroBatch)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{"no flag -stepz; did you mean -steps?", []string{"-stepz", "3"}},
		{`-steps "many": must be a whole number`, []string{"-steps", "many"}},
		{"given twice", []string{"-lr", "1", "-lr", "1"}},
		{`unexpected argument "100"`, []string{"100"}},
		{"-steps 0: must be at least 1", []string{"-steps", "0"}},
		{"-batch 0: must be 1 to 1048576", []string{"-batch", "0"}},
		{"-batch 4611686018427387904: must be 1 to", []string{"-batch", "4611686018427387904"}},
		{"-threads 100000: must be 0 to", []string{"-threads", "100000"}},
		{"-comm-timeout 1: must be 2 to", []string{"-comm-timeout", "1"}},
		{"-comm-timeout 1e+300: must be 2 to", []string{"-comm-timeout", "1e300"}},
		{"weights: must be at most 4294967296", []string{"-heads", "4096", "-d-head", "65536", "-d-emb", "65536"}},
		{"-micro-batch 3 does not divide -batch 8", []string{"-batch", "8", "-micro-batch", "3"}},
		{"-dtype \"float16\": must be one of float32, float64", []string{"-dtype", "float16"}},
		{`there is no optimizer "adam"; did you mean "adamw"?`, []string{"-optimizer", "adam"}},
		{`there is no schedule "linear"; valid names: constant`, []string{"-schedule", "linear"}},
		{"-lr -1: must be positive", []string{"-lr", "-1"}},
		{"-min-lr 1: must", []string{"-lr", "0.1", "-min-lr", "1"}},
		{"-beta2 2: must lie in", []string{"-beta2", "2"}},
		{"-weight-decay -1", []string{"-weight-decay", "-1"}},
		{"-ema 1: must lie in [0, 1)", []string{"-ema", "1"}},
		{"-patience 2 counts evaluations, but -eval-every is 0", []string{"-patience", "2", "-eval-every", "0"}},
		{"-patience 2 contradicts -overfit-batch", []string{"-patience", "2", "-overfit-batch"}},
		{"-on-nonfinite \"ignore\": must be one of stop, skip", []string{"-on-nonfinite", "ignore"}},
		{"-max-nonfinite only works with -on-nonfinite skip", []string{"-max-nonfinite", "3"}},
		{"-decay-ratio: schedule one-cycle has no such setting, only wsd: leave it out", []string{"-decay-ratio", "0.1"}},
		{"-beta1-max: schedule cosine has no such setting, only one-cycle", []string{"-beta1-max", "0.95", "-schedule", "cosine"}},
		{"-min-lr: schedule constant has no such setting, only cosine, one-cycle, wsd", []string{"-min-lr", "1e-6", "-schedule", "constant"}},
		{"-taylor-terms: model goom-rnn has no such setting, only taylor-attention, hybrid, classifier: leave it out", []string{"-model", "goom-rnn", "-taylor-terms", "3"}},
		{"-delay: task text has no such setting, only copy", []string{"-delay", "3"}},
		{"-eps: optimizer lion has no such setting, only adamw, muon", []string{"-optimizer", "lion", "-eps", "1e-6"}},
		{"c.toml: -transition: model hybrid has no such setting", []string{"-config", writeFile(t, "c.toml", "transition = \"full\"")}},
		{"-beta2 0.99999999: rounds to 1 in float32", []string{"-beta2", "0.99999999"}},
		{"-ema 0.99999999: rounds to 1 in float32", []string{"-ema", "0.99999999"}},
		{"-print-config is a flag only", []string{"-config", writeFile(t, "c.toml", "print-config = true")}},
		{"-sample only works with -task text", []string{"-sample", "3", "-task", "copy"}},
		{"-keep 0: must be at least 1", []string{"-keep", "0"}},
		{"-threads -1", []string{"-threads", "-1"}},
		{"-config: open /nosuch.toml", []string{"-config", "/nosuch.toml"}},
		{`no setting "stepz"; did you mean "steps"?`, []string{"-config", writeFile(t, "c.toml", "stepz = 3")}},
		{"-resume: /nosuch: no such file", []string{"-resume", "/nosuch"}},
		{"is neither a run folder", []string{"-resume", t.TempDir()}},
	} {
		if _, err := Parse(c.args); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want one line with %q", c.args, err, c.want)
		}
	}
}

// TestResumeComparesSettings: what a checkpoint depends on cannot change, what steers the run is
// noted, the rest is free.
func TestResumeComparesSettings(t *testing.T) {
	dir := t.TempDir()
	saved := selected(t, Selection{Preset: "nano"})
	saved.EMA = 0.5
	if err := os.WriteFile(filepath.Join(dir, checkpoints.ConfigFile), []byte(saved.Settings().TOML()), 0o644); err != nil {
		t.Fatal(err)
	}
	checkpoint := filepath.Join(dir, "checkpoints", "step-00000010")
	if err := os.MkdirAll(checkpoint, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string // of an error; "note:" of a note; "" of neither
		args []string
	}{
		{"", []string{"-steps", "5000", "-eval-every", "3", "-threads", "1", "-log-every", "7"}},
		{"", []string{"-preset", "nano", "-batch", "8"}},
		{"resume: -d-emb is 128, but the run has 64", []string{"-d-emb", "128"}},
		{"resume: -preset is base, but the run has nano", []string{"-preset", "base"}},
		{"resume: -optimizer is lion, but the run has muon", []string{"-optimizer", "lion"}},
		{"", []string{"-data", "other.txt"}}, // its content is compared when it is opened
		{"resume: -model is log-attention, but the run has hybrid", []string{"-model", "log-attention"}},
		{"note:schedule changes from one-cycle to cosine", []string{"-schedule", "cosine"}},
		{"resume: -seed is 4", []string{"-seed", "4"}},
		{"-out contradicts -resume", []string{"-out", "elsewhere"}},
		{"resume: -ema is 0, but the run has 0.5", []string{"-ema", "0"}},
		{"note:lr changes from 0.015 to 0.25", []string{"-lr", "0.25"}},
		{"note:micro-batch changes from 0 to 2", []string{"-micro-batch", "2"}},
	} {
		call, err := Parse(append([]string{"-resume", checkpoint}, c.args...))
		note, wantsNote := strings.CutPrefix(c.want, "note:")
		switch {
		case c.want == "" || wantsNote:
			noted := slices.ContainsFunc(call.Config.notes, func(s string) bool { return wantsNote && strings.Contains(s, note) })
			if err != nil || noted != wantsNote || !wantsNote && len(call.Config.notes) > 0 {
				t.Errorf("%v: error %v, notes %q", c.args, err, call.Config.notes)
			}
		case err == nil || !strings.Contains(err.Error(), c.want):
			t.Errorf("%v: error %v, want one with %q", c.args, err, c.want)
		}
	}
}

// TestEditedConfig: a config.toml that was edited since the checkpoint is compared with the checkpoint's own.
func TestEditedConfig(t *testing.T) {
	for _, c := range []struct{ name, text, want, note string }{
		{"d-emb", "32", "-d-emb is 32, but the checkpoint was saved with 64", ""},
		{"ema", "0.5", "-ema is 0.5, but the checkpoint was saved with 0", ""},
		{"lr", "0.25", "", "lr changes from 0.015 to 0.25"},
		{"steps", "7", "", ""},
	} {
		saved, err := settings.ReadTOML("state.json", new(selected(t, Selection{Preset: "nano"})).Settings().TOML())
		if err != nil {
			t.Fatal(err)
		}
		edited := selected(t, Selection{Preset: "nano"})
		if err := edited.Set(c.name, c.text); err != nil {
			t.Fatal(err)
		}
		err = edited.checkCheckpoint(saved)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if notes := strings.Join(edited.notes, "\n"); (notes == "") != (c.note == "") || !strings.Contains(notes, c.note) {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.note)
		}
	}
}

// TestConfigWithoutSchedule: a Config put together by hand is an error, not a panic.
func TestConfigWithoutSchedule(t *testing.T) {
	c := selected(t, Selection{})
	c.Schedule = schedule.Config{Name: "one-cycle", LR: 1e-3}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "as NewConfig makes it") {
		t.Errorf("error %v", err)
	}
}

// TestSettingsOfOthers: a setting that the selection does not have is passed over where nothing is asked for by
// it: given as 0, or with its default in a file, as in files of earlier versions.
func TestSettingsOfOthers(t *testing.T) {
	file := writeFile(t, "c.toml", "taylor-terms = 0\npositions = \"\"\ndelay = 0\neps = 1e-8\ndecay-ratio = 0.2\n")
	for _, args := range [][]string{
		{"-schedule", "constant", "-lr", "5e-6", "-min-lr", "0"},
		{"-optimizer", "lion", "-config", file},
		{"-delay", "0"},
		{"-schedule", "constant", "-min-lr", "0.0"},
		{"-dtype", "float64", "-beta2", "0.99999999", "-ema", "0.99999999"},
	} {
		if _, err := Parse(args); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestHelpListsWhatThereIs: every model, preset and task with the line about it, and no line is empty.
func TestHelpListsWhatThereIs(t *testing.T) {
	var help bytes.Buffer
	if err := Help(&help, "program", ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"goom-rnn           non-diagonal", "paper-124m       the paper's language model", "parity             parity of the bits", "-taylor-terms    ", "(taylor-attention, hybrid, classifier)"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("no %q in\n%s", want, help.String())
		}
	}
	for line := range strings.Lines(help.String()) {
		if fields := strings.Fields(line); len(fields) == 1 && !strings.HasSuffix(fields[0], ":") {
			t.Errorf("a line about nothing: %q", line)
		}
	}
}

// TestHelpOnTopics: each topic has its part of the help and nothing of another.
func TestHelpOnTopics(t *testing.T) {
	for _, c := range []struct {
		args       string
		with, none []string
	}{
		{"-h model", []string{"Model:", "-d-emb ", "Models and presets:", "goom-rnn           non-diagonal"}, []string{"-lr ", "Tasks:", "-steps "}},
		{"-steps 9 --help optimizer", []string{"Optimization:", "-optimizer ", "-lr ", "Optimizers:", "  lion\n"}, []string{"-d-emb ", "Schedules:"}},
		{"-h optimization", []string{"-lr ", "-warmup "}, []string{"-d-emb ", "Optimizers:"}},
		{"-h call", []string{"This call:", "-print-config ", "-threads "}, []string{"-lr "}},
		{"-h Length", []string{"-steps "}, []string{"-lr "}},
		{"-h -lr", []string{"Optimization:\n  -lr              peak"}, []string{"-lr-recurrent ", "-warmup "}},
		{"-h tasks", []string{"Tasks:", "mqar "}, []string{"-seq "}},
		{"-help mqar", []string{"mqar               value", "-seq ", "-pairs "}, []string{"-lr ", "-delay ", "parity "}},
		{"-h gla", []string{"gla                linear attention", "    nano ", "Mixers of -pattern:", "-d-value "}, []string{"-householders ", "goom-rnn           "}},
		{"-h muon", []string{"Optimizers:\n  muon\n", "-eps "}, []string{"-lr ", "lion\n"}},
		{"-h wsd", []string{"-decay-ratio "}, []string{"-optimizer "}},
	} {
		call, err := Parse(strings.Fields(c.args))
		if err != ErrHelp {
			t.Fatalf("%s: %v", c.args, err)
		}
		var help bytes.Buffer
		if err := Help(&help, "program", call.Topic); err != nil {
			t.Errorf("%s: %v", c.args, err)
		}
		for _, want := range c.with {
			if !strings.Contains(help.String(), want) {
				t.Errorf("%s: no %q in\n%s", c.args, want, help.String())
			}
		}
		for _, not := range c.none {
			if strings.Contains(help.String(), "  "+not) || strings.Contains(help.String(), "\n"+not) {
				t.Errorf("%s: %q in\n%s", c.args, not, help.String())
			}
		}
	}
	for topic, want := range map[string]string{
		"optimzer": `did you mean "optimizer"?`,
		"\x1b[31m": `-h "\x1b[31m": must be one of model, data, length, optimization, logs, call, models, mixers, tasks, optimizers, schedules, or a flag`,
	} {
		if err := Help(io.Discard, "program", topic); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", topic, err, want)
		}
	}
}

// TestPrint: a call can ask for the completion of a shell or the manual page in place of a run.
func TestPrint(t *testing.T) {
	for args, want := range map[string]string{
		"":                          "",
		"-steps 9":                  "",
		"-steps 9 -print-config":    "\nsteps = 9 ",
		"-completion bash":          "words='goom-rnn log-attention ",
		"-completion zsh":           "#compdef ",
		"-completion fish":          "-o optimizer -x -a 'adamw lion muon'",
		"-manual":                   ".SS Optimization\n.TP\n.B \\-optimizer",
		"-completion bash -steps 1": "complete -o default -F _",
	} {
		call, err := Parse(strings.Fields(args))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if done, err := call.Print(&out); err != nil || done != (want != "") || !strings.Contains(out.String(), want) {
			t.Errorf("%s: done %v, error %v\n%s", args, done, err, out.String())
		}
	}
	if _, err := Parse([]string{"-completion", "csh"}); err == nil || !strings.Contains(err.Error(), `-completion "csh": must be one of bash, fish, zsh`) {
		t.Error(err)
	}
}

// TestSettingNames: a name that could be no flag or no key of config.toml is refused.
func TestSettingNames(t *testing.T) {
	for _, name := range []string{"", "two words", "a=b", "-x", "Upper", "a#b", "a.b", "a-"} {
		o := owners{of: map[string][]string{}, kind: map[string]string{}}
		if err := o.claim("model", settings.Table{{Name: name, Value: new(int)}}); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
