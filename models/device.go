package models

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"

	"goomtrain/executor"
	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
	"goomtrain/params"
)

// ErrNoDevice is wrapped by errors about a network with ops that do not run on a GPU.
var ErrNoDevice = executor.ErrNoDevice

// A Device is a GPU on which models train and evaluate, with the memory of their parameters there.
type Device struct {
	Queue         *gpu.Queue
	Values, Grads *gpu.Mirror // of the parameters
	Precision     gpu.Precision
}

// deviceModel is what a Model has on a GPU.
type deviceModel[F params.Float] struct {
	Device
	scope  *gpu.Scope // of what follows
	totals gpu.Ptr    // float64 loss, int64 counted, int64 correct
	fill   *kernels.Fill
	train  *deviceGraph[F]
	eval   []*deviceGraph[F] // the most recently used first
	batch  *gpu.Scope        // of the tokens of a batch; nil: none yet
	tokens gpu.Ptr           // tokens, targets and, with documents, beginnings of a batch
	room   int               // positions of a batch there is memory for
	staged []int32           // what is uploaded
}

// deviceGraph is the graph of a loss on a GPU.
type deviceGraph[F params.Float] struct {
	*compiled[F]
	scope *gpu.Scope
	exec  *executor.Device
	sums  []deviceSum // gradients that are added up; nil: none
	nll   []float32   // of the last evaluation
	best  []int32
}

// A deviceSum adds a gradient to that of a parameter.
type deviceSum struct {
	add      *kernels.Sum
	to, from gpu.Ptr
}

// UseDevice implements Accelerated.
func (m *Model[F]) UseDevice(d Device) error {
	if _, ok := any(m.params).([]*params.Param[float32]); !ok {
		return fmt.Errorf("models: parameters are %T: a GPU computes in float32", F(0))
	}
	if m.part != nil {
		return errors.New("models: sequences are cut over processes, which is only for the CPU: choose -device cpu")
	}
	s := d.Queue.NewScope()
	m.gpu = &deviceModel[F]{Device: d, scope: s, totals: s.Alloc(6), fill: kernels.NewFill(s)}
	for _, p := range m.params {
		d.Values.Array(gpu.Singles(p.Value))
		if !p.Frozen {
			d.Grads.Array(gpu.Singles(p.Grad))
		}
	}
	return d.Queue.Err()
}

// LeaveDevice implements Accelerated.
func (m *Model[F]) LeaveDevice() {
	d := m.gpu
	if d == nil {
		return
	}
	m.gpu = nil
	d.train.close()
	for _, t := range d.eval {
		t.close()
	}
	if d.batch != nil {
		d.batch.Close()
	}
	d.scope.Close()
}

// EnqueueStep implements Accelerated.
func (m *Model[F]) EnqueueStep(inputs, targets []int32, size, rows, length int, denominator float64, update int64) (totals gpu.Ptr, err error) {
	d := m.gpu
	if err := m.check(inputs, targets, size, length); err != nil {
		return 0, err
	}
	switch {
	case !(denominator > 0):
		return 0, fmt.Errorf("models: the denominator is %v, want the number of counted targets of the step", denominator)
	case rows < 1 || size%rows != 0:
		return 0, fmt.Errorf("models: micro-batches of %d do not divide a batch of %d sequences", rows, size)
	}
	if d.train == nil || !d.train.fits(rows, length) || !d.train.trains(m.params) {
		d.train.close() // free the old buffers before new ones are made
		d.train = nil
		if d.train, err = m.compileOn(rows, length, true); err != nil {
			return 0, err
		}
	}
	t := d.train
	t.weight[0] = F(1 / denominator)
	d.fill.Zero(d.totals, 6)
	for _, s := range t.sums {
		d.fill.Zero(s.to, s.add.Size())
	}
	if t.spans.ends == nil {
		d.stage(t.compiled, inputs, targets)
	}
	for lo := 0; lo < size; lo += rows {
		m.Draw(update, lo)
		from, to := lo*length, (lo+rows)*length
		if t.spans.ends != nil {
			t.set(inputs[from:to], targets[from:to], t.weight[0])
		} else if err := d.bind(t, from, len(inputs)); err != nil {
			return 0, err
		}
		if err := t.exec.RunAll(); err != nil {
			return 0, err
		}
		t.outcome.Device().Add(d.totals)
		for _, s := range t.sums {
			s.add.AddTo(s.to, s.from)
		}
	}
	return d.totals, d.Queue.Err()
}

// stage uploads the tokens of a batch at once: a copy to the device waits for the kernels before it.
func (d *deviceModel[F]) stage(c *compiled[F], inputs, targets []int32) {
	n := len(inputs)
	if n > d.room {
		if d.batch != nil {
			d.batch.Close()
		}
		d.batch = d.Queue.NewScope()
		d.tokens, d.room = d.batch.Alloc(3*n), n
	}
	d.staged = append(append(d.staged[:0], inputs...), targets...)
	if c.reset != nil {
		d.staged = append(d.staged, targets...)
		for from := 0; from < n; from += len(c.reset) {
			to := from + len(c.reset)
			markDocuments(d.staged[2*n+from:2*n+to], inputs[from:to], c.start)
		}
	}
	d.Queue.Write(d.tokens, gpu.Words(d.staged))
}

// bind makes the graph read the micro-batch from a position of a batch of n positions.
func (d *deviceModel[F]) bind(t *deviceGraph[F], from, n int) error {
	for i, node := range []*G.Node{t.tokens, t.wanted, t.starts} {
		if node == nil {
			continue
		}
		if err := t.exec.Bind(node, d.tokens.Add(i*n+from)); err != nil {
			return err
		}
	}
	return nil
}

// evaluateOn is Evaluate on the GPU.
func (m *Model[F]) evaluateOn(inputs, targets []int32, size, length int) (Stats, error) {
	d := m.gpu
	t, err := recent(&d.eval, size, length, func() (*deviceGraph[F], error) { return m.compileOn(size, length, false) })
	if err != nil {
		return Stats{}, err
	}
	m.last = t.compiled
	t.set(inputs, targets, 1)
	if err := t.exec.RunAll(); err != nil {
		return Stats{}, err
	}
	loss := t.outcome.Device()
	if err := d.Queue.Read(gpu.Words(t.nll), loss.NLL()); err != nil {
		return Stats{}, err
	}
	if err := d.Queue.Read(gpu.Words(t.best), loss.Best()); err != nil {
		return Stats{}, err
	}
	t.outcome.Record(t.compiled.targets, t.nll, t.best)
	return t.stats(), nil
}

// compileOn is compile for the GPU.
func (m *Model[F]) compileOn(size, length int, train bool) (*deviceGraph[F], error) {
	b, err := m.build(size, length, train)
	if err != nil {
		return nil, err
	}
	d := m.gpu
	t := &deviceGraph[F]{compiled: b.compiled, scope: d.Queue.NewScope()}
	t.scope.Precision = d.Precision
	if train && m.recompute {
		t.exec, err = executor.NewRecomputingDevice(t.scope, d.Values.Find, b.graph.ExprGraph, b.loss, b.graph.Bounds(), b.keep...)
	} else {
		t.exec, err = executor.NewDevice(t.scope, d.Values.Find, b.graph.ExprGraph, b.keep...)
	}
	if err != nil {
		t.close()
		d.Queue.Recover() // the weights can still be read
		return nil, err
	}
	for i, n := range t.nodes {
		from, err := t.exec.Ptr(n)
		if err != nil {
			t.close()
			return nil, fmt.Errorf("models: gradient of %s: %w", t.params[i].Name, err)
		}
		p := t.params[i]
		t.sums = append(t.sums, deviceSum{kernels.NewSum(t.scope, len(p.Value)), d.Grads.Array(gpu.Singles(p.Grad)), from})
	}
	t.nll, t.best = make([]float32, len(t.compiled.targets)), make([]int32, len(t.compiled.targets))
	return t, d.Queue.Err()
}

// close frees the memory of a graph, if there is one.
func (t *deviceGraph[F]) close() {
	if t != nil {
		t.scope.Close()
	}
}
