package ops

import (
	"goomtrain/executor"
	"goomtrain/internal/gpu"
)

// This file adapts definitions to executor.DeviceOp.

var (
	_ executor.DeviceOp = (*fused[float32])(nil)
	_ executor.DeviceOp = (*backward[float32])(nil)
	_ executor.DeviceOp = (*sideOutput)(nil)
)

// OnDevice implements executor.DeviceOp.
func (o *fused[F]) OnDevice(s *gpu.Scope) (executor.DeviceRun, error) {
	if o.def.OnDevice == nil {
		return executor.DeviceRun{}, executor.ErrNoDevice
	}
	form := o.def.OnDevice(s)
	o.device = &form
	return executor.DeviceRun{Launch: form.Forward}, nil
}

// OnDevice implements executor.DeviceOp.
func (o *backward[F]) OnDevice(s *gpu.Scope) (executor.DeviceRun, error) {
	form := o.of.device
	if form == nil {
		return executor.DeviceRun{}, executor.ErrNoDevice
	}
	grads := make([]gpu.Ptr, len(o.grads))
	for i, side := range o.sides {
		if side != nil {
			side.device = s.Alloc(side.out.TotalSize())
			grads[i] = side.device
		}
	}
	if form.Differentiate != nil {
		form.Differentiate(grads)
	}
	n := len(o.grads)
	return executor.DeviceRun{Launch: func(out gpu.Ptr, in []gpu.Ptr) {
		grads[o.primary] = out
		form.Backward(grads, in[:n:n], in[n], in[n+1])
	}}, nil
}

// OnDevice implements executor.DeviceOp.
func (o *sideOutput) OnDevice(s *gpu.Scope) (executor.DeviceRun, error) {
	if o.device == 0 && s.Err() == nil {
		return executor.DeviceRun{}, executor.ErrNoDevice
	}
	return executor.DeviceRun{Owned: o.device}, nil
}
