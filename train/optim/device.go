package optim

import (
	"goomtrain/internal/gpu"
	"goomtrain/internal/gpu/kernels"
)

// Accelerated is an Optimizer that can update parameters on a GPU.
type Accelerated interface {
	// UseDevice moves the state to the memory of a GPU. values has the parameters and gets the state, grads has the
	// gradients.
	UseDevice(s *gpu.Scope, values, grads *gpu.Mirror)

	// EnqueueUpdate launches an update, as Update makes it. scale is the address of the factor on the gradients. If that
	// is negative, the update changes nothing.
	EnqueueUpdate(lr, beta1 float64, scale gpu.Ptr)

	// Rewind makes the optimizer forget the last EnqueueUpdate, which has changed nothing.
	Rewind()
}

// A deviceSlot is a slot on a GPU.
type deviceSlot struct {
	size              int
	value, grad, m, v gpu.Ptr // v is 0 if the rule needs none
	rate, decay       float32
}

// onDevice is the part of an optimizer that updates slots on a GPU.
type onDevice struct {
	kernel *kernels.Optimizer
	slots  []deviceSlot
	before [2]float64 // products of the betas before the last update
}

// UseDevice implements Accelerated.
func (s *slots[F]) UseDevice(scope *gpu.Scope, values, grads *gpu.Mirror) {
	s.device = &onDevice{kernel: kernels.NewOptimizer(scope)}
	for _, one := range s.all {
		d := deviceSlot{size: len(one.m), value: values.Array(gpu.Singles(one.p.Value)), grad: grads.Array(gpu.Singles(one.p.Grad)),
			m: values.Array(gpu.Singles(one.m)), rate: float32(one.rate), decay: float32(one.decay)}
		if one.v != nil {
			d.v = values.Array(gpu.Singles(one.v))
		}
		s.device.slots = append(s.device.slots, d)
	}
}

// begin advances the means by an update on the device.
func (s *slots[F]) begin(beta1, beta2 float64) (weight1, weight2 float64) {
	copy(s.device.before[:], s.products)
	return s.advance(beta1, beta2)
}

// Rewind implements Accelerated.
func (s *slots[F]) Rewind() { copy(s.products, s.device.before[:]) }

// EnqueueUpdate implements Accelerated.
func (o *adamW[F]) EnqueueUpdate(lr, beta1 float64, scale gpu.Ptr) {
	weight1, weight2 := o.begin(beta1, o.beta2)
	for _, d := range o.device.slots {
		o.device.kernel.AdamW(d.size, d.value, d.grad, d.m, d.v, scale, kernels.AdamWStep{
			LR: float32(lr) * d.rate, Beta1: float32(beta1), Beta2: float32(o.beta2), Eps: float32(o.eps), Decay: d.decay,
			Correction1: float32(weight1), Correction2: float32(weight2)})
	}
}

// EnqueueUpdate implements Accelerated.
func (o *lion[F]) EnqueueUpdate(lr, beta1 float64, scale gpu.Ptr) {
	o.begin(beta1, o.beta2)
	for _, d := range o.device.slots {
		o.device.kernel.Lion(d.size, d.value, d.grad, d.m, scale, kernels.LionStep{
			LR: float32(lr) * d.rate, Beta1: float32(beta1), Beta2: float32(o.beta2), Decay: d.decay})
	}
}

// deviceNorm measures gradients on a GPU.
type deviceNorm struct {
	kernel *kernels.Norm
	scope  *gpu.Scope
	grads  *gpu.Mirror
	ptrs   []gpu.Ptr
	stale  bool // the sums of the host are older than those of the device
	result [1]float64
}

// UseDevice makes the norm measure gradients in the memory of a GPU.
func (n *Norm[F]) UseDevice(s *gpu.Scope, grads *gpu.Mirror) {
	d := &deviceNorm{scope: s, grads: grads}
	var sizes []int
	for _, p := range n.ps {
		sizes = append(sizes, len(p.Grad))
		d.ptrs = append(d.ptrs, grads.Array(gpu.Singles(p.Grad)))
	}
	d.kernel = kernels.NewNorm(s, sizes, pieceSize)
	n.device = d
}

// Enqueue launches the measurement. It writes to scale what ClipScale returns, or a negative number if the norm, or the
// sum of losses (float64) at that address, is not finite.
func (n *Norm[F]) Enqueue(scale, loss gpu.Ptr, clip float64) {
	d := n.device
	for i, p := range d.ptrs {
		d.kernel.Add(i, p)
	}
	d.kernel.Finish(scale, loss, clip)
	d.stale = true
}

// Fetch waits for the measurement and returns the global norm.
func (n *Norm[F]) Fetch() (float64, error) {
	d := n.device
	err := d.scope.Read(gpu.Words(d.result[:]), d.kernel.Result())
	return d.result[0], err
}

// fetchSums brings the sums of pieces from the device and, unless all are in range, the gradients, which Each then reads.
func (n *Norm[F]) fetchSums() {
	d := n.device
	if d == nil || !d.stale {
		return
	}
	d.stale = false
	if d.scope.Read(gpu.Words(n.sums), d.kernel.Sums()) != nil {
		return // the queue keeps the error
	}
	for _, s := range n.sums {
		if !inRange(s) {
			d.scope.Fail(d.grads.Pull())
			return
		}
	}
}

// UseDevice moves the averages to the memory of a GPU. values has the parameters and gets the averages.
func (e *EMA[F]) UseDevice(s *gpu.Scope, values *gpu.Mirror) {
	d := &onDevice{kernel: kernels.NewOptimizer(s)}
	for i, p := range e.ps {
		if !p.Frozen {
			d.slots = append(d.slots, deviceSlot{size: len(p.Value), value: values.Array(gpu.Singles(p.Value)), m: values.Array(gpu.Singles(e.average[i]))})
		}
	}
	e.device = d
}

// EnqueueUpdate launches Update. If the number at the address of scale is negative, it changes nothing.
func (e *EMA[F]) EnqueueUpdate(scale gpu.Ptr) {
	past := float32(e.advance())
	for _, d := range e.device.slots {
		e.device.kernel.EMA(d.size, d.m, d.value, scale, past)
	}
}

// Rewind makes the average forget the last EnqueueUpdate, which has changed nothing.
func (e *EMA[F]) Rewind() { e.count[0]-- }

// swap exchanges the weights and their average on the device.
func (d *onDevice) swap() {
	for _, s := range d.slots {
		d.kernel.Swap(s.size, s.value, s.m)
	}
}
